"""How a function or a class becomes a plugin: what extension authors import.

A dropin module holds the ready-made instances; see docs/plugins.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs
import msgspec
from twisted.plugin import IPlugin
from zope.interface import implementer
from zope.interface.interface import InterfaceClass

from mentra.assistant_tools import AssistantTool as AssistantTool
from mentra.assistant_tools import NoArguments as NoArguments
from mentra.assistant_tools import tool as tool
from mentra.events import Event
from mentra.http_routes import JSON as JSON
from mentra.http_routes import Access as Access
from mentra.http_routes import HttpAnswer as HttpAnswer
from mentra.http_routes import Route as Route
from mentra.http_routes import route as route
from mentra.interfaces.engines import IEngineFactory, IEngineSource
from mentra.interfaces.messaging import IContext, IInterceptor, IMessageHandler
from mentra.interfaces.network import IOutgoing
from mentra.interfaces.services import IComponentFactory, IConfigSection, IServices
from mentra.interfaces.session import IListener, IManagerFactory, IUserSession
from mentra.messages import Message

Answer = Message | None


def _name_of(function: Callable[..., Any]) -> str:
    return f"{function.__module__}:{function.__qualname__}"


@attrs.frozen
class Limits:
    """The bounds of a path's peers.

    :ivar max_frame: longest message, bytes; a longer one closes with 1009.
    :ivar max_queue: bytes queued towards a peer that does not read.
    :ivar max_rate: messages a second, averaged over ten seconds; more closes with 1008.
    :ivar max_waiting: messages waiting behind a handler that has not answered.
    :ivar handshake_within: seconds for a peer that ``admit`` did not identify to ``enter`` a
        session; more closes with 1008.  None: for ever.
    :ivar pong_matters: whether a peer that shows no sign of life after pings is closed with 1001.
    :ivar side_by_side: requests of one peer that are handled at a time; more than one needs a
        dialect that is an ``IRequestDialect``.  Then ``max_waiting`` is for those beyond it.
    :ivar window: how many messages a peer may send within how many seconds, counted from the first
        of them, before the path (an ``IWindowed``) answers that it was too many; None: any.
    :ivar counts_users: whether connections count towards those that one user may have.
    """

    max_frame: int
    max_queue: int
    max_rate: float
    max_waiting: int
    handshake_within: float | None = None
    pong_matters: bool = True
    side_by_side: int = 1
    window: tuple[int, float] | None = None
    counts_users: bool = True


@attrs.frozen(kw_only=True)
class Door:
    """A port of a path's own, where every URL path leads to it.

    :ivar setting: names it in what a sysadmin reads, e.g. ``[channels] port``.
    :ivar port: the first port that is tried; 0 is any free one.
    :ivar tries: how many ports, one after another, as long as they are in use.
    :ivar hosts: addresses to listen at, all at one port; those after the first where they exist.
    :ivar loopback_only: who comes from elsewhere is cut off before the first byte is read.
    """

    setting: str
    port: int
    tries: int = 1
    hosts: tuple[str, ...] = ("127.0.0.1",)
    loopback_only: bool = True


@attrs.frozen(kw_only=True)
class Places:
    """Where a path is served.

    :ivar urls: URL paths on the server's port.
    :ivar door: a port of its own.
    """

    urls: tuple[str, ...] = ()
    door: Door | None = None


@attrs.frozen
class Asked:
    """A message that wants an answer of its own, on a path whose requests run side by side.

    :ivar request_id: what its sender calls it.
    """

    request_id: Any
    message: Message


@attrs.frozen(kw_only=True)
class Admitted:
    """What a path's ``admit`` may return in place of an identity, if it has more to say.

    :ivar identity: who asks; None: the path finds out later.
    :ivar subprotocol: the one chosen of those that the client offers; None: none.
    :ivar kept: what ``opened`` finds in ``context.peer.admitted``.
    """

    identity: Any = None
    subprotocol: str | None = None
    kept: Any = None


# -- messages --------------------------------------------------------------------------------


@implementer(IPlugin, IMessageHandler)
@attrs.frozen(eq=False)
class Handler:
    """A function as an :class:`IMessageHandler`; made by :func:`handler`."""

    path: str
    message_type: type[Message]
    handle: Callable[[Any, IContext], Answer | Awaitable[Answer]]
    name: str


def handler(
    path: str, message_type: type[Message]
) -> Callable[[Callable[[Any, Any], Answer | Awaitable[Answer]]], Handler]:
    """Make a function the owner of *message_type* on *path*.

    The function takes the message and an :class:`IContext`; see :class:`IMessageHandler` for
    what it may return and raise.
    """

    def decorate(function: Callable[[Any, Any], Answer | Awaitable[Answer]]) -> Handler:
        return Handler(path, message_type, function, _name_of(function))

    return decorate


@implementer(IPlugin, IInterceptor)
@attrs.frozen(eq=False, kw_only=True)
class Interceptor:
    """Two functions as an :class:`IInterceptor`; either may be left out."""

    name: str
    path: str = "*"
    order: int = 0
    before: Callable[[Any, IContext], None] = lambda message, context: None
    after: Callable[[Any, Answer, IContext], None] = lambda message, answer, context: None


# -- sessions --------------------------------------------------------------------------------


@implementer(IPlugin, IManagerFactory)
@attrs.frozen(eq=False)
class ManagerFactory:
    """A class (or function) as an :class:`IManagerFactory`: called with session and services."""

    provides: InterfaceClass
    build: Callable[[IUserSession, IServices], object]


@implementer(IPlugin, IListener)
@attrs.frozen(eq=False)
class Listener:
    """A function as an :class:`IListener`; made by :func:`listener`."""

    event_type: type[Event]
    heard: Callable[[Any, IUserSession], None]
    order: int
    name: str


def listener(
    event_type: type[Event], *, order: int = 0
) -> Callable[[Callable[[Any, Any], None]], Listener]:
    """Have a function called with every event of exactly *event_type*, and its session."""

    def decorate(function: Callable[[Any, Any], None]) -> Listener:
        return Listener(event_type, function, order, _name_of(function))

    return decorate


# -- the house -------------------------------------------------------------------------------


@implementer(IPlugin, IComponentFactory)
@attrs.frozen(eq=False)
class ComponentFactory:
    """A class (or function) as an :class:`IComponentFactory`: called with the services."""

    provides: InterfaceClass
    build: Callable[[IServices], object]


@implementer(IPlugin, IEngineFactory)
@attrs.frozen(eq=False)
class EngineFactory:
    """A class (or function) as an :class:`IEngineFactory`: called with the services."""

    provides: InterfaceClass
    name: str
    build: Callable[[IServices], object]


@implementer(IPlugin, IEngineSource)
@attrs.frozen(eq=False)
class EngineSource:
    """A function as an :class:`IEngineSource`: called with the services."""

    provides: InterfaceClass
    factories: Callable[[IServices], tuple[IEngineFactory, ...]]


@implementer(IPlugin, IOutgoing)
@attrs.frozen(eq=False)
class Outgoing:
    """A function as an :class:`IOutgoing`: called with the settings of *struct*."""

    name: str
    struct: type[msgspec.Struct]
    leads: Callable[[Any], Mapping[str, str]]


@implementer(IPlugin, IConfigSection)
@attrs.frozen(eq=False)
class ConfigSection:
    """A struct as an :class:`IConfigSection`."""

    section: str
    struct: type[msgspec.Struct]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of a configuration section: every field has a default and a description."""


def provider_of(plugin: object) -> str:
    """The dotted module a plugin was written in, as well as can be told: that of its function, of
    the class it builds, of the struct it declares, or else of its own class."""
    name = getattr(plugin, "name", None)
    if isinstance(name, str) and ":" in name:
        return name.partition(":")[0]
    module = type(plugin).__module__
    if module not in (__name__, tool.__module__, Route.__module__):
        return module
    # one of our classes, which hold what somebody else wrote
    fields = ("build", "factories", "struct", "before", "after", "call")
    held = (getattr(plugin, field, None) for field in fields)
    # a partial's own module is functools
    authors = (getattr(getattr(one, "func", one), "__module__", None) for one in held)
    return next((author for author in authors if author not in (None, __name__)), module)
