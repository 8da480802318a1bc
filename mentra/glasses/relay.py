"""Carries what glasses say to the apps that subscribed: the hot path.

For each kind of event a route is prepared once: the envelopes up to the data, one per receiver.
A message then costs a look-up and, for each receiver, a splice.
"""

from collections.abc import Callable

import msgspec
from twisted.logger import Logger
from zope.interface import implementer

from mentra.extension import ManagerFactory, handler
from mentra.glasses.stream_names import is_language
from mentra.identity import app_session_id
from mentra.interfaces.glasses import IApps, IMicrophone, IRelay, ISubscriptions
from mentra.interfaces.messaging import IContext
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.stores import IAppStore
from mentra.messages import Unknown
from mentra.messages.audio import AudioChunk, LocalTranscription
from mentra.messages.gestures import TouchEvent
from mentra.messages.session import KeepAlive, KeepAliveAck, Ping, Pong
from mentra.messages.stamps import Stamps
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

_Event = tuple[str, str | None, str | None]
_AUDIO: _Event = ("audio_chunk", None, None)

_Stop = tuple[str, str, bytes | None, App | None]
"""One receiver: its package, its own subscription string, the frame up to the data (None if it may
not see the stream), and the app record that was judged by: another one is judged again."""


@implementer(IRelay)
class Relay:
    """Wraps and passes on; keeps its routes until a list or an app changes."""

    _log = Logger()
    _unknown: frozenset[tuple[str, str]] = frozenset()

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._subscriptions = ISubscriptions(session)
        self._apps = IApps(session)
        self._app_of: Callable[[str], App | None] = IAppStore(services).get
        self._tail = Stamps(services.now).tail
        self._routes: dict[_Event, tuple[_Stop, ...]] = {}
        self._version = -1
        self._odd = ("", b"")

    def relay(
        self, stream_type: str, raw: bytes, language: str | None = None, target: str | None = None
    ) -> int:
        """Wrap *raw* for every running subscriber that may see it; how many frames were sent."""
        event = (stream_type, language, target)
        if self._version != self._subscriptions.version:
            self._forget()
        route = self._routes.get(event)
        if route is None:
            route = self._prepare(event)
        if not route:
            return 0
        sent = 0
        tail = self._tail()
        app_of = self._app_of
        running = self._apps.running()
        for package_name, own, head, app in route:
            peer = running.get(package_name)
            if peer is None:
                continue
            if app_of(package_name) is not app:
                head = self._judged_again(stream_type, package_name, own)
            if head is not None:
                sent += peer.splice(head, raw, tail)
        return sent

    def audio(self, chunk: AudioChunk) -> int:
        """Pass *chunk*, cut to whole samples, to every ``audio_chunk`` subscriber as it is."""
        if self._odd[1] or len(chunk.data) & 1:
            chunk = self._in_whole_samples(chunk)
        if not chunk.data:
            return 0
        if self._version != self._subscriptions.version:
            self._forget()
        route = self._routes.get(_AUDIO)
        if route is None:
            route = self._prepare(_AUDIO)
        sent = 0
        app_of = self._app_of
        running = self._apps.running()
        for package_name, own, head, app in route:
            peer = running.get(package_name)
            if peer is None:
                continue
            if app_of(package_name) is not app:
                head = self._judged_again("audio_chunk", package_name, own)
            if head is not None:
                # one object for all: it is made a frame once
                sent += peer.send(chunk)
        return sent

    def to_app(self, package_name: str, stream: str, raw: bytes) -> bool:
        """One event to one app; False if it is not running or may not see it."""
        peer = self._apps.running().get(package_name)
        if peer is None or not _may_see(self._app_of(package_name), stream):
            return False
        return bool(peer.splice(self._head(package_name, stream), raw, self._tail()))

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
        self._version = self._subscriptions.version

    def _prepare(self, event: _Event) -> tuple[_Stop, ...]:
        if len(self._routes) >= MAX_ROUTES:
            self._routes.clear()
        stream_type = event[0]
        route = tuple(
            self._stop(stream_type, package_name, own)
            for package_name, own in self._subscriptions.matching(*event)
        )
        self._routes[event] = route
        return route

    def _stop(self, stream_type: str, package_name: str, own: str) -> _Stop:
        app = self._app_of(package_name)
        head = self._head(package_name, own) if _may_see(app, stream_type) else None
        return package_name, own, head, app

    def _judged_again(self, stream_type: str, package_name: str, own: str) -> bytes | None:
        """The head for an app whose record changed; the next message prepares its route anew."""
        self._routes.clear()
        return self._stop(stream_type, package_name, own)[2]

    def _head(self, package_name: str, stream: str) -> bytes:
        session_id = app_session_id(self._session.user_id, package_name)
        return b'{"type":"data_stream","sessionId":%b,"streamType":%b,"data":' % (
            msgspec.json.encode(session_id),
            msgspec.json.encode(stream),
        )

    def _in_whole_samples(self, chunk: AudioChunk) -> AudioChunk:
        glasses = self._session.glasses
        source = "" if glasses is None else glasses.peer_id
        whose, odd = self._odd
        # half a sample from a socket that is gone belongs to nothing
        data = odd + chunk.data if whose == source else chunk.data
        whole = len(data) & ~1
        self._odd = (source, data[whole:])
        return AudioChunk(data=data[:whole])


def _may_see(app: App | None, stream: str) -> bool:
    permission = permission_for(stream)
    return permission is None or (app is not None and app.has_permission(permission))


relay_manager = ManagerFactory(IRelay, Relay)


# -- glasses


@handler("glasses", StreamEvent)
def stream_event(message: StreamEvent, context: IContext) -> None:
    """Pass on what has no handler of its own."""
    IRelay(context.session).relay(message.stream_type, message.raw)


@handler("glasses", AudioChunk)
def audio_chunk(message: AudioChunk, context: IContext) -> None:
    """Pass the wearer's voice on, and see that it may be heard at all."""
    session = context.session
    IRelay(session).audio(message)
    IMicrophone(session).heard()


@handler("glasses", LocalTranscription)
def local_transcription(message: LocalTranscription, context: IContext) -> None:
    """Pass on what the phone recognised to the subscribers of its language."""
    language = message.transcribe_language
    # what is no language is not remembered as one
    known = language if is_language(language) else None
    IRelay(context.session).relay("transcription", message.raw, known)


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
