"""The services on a fake clock, and sessions in them."""

import sys
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from functools import lru_cache, partial
from typing import Any, TypeVar, cast

import attrs
import msgspec
from prometheus_client import CollectorRegistry
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IReactorProcess
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer
from zope.interface.interface import InterfaceClass

from mentra.errors import Refused
from mentra.extension import provider_of
from mentra.glasses.session import GlassesSettings, UserSession, sessions
from mentra.house import House
from mentra.identity import Identity, Speaker
from mentra.interfaces.accounts import IAccountStore, ILoginTokens, IPasswords
from mentra.interfaces.messaging import IContext, IPeer
from mentra.interfaces.network import IDial, IGuardedHttpClient, IWebSocketClient
from mentra.interfaces.services import (
    IAssistantTokens,
    IAuthRules,
    IMetrics,
    IServices,
    IThreads,
    ITokens,
)
from mentra.interfaces.session import ISessions, IUserSession
from mentra.interfaces.stores import IAppStore, ISimpleStorage, IUserStore
from mentra.routing.catalogue import Catalogue
from mentra.testing.accounts import FakePasswords, MemoryAccountStore
from mentra.testing.http import FakeAnswer, FakeHttp, FakeRequest
from mentra.testing.network import MemoryNetwork
from mentra.testing.peers import FakePeer
from mentra.testing.processes import FakeProcesses
from mentra.testing.simple_storage import MemorySimpleStorage
from mentra.testing.stores import MemoryAppStore, MemoryUserStore
from mentra.testing.threads import FakeThreads
from mentra.web.sockets import WebSocketClient

T = TypeVar("T")

WALL_TIME = 1_748_779_200.0
"""2025-06-01T12:00:00Z, where a fake clock's zero is."""


def success_of(awaitable: Awaitable[T] | Coroutine[Any, Any, T]) -> T:
    """The result that is already there.

    :raises AssertionError: it is not: advance the clock first.
    :raises Exception: the awaitable failed; its exception.
    """
    results: list[Any] = []
    deferred: Deferred[Any] = (
        awaitable if isinstance(awaitable, Deferred) else ensureDeferred(cast(Any, awaitable))
    )
    deferred.addBoth(results.append)
    if not results:
        raise AssertionError("no result yet: advance the clock")
    if isinstance(results[0], Failure):
        results[0].raiseException()
    return results[0]  # type: ignore[no-any-return] # what it was an awaitable of


@implementer(IMetrics)
@attrs.define
class FakeMetrics:
    """Keeps what it was told."""

    registry: CollectorRegistry = attrs.field(factory=CollectorRegistry)
    told: list[tuple[Any, ...]] = attrs.field(factory=list)
    counted: dict[str, Counter[type | str]] = attrs.field(factory=lambda: defaultdict(Counter))
    parts: dict[str, Callable[[], Any]] = attrs.field(factory=dict)

    def received(self, path: str, message_type: type) -> None:
        """Keep it."""
        self.told.append(("received", path, message_type))

    def failed(self, path: str, handler: str) -> None:
        """Keep it."""
        self.told.append(("failed", path, handler))

    def opened(self, path: str) -> None:
        """Keep it."""
        self.told.append(("opened", path))

    def closed(self, path: str, code: int) -> None:
        """Keep it."""
        self.told.append(("closed", path, code))

    def counts(self, path: str) -> Counter[type | str]:
        """Kept in ``counted``."""
        return self.counted[path]

    def observe(self, stage: str, seconds: float) -> None:
        """Keep it."""
        self.told.append(("observe", stage, seconds))

    def observer(self, stage: str) -> Callable[[float], None]:
        """Keeps what it is called with."""
        return partial(self.observe, stage)

    def show(self, name: str, read: Callable[[], Any]) -> None:
        """Kept in ``parts``."""
        self.parts[name] = read


@implementer(ITokens, ILoginTokens, IAssistantTokens)
class FakeTokens:
    """Tokens anyone can read: ``user:ADDRESS`` and ``app:PACKAGE:KEY``; ``old`` has expired."""

    def issue_user(self, user_id: str, seconds: float) -> str:
        """``user:ADDRESS``."""
        return f"user:{user_id}"

    def verify_user(self, token: str) -> str:
        """The address.

        :raises Refused: ``INVALID_TOKEN``.
        """
        kind, _, user_id = token.partition(":")
        if kind != "user":
            raise Refused("INVALID_TOKEN", "Invalid token")
        return user_id

    def verify(self, token: str) -> Speaker:
        """The speaker of a user's token.

        :raises Refused: ``AUTH_EXPIRED`` or ``AUTH_INVALID``.
        """
        kind, _, user_id = token.partition(":")
        if kind == "old":
            raise Refused("AUTH_EXPIRED", "Authentication token expired")
        if kind != "user":
            raise Refused("AUTH_INVALID", "Invalid authentication token")
        return Speaker(user_id, user_id)

    def issue_app(self, package_name: str, api_key: str) -> str:
        """``app:PACKAGE:KEY``."""
        return f"app:{package_name}:{api_key}"

    def verify_app(self, token: str) -> tuple[str, str]:
        """Package and key.

        :raises Refused: ``JWT_INVALID``.
        """
        kind, _, rest = token.partition(":")
        if kind != "app":
            raise Refused("JWT_INVALID", "Invalid token")
        package_name, _, api_key = rest.partition(":")
        return package_name, api_key


@implementer(IAuthRules)
@attrs.define
class FakeAuthRules:
    """The defaults."""

    first_message: bool = False
    create_users: bool = True
    bare_email_routes: bool = True
    assistants: tuple[str, ...] = ()


class _Sections(dict[type[msgspec.Struct], msgspec.Struct]):
    """Every section at its defaults, unless given."""

    def get(self, section: type[msgspec.Struct], default: Any = None) -> Any:
        return super().get(section) or section()


def _catalogue(plugins: tuple[object, ...]) -> Catalogue:
    """To compare plugins with their interfaces is most of what a house costs."""
    # what a test makes goes with the test; of modules' plugins there are only so many sets
    if all(id(one) in _lasting or _lasts(one) for one in plugins):
        return _lasting_catalogue(plugins)
    return Catalogue(plugins)


_lasting_catalogue = lru_cache(maxsize=64)(Catalogue)
_lasting: dict[int, object] = {}


def _lasts(plugin: object) -> bool:
    """Whether it is part of a module, and not of a test that is being run."""
    name = provider_of(plugin)
    # examples in the manual are part of none
    parts = getattr(sys.modules.get(name), "__dict__", {}).values()
    if not name.startswith("mentra.") and not any(one is plugin for one in parts):
        return False
    _lasting[id(plugin)] = plugin
    return True


class _EngineHttp:
    """Engines' HTTP, which is that of their house, also of one that a test gave another."""

    house: House

    def __getattr__(self, name: str) -> Any:
        return getattr(self.house.http, name)


def house_with(
    *plugins: object,
    clock: Clock | None = None,
    sections: Iterable[msgspec.Struct] = (),
    parts: dict[InterfaceClass, object] | None = None,
    http: Any = None,
) -> House:
    """Services with fake collaborators and just these plugins (and the sessions).

    ``clock`` is a ``Clock``, ``http`` unless given a :class:`FakeHttp`, ``metrics`` a
    :class:`FakeMetrics`, processes are :class:`mentra.testing.processes.FakeProcesses`; stores are
    in memory; engines' connections lead to a :class:`mentra.testing.network.MemoryNetwork`.
    Sections not given have their defaults.
    """
    the_clock = clock or Clock()
    known = _Sections({type(section): section for section in sections})
    catalogue = _catalogue((sessions, *plugins))
    engine_http = _EngineHttp()
    house = House(
        catalogue,
        clock=the_clock,
        now=lambda: WALL_TIME + the_clock.seconds(),
        http=FakeHttp() if http is None else http,
        metrics=FakeMetrics(),
        sections=known,
        parts=_parts(the_clock) | {IGuardedHttpClient: engine_http} | (parts or {}),
    )
    engine_http.house = house
    house.startService()
    return house


def _parts(clock: Clock) -> dict[InterfaceClass, object]:
    apps, tokens, network = MemoryAppStore(), FakeTokens(), MemoryNetwork()
    users = MemoryUserStore(apps)
    return {
        IDial: network,
        IWebSocketClient: WebSocketClient(network, clock),
        IAppStore: apps,
        IUserStore: users,
        ISimpleStorage: MemorySimpleStorage(apps, users),
        ITokens: tokens,
        ILoginTokens: tokens,
        IAssistantTokens: tokens,
        IAccountStore: MemoryAccountStore(lambda: WALL_TIME + clock.seconds()),
        IPasswords: FakePasswords(),
        IAuthRules: FakeAuthRules(),
        IReactorProcess: FakeProcesses(),
        IThreads: FakeThreads(),
    }


def session_in(house: House, user_id: str = "ann@x.org") -> UserSession:
    """A session of *user_id* with a :class:`FakePeer` as its glasses."""
    peer = FakePeer("glasses", Identity(user_id))
    session: UserSession = success_of(ISessions(house).glasses_opened(user_id, peer))
    return session


def session_with(
    *plugins: object, clock: Clock | None = None, sections: Iterable[msgspec.Struct] = ()
) -> UserSession:
    """A session with just these plugins, in a house of its own."""
    return session_in(house_with(*plugins, clock=clock, sections=sections))


@implementer(IContext)
@attrs.define(eq=False)
class FakeContext:
    """What a handler is given besides the message."""

    services: IServices
    session: IUserSession | None = None
    peer: IPeer = attrs.field(factory=FakePeer)
    correlation_id: str = "fake-1"
    request_id: Any = None

    def enter(self, session: IUserSession, identity: Identity) -> None:
        """The handshake is done."""
        self.session = session
        self.peer.identity = identity


__all__ = [
    "WALL_TIME",
    "FakeAnswer",
    "FakeAuthRules",
    "FakeContext",
    "FakeHttp",
    "FakeMetrics",
    "FakeRequest",
    "FakeTokens",
    "GlassesSettings",
    "house_with",
    "session_in",
    "session_with",
    "success_of",
]
