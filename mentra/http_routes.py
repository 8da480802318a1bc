"""How a function becomes an HTTP route.  Import it from ``extension``."""

import inspect
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import attrs
import msgspec
from twisted.plugin import IPlugin
from zope.interface import implementer

from mentra.interfaces.web import ICall, IRoute


class Access(Enum):
    """Who may call a route."""

    PUBLIC = "anyone"
    USER = "a user's token"
    APP = "a package name and its API key"
    ASSISTANT = "a user's token, or an assistant's package name and API key"
    KEY = "an API key, its package name in the body; the route checks it"
    OPERATOR = "loopback and the configured networks"
    CONTROL = "the owner of the state directory, through its socket"


@attrs.frozen
class HttpAnswer:
    """An answer that is not just 200 and JSON.

    :ivar body: bytes as they are, something msgspec encodes as JSON, or an ``IBodyProducer`` of
        ``twisted.web.iweb`` that writes it bit by bit; whatever happens, that one is either started
        or stopped.
    """

    status: int = 200
    body: Any = b""
    content_type: str = "application/json"
    headers: dict[str, str] = attrs.field(factory=dict)


JSON = "application/json"


@implementer(IPlugin, IRoute)
@attrs.frozen(eq=False)
class Route:
    """A function as an :class:`IRoute`; made by :func:`route`."""

    method: str
    templates: tuple[str, ...]
    access: Access
    body: Any
    answer: Any
    max_body: int
    handle: Callable[[ICall], Any]
    name: str
    query: type[msgspec.Struct] | None = None
    status: int = 200
    errors: Mapping[int, Any] = attrs.field(factory=dict)
    body_type: str = JSON
    answer_type: str = JSON
    listed_as: Callable[[Any], str] | None = None

    @property
    def description(self) -> str:
        """What the function's docstring says."""
        return inspect.cleandoc(self.handle.__doc__ or "")


def route(
    method: str,
    *templates: str,
    access: Access,
    body: Any = None,
    answer: Any = None,
    max_body: int = 65_536,
    query: type[msgspec.Struct] | None = None,
    status: int = 200,
    errors: Mapping[int, Any] | None = None,
    body_type: str = JSON,
    answer_type: str = JSON,
    listed_as: Callable[[Any], str] | None = None,
) -> Callable[[Callable[[Any], Any]], Route]:
    """Make a function the owner of *method* at *templates*; see :class:`IRoute`.

    Its docstring is what the API document says about it.
    """

    def decorate(function: Callable[[Any], Any]) -> Route:
        return Route(
            method,
            templates,
            access,
            body,
            answer,
            max_body,
            function,
            f"{function.__module__}:{function.__qualname__}",
            query=query,
            status=status,
            errors=errors or {},
            body_type=body_type,
            answer_type=answer_type,
            listed_as=listed_as,
        )

    return decorate
