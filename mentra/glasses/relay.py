"""Carries what glasses say to the apps that subscribed: the hot path.

For each kind of event a route is prepared once: who gets it, and the envelopes up to the data.  A
message then costs a look-up and, for each receiver, a splice.
"""

from collections.abc import Mapping

import msgspec
from twisted.logger import Logger
from zope.interface import implementer

from mentra.extension import ManagerFactory, handler
from mentra.identity import app_session_id
from mentra.interfaces.glasses import IApps, IRelay, ISubscriptions
from mentra.interfaces.messaging import IContext, IPeer
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.stores import IAppStore
from mentra.messages import Unknown
from mentra.messages.audio import AudioChunk
from mentra.messages.gestures import TouchEvent
from mentra.messages.session import KeepAlive, KeepAliveAck, Ping, Pong
from mentra.messages.stamps import stamped_end, this_millisecond
from mentra.messages.streams import GESTURES, permission_for
from mentra.messages.subscriptions import StreamEvent
from mentra.records import App

MAX_ROUTES = 256
"""Kinds of events with a prepared route; languages come from peers, so there is a bound."""

MAX_UNKNOWN = 50
"""Unknown types that are named in the log, in one session."""

IGNORED = frozenset(
    {"dashboard_state", "swipe_volume_status", "switch_status", "video_stream_response"}
)
"""What phones say that nothing follows from."""

_Event = str | tuple[str, str | None, str | None]
_AUDIO = "audio_chunk"

_Stop = tuple[str, bytes]
"""A subscriber that may see the stream: its package, and its frame up to the data."""


@implementer(IRelay)
class Relay:
    """Wraps and passes on; keeps its routes until a list of subscriptions or an app's record
    changes.  Which sockets are the apps' is looked up for every message.

    With many sessions a message costs mostly what it takes to fetch their objects from memory,
    hence slots, and nothing kept here that all sessions can share.
    """

    __slots__ = (
        "_hearers", "_now", "_revision", "_routes", "_running", "_session", "_store",
        "_subscriptions", "_unknown", "_version",
    )  # fmt: skip

    _log = Logger()

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._subscriptions = ISubscriptions(session)
        self._running: Mapping[str, IPeer] = IApps(session).running()
        self._store = IAppStore(services)
        self._now = services.now
        self._routes: dict[_Event, tuple[_Stop, ...]] = {}
        self._version = -1
        self._revision = -1
        self._hearers: tuple[str, ...] | None = None
        self._unknown: frozenset[tuple[str, str]] = frozenset()

    def relay(
        self, stream_type: str, raw: bytes, language: str | None = None, target: str | None = None
    ) -> int:
        """Wrap *raw* for every running subscriber that may see it; how many frames were sent."""
        if self._store.revision != self._revision or self._subscriptions.version != self._version:
            self._forget()
        # most kinds of events have neither language nor target, and a name is found soonest
        plain = language is None and target is None
        event = stream_type if plain else (stream_type, language, target)
        route = self._routes.get(event)
        if route is None:
            route = self._prepare(event, stream_type, language, target)
        if not route:
            return 0
        sent = 0
        now, moment = self._now, this_millisecond
        seconds = now()
        if not moment.begins <= seconds < moment.ends:
            moment.move_to(seconds)
        body = raw + moment.text
        running = self._running
        for package_name, head in route:
            try:
                peer = running[package_name]
            except KeyError:
                continue
            if peer.splice(head, body):
                sent += 1
        return sent

    def audio(self, chunk: AudioChunk) -> int:
        """Pass *chunk* to every ``audio_chunk`` subscriber as it is."""
        if self._store.revision != self._revision or self._subscriptions.version != self._version:
            self._forget()
        hearers = self._hearers
        if hearers is None:
            route = self._prepare(_AUDIO, _AUDIO)
            hearers = self._hearers = tuple(package_name for package_name, _ in route)
        sent = 0
        running = self._running
        for package_name in hearers:
            try:
                peer = running[package_name]
            except KeyError:
                continue
            # one object for all: it is made a frame once
            if peer.send(chunk):
                sent += 1
        return sent

    def to_app(self, package_name: str, stream: str, raw: bytes) -> bool:
        """One event to one app; False if it is not running or may not see it."""
        peer = self._running.get(package_name)
        if peer is None or not _may_see(self._store.get(package_name), stream):
            return False
        body = raw + stamped_end(self._now())
        return bool(peer.splice(self._head(package_name, stream), body))

    def unknown(self, path: str, type_name: str) -> None:
        """Name a type that nobody handles in the log, once."""
        known = type_name in IGNORED or (path, type_name) in self._unknown
        if known or len(self._unknown) >= MAX_UNKNOWN:
            return
        self._unknown |= {(path, type_name)}
        self._log.info(
            "messages of type {type_name!r} on {path} are ignored: nobody handles them",
            type_name=type_name,
            path=path,
        )

    # -- routes

    def _forget(self) -> None:
        self._routes.clear()
        self._hearers = None
        self._version = self._subscriptions.version
        self._revision = self._store.revision

    def _prepare(
        self,
        event: _Event,
        stream_type: str,
        language: str | None = None,
        target: str | None = None,
    ) -> tuple[_Stop, ...]:
        if len(self._routes) >= MAX_ROUTES:
            self._routes.clear()
        route = tuple(
            (package_name, self._head(package_name, own))
            for package_name, own in self._subscriptions.matching(stream_type, language, target)
            if _may_see(self._store.get(package_name), stream_type)
        )
        self._routes[event] = route
        return route

    def _head(self, package_name: str, stream: str) -> bytes:
        session_id = app_session_id(self._session.user_id, package_name)
        return b'{"type":"data_stream","sessionId":%b,"streamType":%b,"data":' % (
            msgspec.json.encode(session_id),
            msgspec.json.encode(stream),
        )


def _may_see(app: App | None, stream: str) -> bool:
    permission = permission_for(stream)
    return permission is None or (app is not None and app.has_permission(permission))


relay_manager = ManagerFactory(IRelay, Relay)

# -- glasses


@handler("glasses", StreamEvent)
def stream_event(message: StreamEvent, context: IContext) -> None:
    """Pass on what has no handler of its own."""
    IRelay(context.session).relay(message.stream_type, message.raw)


@handler("glasses", TouchEvent)
def touch_event(message: TouchEvent, context: IContext) -> None:
    """Pass a touch on, to those who named the gesture under its own name."""
    gesture = message.gesture_name if message.gesture_name in GESTURES else None
    IRelay(context.session).relay("touch_event", message.raw, gesture)


@handler("glasses", Unknown)
def unknown_from_glasses(message: Unknown, context: IContext) -> None:
    """Ignore it; a newer phone may say more than we know."""
    IRelay(context.session).unknown("glasses", message.type_name)


@handler("glasses", Ping)
def ping_from_glasses(message: Ping, context: IContext) -> Pong:
    """Answer."""
    return Pong()


@handler("glasses", Pong)
def pong_from_glasses(message: Pong, context: IContext) -> None:
    """A sign of life, and no more."""


@handler("glasses", KeepAlive)
def keep_alive(message: KeepAlive, context: IContext) -> KeepAliveAck:
    """Answer."""
    return KeepAliveAck(session_id=context.session.user_id)


# -- apps


@handler("app", Unknown)
def unknown_from_app(message: Unknown, context: IContext) -> None:
    """Ignore it; a newer SDK may say more than we know."""
    IRelay(context.session).unknown("app", message.type_name)


@handler("app", Ping)
def ping_from_app(message: Ping, context: IContext) -> Pong:
    """Answer."""
    return Pong()


@handler("app", Pong)
def pong_from_app(message: Pong, context: IContext) -> None:
    """A sign of life, and no more."""
