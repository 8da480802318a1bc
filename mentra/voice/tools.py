"""What the model may do besides talking: tools, called on behalf of a session."""

from inspect import isawaitable
from typing import Any, cast

import attrs
import msgspec
from twisted.internet.defer import CancelledError, Deferred, TimeoutError, ensureDeferred
from twisted.logger import Logger
from zope.interface import implementer

from mentra.errors import MentraError
from mentra.interfaces.services import ICatalogue, IServices
from mentra.interfaces.tools import IAssistantTool, IToolUse
from mentra.interfaces.voice import IVoiceSession
from mentra.messages.llm import Tool, ToolCall

LONGEST_RESULT = 8192
"""Characters of what a tool says to the model."""

MOST_CALLS = 16
"""Tools that are called at one go."""


@implementer(IToolUse)
@attrs.frozen
class ToolUse:
    """On whose behalf a tool is called."""

    session: IVoiceSession
    services: IServices


class Toolbox:
    """Every tool that is installed, for one session.

    :param timeout: seconds that a tool may take.
    """

    _log = Logger()

    def __init__(self, session: IVoiceSession, services: IServices, timeout: float) -> None:
        self._services = services
        self._use = ToolUse(session, services)
        self._timeout = timeout
        self._tools: Any = ICatalogue(services).tools

    def offered(self) -> list[Tool]:
        """What the model is told of them."""
        return [
            Tool(name=one.name, description=one.description, input_schema=schema_of(one.input_type))
            for one in self._tools.values()
        ]

    async def results(self, calls: list[ToolCall]) -> list[dict[str, Any]]:
        """What became of *calls*, one after the other: blocks for the model."""
        blocks = []
        for number, call in enumerate(calls):
            said, is_error = (
                await self._result(call) if number < MOST_CALLS else ("too many calls", True)
            )
            blocks.append(
                {
                    "type": "tool_result",
                    "toolCallId": call.id,
                    "output": said[:LONGEST_RESULT],
                    "isError": is_error,
                }
            )
        return blocks

    async def _result(self, call: ToolCall) -> tuple[str, bool]:
        tool: Any = self._tools.get(call.name)
        if tool is None:
            return f"there is no tool called {call.name:.80}", True
        try:
            asked = msgspec.convert(call.input, tool.input_type)
        except (msgspec.ValidationError, RecursionError) as problem:
            return f"the arguments are wrong: {problem}", True
        try:
            found = await self._call(tool, asked)
            return found if isinstance(found, str) else msgspec.json.encode(found).decode(), False
        except CancelledError:
            raise
        except TimeoutError:
            return f"it took longer than {self._timeout:g} seconds", True
        except MentraError as refusal:
            return str(refusal), True
        except Exception:  # noqa: BLE001 - a plugin's bug must not end the conversation
            self._services.metrics.failed("voice", f"tool {tool.name}")
            self._log.failure("the assistant's tool {name} failed", name=tool.name)
            return "it failed", True

    async def _call(self, tool: IAssistantTool, asked: msgspec.Struct) -> Any:
        outcome = tool.call(asked, self._use)
        if not isawaitable(outcome):
            return outcome
        waiting: Deferred[Any] = ensureDeferred(cast(Any, outcome))
        return await waiting.addTimeout(self._timeout, self._services.clock)


def schema_of(input_type: type[msgspec.Struct]) -> dict[str, Any]:
    """JSON Schema of a tool's arguments: an object."""
    schema = msgspec.json.schema(input_type)
    definitions: dict[str, Any] = schema.pop("$defs", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    if name in definitions:
        schema = definitions[name]
        if len(definitions) > 1:
            schema = {**schema, "$defs": definitions}
    return schema
