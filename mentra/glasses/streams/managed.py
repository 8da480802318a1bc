"""A stream to a media server, for any number of apps.  Source: docs/protocol/video.rst."""

import secrets
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall
from zope.interface import implementer

from mentra.errors import Refused
from mentra.glasses.apps.errands import Errands
from mentra.glasses.streams.keeping_alive import KeepAlive
from mentra.glasses.streams.liveness import Liveness
from mentra.glasses.streams.outputs import Outputs
from mentra.glasses.streams.settings import StreamsSettings
from mentra.glasses.streams.viewers import Viewers
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.streams import IManagedStream, IMediaBackend, IMediaStream
from mentra.messages.stamps import iso
from mentra.messages.video import (
    KeepRtmpStreamAlive,
    ManagedStreamRequest,
    ManagedStreamStatus,
    Options,
    RtmpStreamStatus,
    StartRtmpStream,
    StopRtmpStream,
    StreamInfo,
)

APP_ID = "MANAGED_STREAM"
"""Whose stream it is, as far as glasses are concerned."""

WAITING = "Waiting for stream to start..."
LIVE = "Stream is now live"
STOPPED = "Stream stopped"
LOST = "Stream timed out waiting for keep-alive"
NOT_LIVE = "Stream did not become live in time"

MAX_REASON = 500
"""Longest reason of the glasses that apps are told, characters."""

SIZES = {"720p": {"width": 1280, "height": 720}, "1080p": {"width": 1920, "height": 1080}}
"""What a quality means, in pixels, where the app does not say it itself."""


@implementer(IManagedStream)
class ManagedStream:
    """One managed stream, from the first app that wants it to the last that leaves.

    :param over: called once, before its end is told.
    """

    def __init__(
        self, session: IUserSession, services: IServices, over: Callable[[], None]
    ) -> None:
        self._session = session
        self._clock = services.clock
        self._settings: StreamsSettings = services.settings(StreamsSettings)
        self._backend = IMediaBackend(services)
        self._over = over
        self.stream_id = f"m{secrets.token_hex(8)}"
        self.heard_at: float = self._clock.seconds()
        self.outputs = Outputs(self._settings)
        self._created_at = iso(services.now())
        self._viewers = Viewers(session, self.outputs.seen_by)
        self._keep_alive = KeepAlive(self._clock, self._settings, self._ask, self._lost)
        self._errands = Errands("a managed stream")
        self._media: IMediaStream | None = None
        self._liveness: Liveness | None = None
        self._status, self._message = "initializing", WAITING
        self._is_over = False
        self._timers: dict[str, IDelayedCall] = {}

    # -- who watches

    def begin(self, package_name: str, request: ManagedStreamRequest) -> None:
        """The first app wants it: find it a place and have the glasses start."""
        self._enter(package_name, request)
        self._errands.run(self._open(), lambda found: self._opened(found, request))

    def join(self, package_name: str, request: ManagedStreamRequest) -> None:
        """Another app wants it, or the same one again: it is told how things stand.

        :raises Refused: its restreams cannot be had.
        """
        self._enter(package_name, request)
        self._viewers.tell_one(package_name, self._state())
        self._put_outputs()

    def _enter(self, package_name: str, request: ManagedStreamRequest) -> None:
        wanted = request.restream_destinations or ()
        if package_name in self._viewers:
            # asked again, as SDKs do whose patience is shorter than ours
            known = {one.url for one in self.outputs.shown()}
            wanted = tuple(one for one in wanted if one.url not in known)
        self.outputs.check(package_name, wanted)
        self._viewers.add(package_name, bool(request.enable_webrtc))
        self.outputs.note(package_name, wanted)

    def leave(self, package_name: str) -> None:
        """The app watches no more; the last one ends the stream."""
        if len(self._viewers) == 1:
            self.end()
            return
        self._viewers.tell_one(package_name, self._state("stopped", STOPPED))
        self._viewers.remove(package_name)
        self._errands.run(self.outputs.remove_all(package_name), lambda _: self._tell())

    def is_viewer(self, package_name: str) -> bool:
        """Whether the app watches it."""
        return package_name in self._viewers

    def forget(self, package_name: str) -> None:
        """The app remembers nothing of what it was told."""
        self._viewers.forget(package_name)

    def changed(self) -> None:
        """Something about its outputs changed: those who watch are told."""
        self._tell()

    # -- beginning

    async def _open(self) -> IMediaStream | Refused:
        try:
            media: IMediaStream = await self._backend.open(self.changed)
        except Refused as refusal:
            return refusal
        return media

    def _opened(self, found: IMediaStream | Refused, request: ManagedStreamRequest) -> None:
        if isinstance(found, Refused):
            self.fail(found.message)
            return
        self._media = found
        self.outputs.opened(found)
        self._session.to_glasses(
            StartRtmpStream(
                session_id=self._session.user_id,
                rtmp_url=found.ingest,
                app_id=APP_ID,
                stream_id=self.stream_id,
                video=_video(request),
                audio=request.audio or {},
                stream=request.stream or {},
                sound=request.sound,
            )
        )
        self._keep_alive.start()
        self._after("deadline", self._settings.live_within, self._not_live)
        self._tell()
        self._put_outputs()
        self._liveness = Liveness(self._clock, self._settings.poll, found, self._looked)
        self._liveness.begin()

    def _put_outputs(self) -> None:
        waiting = self.outputs.waiting()
        if waiting and self._media is not None:
            self._errands.run(self.outputs.put(waiting), lambda _: self._tell())

    # -- whether it is live

    def _looked(self, live: bool) -> None:
        if live and self._status == "initializing":
            self._went_live()
        elif not live and self._status == "active":
            self._went_dark()

    def _went_live(self) -> None:
        assert self._liveness is not None
        self._cancel("deadline")
        self._liveness.went_live()
        self._tell("active", LIVE)

    def _went_dark(self) -> None:
        self._after("deadline", self._settings.live_within, self._not_live)
        self._tell("initializing", WAITING)

    def _not_live(self) -> None:
        self.fail(NOT_LIVE)

    # -- what glasses say

    def reported(self, message: RtmpStreamStatus) -> None:
        """The glasses said how it is doing."""
        self._heard()
        status = message.status.lower()
        if status in ("stopped", "error"):
            said = message.error_details
            text = said[:MAX_REASON] if isinstance(said, str) and said else _ENDS[status]
            self._finish(status, text)
        elif status == "stopping":
            # should they never say that they have
            self._after("deadline", self._settings.live_within, self.end)
            self._tell("stopping", "Stream is stopping")
        elif self._liveness is not None and self._liveness.glasses_decide():
            if status in ("active", "streaming"):
                if self._status != "active":
                    self._went_live()
            elif status in ("initializing", "connecting") and self._status != "initializing":
                self._went_dark()

    def acknowledged(self, ack_id: str) -> None:
        """The glasses answered a keep-alive."""
        if self._keep_alive.acknowledged(ack_id):
            self.heard_at = self._clock.seconds()

    def _heard(self) -> None:
        self.heard_at = self._clock.seconds()
        self._keep_alive.heard()

    def _ask(self, ack_id: str) -> None:
        self._session.to_glasses(KeepRtmpStreamAlive(stream_id=self.stream_id, ack_id=ack_id))

    def _lost(self) -> None:
        self.fail(LOST)

    # -- ending

    def end(self) -> None:
        """End it now; those who watch are told ``stopped``, the glasses to stop."""
        self._finish("stopped", STOPPED, stop_glasses=True)

    def fail(self, reason: str) -> None:
        """End it now; those who watch are told ``error``, the glasses to stop."""
        self._finish("error", reason, stop_glasses=True)

    def _finish(self, status: str, message: str, stop_glasses: bool = False) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._keep_alive.stop()
        self._cancel(*self._timers)
        self._errands.cancel()
        if self._liveness is not None:
            self._liveness.stop()
        last = self._state(status, message)
        self._over()
        if self._media is not None:
            self._media.close()
            if stop_glasses:
                self._session.to_glasses(
                    StopRtmpStream(
                        session_id=self._session.user_id, app_id=APP_ID, stream_id=self.stream_id
                    )
                )
        self._viewers.tell(last)
        # whose they are counts to the last word
        self.outputs.close()

    # -- telling

    def info(self) -> StreamInfo:
        """What is known of it."""
        media = self._media
        return StreamInfo(
            type="managed",
            stream_id=self.stream_id,
            # the protocol's word for one that is there, live yet or not
            status="active",
            created_at=self._created_at,
            active_viewers=len(self._viewers),
            **_urls(media),
        )

    def _state(self, status: str | None = None, message: str | None = None) -> ManagedStreamStatus:
        return ManagedStreamStatus(
            status=status or self._status,
            stream_id=self.stream_id,
            message=message or self._message,
            outputs=self.outputs.shown() or None,
            **_urls(self._media),
        )

    def _tell(self, status: str | None = None, message: str | None = None) -> None:
        if self._is_over:
            return
        self._status, self._message = status or self._status, message or self._message
        self._viewers.tell(self._state())

    # -- delayed calls

    def _after(self, name: str, seconds: float, function: Callable[[], None]) -> None:
        self._cancel(name)
        self._timers[name] = self._clock.callLater(seconds, self._due, name, function)

    def _due(self, name: str, function: Callable[[], None]) -> None:
        del self._timers[name]
        function()

    def _cancel(self, *names: str) -> None:
        for name in names:
            call = self._timers.pop(name, None)
            if call is not None:
                call.cancel()


_ENDS = {"stopped": STOPPED, "error": "Stream failed on the glasses"}


def _video(request: ManagedStreamRequest) -> Options:
    return {**SIZES.get(request.quality or "", {}), **(request.video or {})}


def _urls(media: IMediaStream | None) -> dict[str, Any]:
    if media is None:
        return {}
    return {
        "hls_url": media.hls,
        "dash_url": media.dash,
        "webrtc_url": media.webrtc,
        "preview_url": media.preview,
        "thumbnail_url": media.thumbnail,
    }
