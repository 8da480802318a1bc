"""A stream to an address of an app's choice.  Source: docs/protocol/video.rst."""

import secrets
from collections.abc import Callable
from typing import Any

import msgspec
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from mentra.glasses.streams.keeping_alive import KeepAlive
from mentra.glasses.streams.settings import StreamsSettings
from mentra.glasses.streams.shape import is_deep
from mentra.identity import app_session_id
from mentra.interfaces.glasses import IApps, IRelay, ISubscriptions
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.messages.stamps import iso
from mentra.messages.video import (
    KeepRtmpStreamAlive,
    RtmpStreamRequest,
    RtmpStreamStatus,
    StartRtmpStream,
    StopRtmpStream,
    StreamInfo,
)

STATES = {
    "initializing": "initializing",
    "connecting": "initializing",
    "reconnecting": "initializing",
    "active": "active",
    "streaming": "active",
    "reconnected": "active",
    "stopping": "stopping",
    "stopped": "stopped",
    "disconnected": "stopped",
    "reconnect_failed": "stopped",
    "error": "error",
    "timeout": "timeout",
}
"""What glasses say to what apps are told; anything else is ``stopped``."""

OVER = frozenset({"stopped", "error", "timeout"})
"""What ends a stream."""

STREAM = RtmpStreamStatus.tag()


class UnmanagedStream:
    """One stream of one app; tells its owner, and whoever subscribed to ``rtmp_stream_status``.

    :param over: called once, before its end is told.
    """

    _log = Logger()

    def __init__(
        self,
        session: IUserSession,
        services: IServices,
        owner: str,
        url: str,
        over: Callable[[], None],
    ) -> None:
        self._session = session
        self._clock = services.clock
        self._now = services.now
        self._settings: StreamsSettings = services.settings(StreamsSettings)
        self._over = over
        self.stream_id = f"s{secrets.token_hex(8)}"
        self.owner = owner
        self._url = url
        self._status = "initializing"
        self._created_at = iso(services.now())
        self._keep_alive = KeepAlive(self._clock, self._settings, self._ask, self._lost)
        self._silence: IDelayedCall | None = None

    def begin(self, request: RtmpStreamRequest) -> None:
        """Have the glasses start; the owner is told ``initializing``."""
        self._heard()
        self._session.to_glasses(
            StartRtmpStream(
                session_id=self._session.user_id,
                rtmp_url=self._url,
                app_id=self.owner,
                stream_id=self.stream_id,
                video=request.video or {},
                audio=request.audio or {},
                stream=request.stream or {},
                sound=request.sound,
            )
        )
        self._tell(self._status)

    def reported(self, message: RtmpStreamStatus) -> None:
        """The glasses said how it is doing."""
        status = STATES.get(message.status.lower())
        if status is None:
            self._log.warn("glasses report the unknown stream status {status!r}: it is taken for "
                           "the end of the stream", status=message.status)  # fmt: skip
            # newer glasses may mean something else by it
            self._stop_glasses()
            status = "stopped"
        if status in OVER:
            self._finish()
        else:
            self._heard()
            self._keep_alive.heard()
            if status == "active":
                self._keep_alive.start()
            else:
                self._keep_alive.stop()
        self._tell(status, message)

    def acknowledged(self, ack_id: str) -> None:
        """The glasses answered a keep-alive."""
        if self._keep_alive.acknowledged(ack_id):
            self._heard()

    def end(self) -> None:
        """End it now: the owner is told ``stopped``, the glasses to stop."""
        self._finish()
        self._tell("stopped")
        self._stop_glasses()

    def info(self) -> StreamInfo:
        """What is known of it."""
        return StreamInfo(
            type="unmanaged",
            stream_id=self.stream_id,
            status=self._status,
            created_at=self._created_at,
            rtmp_url=self._url,
            requesting_app_id=self.owner,
        )

    def _finish(self) -> None:
        self._keep_alive.stop()
        if self._silence is not None and self._silence.active():
            self._silence.cancel()
        self._silence = None
        self._over()

    # -- signs of life

    def _heard(self) -> None:
        if self._silence is None:
            self._silence = self._clock.callLater(self._settings.silence, self._lost)
        else:
            self._silence.reset(self._settings.silence)

    def _ask(self, ack_id: str) -> None:
        self._session.to_glasses(KeepRtmpStreamAlive(stream_id=self.stream_id, ack_id=ack_id))

    def _lost(self) -> None:
        self._finish()
        self._tell("timeout")
        # should they be there all the same, they need not stream for nobody
        self._stop_glasses()

    # -- telling

    def _stop_glasses(self) -> None:
        self._session.to_glasses(
            StopRtmpStream(
                session_id=self._session.user_id, app_id=self.owner, stream_id=self.stream_id
            )
        )

    def _tell(self, status: str, said: RtmpStreamStatus | None = None) -> None:
        self._status = status
        told = RtmpStreamStatus(
            session_id=app_session_id(self._session.user_id, self.owner),
            stream_id=self.stream_id,
            status=status,
            error_details=None if said is None else _plain(said.error_details),
            app_id=self.owner,
            stats=None if said is None else _plain(said.stats),
        )
        peer = IApps(self._session).running().get(self.owner)
        if peer is not None:
            peer.send(told)
        self._tell_others(told, b"" if said is None else said.raw)

    def _tell_others(self, told: RtmpStreamStatus, raw: bytes) -> None:
        # the owner has been told in the one form that SDKs read; the other would be told twice
        others = [
            (package_name, own)
            for package_name, own in ISubscriptions(self._session).matching(STREAM)
            if package_name != self.owner
        ]
        if not others:
            return
        text = self._event(told, raw)
        for package_name, own in others:
            IRelay(self._session).to_app(package_name, own, text)

    def _event(self, told: RtmpStreamStatus, raw: bytes) -> bytes:
        """What the glasses said, unknown fields and all, with the status that apps know."""
        fields: dict[str, Any] = msgspec.to_builtins(told)
        del fields["sessionId"]
        data = _decoded(raw) if raw else {"timestamp": iso(self._now())}
        return msgspec.json.encode(data | fields)


def _plain(value: Any) -> Any:
    """*value*, unless it is too deep to be passed on."""
    return None if is_deep(value) else value


def _decoded(raw: bytes) -> dict[str, Any]:
    """What glasses said, without what is too deep to be passed on."""
    try:
        fields: dict[str, Any] = msgspec.json.decode(raw)
    except RecursionError:
        return {}
    return {name: value for name, value in fields.items() if not is_deep(value)}
