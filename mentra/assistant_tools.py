"""How a function becomes a tool of the voice assistant's model.  Import it from ``extension``."""

import inspect
from collections.abc import Callable
from typing import Any

import attrs
import msgspec
from twisted.plugin import IPlugin
from zope.interface import implementer

from mentra.interfaces.tools import IAssistantTool, IToolUse


class NoArguments(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool without arguments takes."""


@implementer(IPlugin, IAssistantTool)
@attrs.frozen(eq=False)
class AssistantTool:
    """A function as an :class:`IAssistantTool`; made by :func:`tool`."""

    name: str
    description: str
    input_type: type[msgspec.Struct]
    call: Callable[[Any, IToolUse], Any]


def tool(
    name: str, input_type: type[msgspec.Struct] = NoArguments
) -> Callable[[Callable[[Any, Any], Any]], AssistantTool]:
    """Let the voice assistant's model call a function; its docstring is what the model reads.

    The function takes an *input_type* and an :class:`IToolUse`; see :class:`IAssistantTool` for
    what it may return and raise.
    """

    def decorate(function: Callable[[Any, Any], Any]) -> AssistantTool:
        return AssistantTool(name, inspect.cleandoc(function.__doc__ or ""), input_type, function)

    return decorate
