"""The live video of a session's glasses: one stream, of either kind."""

import msgspec
from twisted.application.service import Service
from twisted.logger import Logger
from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import ManagerFactory
from mentra.glasses.streams.managed import ManagedStream
from mentra.glasses.streams.preconditions import Preconditions
from mentra.glasses.streams.unmanaged import UnmanagedStream
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.streams import IManagedStreams, IStreams
from mentra.messages.video import (
    ManagedStreamRequest,
    RtmpStreamRequest,
    RtmpStreamStatus,
    StreamInfo,
)

DENIED = "Camera permission required to start video streams"
DENIED_MANAGED = "Camera permission required for managed streams"
TAKEN = "Cannot start managed stream - an unmanaged stream is already active"


@implementer(IStreams)
class StreamManager(Service):
    """Keeps the stream that there is."""

    _log = Logger()

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._services = services
        self._preconditions = Preconditions(session, services)
        self._unmanaged: UnmanagedStream | None = None
        self._managed: ManagedStream | None = None
        # the end is not told to what is not built yet
        self._is_over = bool(session.ending)

    def stopService(self) -> None:
        """Nothing is streamed any more."""
        self.end()
        super().stopService()

    # -- unmanaged

    def start(self, package_name: str, request: RtmpStreamRequest) -> None:
        """Begin an unmanaged stream; any other ends.

        :raises Refused: it cannot be had.
        """
        self._check(package_name, DENIED, request)
        self._preconditions.check_url(request.url)
        self._end_current()
        stream = UnmanagedStream(
            self._session, self._services, package_name, request.url, self._unmanaged_over
        )
        self._unmanaged = stream
        stream.begin(request)

    def stop(self, package_name: str, stream_id: str | None) -> None:
        """End the app's unmanaged stream.

        :raises Refused: it is another app's.
        """
        stream = self._unmanaged
        if stream is None or stream_id not in (None, "", stream.stream_id):
            self._log.info("{package} ends a stream that is not there", package=package_name)
        elif stream.owner != package_name:
            raise Refused("INTERNAL_ERROR", "The stream belongs to another app", where="app")
        else:
            stream.end()

    def _unmanaged_over(self) -> None:
        self._unmanaged = None

    # -- managed

    def start_managed(self, package_name: str, request: ManagedStreamRequest) -> None:
        """Begin a managed stream, or join it.

        :raises Refused: it cannot be had.
        """
        self._check(package_name, DENIED_MANAGED, request)
        if self._unmanaged is not None:
            raise Refused("INTERNAL_ERROR", TAKEN, where="cloud", retryable=True)
        if self._managed is not None:
            self._managed.join(package_name, request)
            return
        stream = ManagedStream(self._session, self._services, self._managed_over)
        stream.outputs.check(package_name, request.restream_destinations or ())
        self._managed = stream
        IManagedStreams(self._services).add(stream)
        stream.begin(package_name, request)

    def stop_managed(self, package_name: str) -> None:
        """The app watches no more."""
        if self._managed is not None and self._managed.is_viewer(package_name):
            self._managed.leave(package_name)
        else:
            self._log.info("{package} watches no managed stream", package=package_name)

    def _managed_over(self) -> None:
        stream, self._managed = self._managed, None
        if stream is not None:
            IManagedStreams(self._services).remove(stream)

    # -- both

    def _check(
        self, package_name: str, denied: str, request: RtmpStreamRequest | ManagedStreamRequest
    ) -> None:
        if self._is_over:
            raise Refused("INTERNAL_ERROR", "The session has ended")
        self._preconditions.check_app(package_name, denied)
        self._preconditions.check_options((request.video, request.audio, request.stream))
        self._preconditions.check_glasses()

    def _end_current(self) -> None:
        for stream in (self._managed, self._unmanaged):
            if stream is not None:
                stream.end()

    def reported(self, message: RtmpStreamStatus) -> None:
        """The glasses said how a stream is doing; of one that is not there nothing follows."""
        for stream in (self._managed, self._unmanaged):
            # older glasses do not say which: there is but one
            if stream is not None and message.stream_id in (None, "", stream.stream_id):
                stream.reported(message)
                return

    def acknowledged(self, stream_id: str, ack_id: str) -> None:
        """The glasses answered a keep-alive."""
        for stream in (self._managed, self._unmanaged):
            if stream is not None and stream.stream_id == stream_id:
                stream.acknowledged(ack_id)

    def info(self) -> StreamInfo | None:
        """The stream the user has."""
        stream = self._managed or self._unmanaged
        return None if stream is None else stream.info()

    def info_for(self, package_name: str) -> StreamInfo | None:
        """The same as the app may see it: where an unmanaged stream goes, key and all, is its
        owner's business, and to watch takes the permission for the camera."""
        info = self.info()
        if info is not None and info.requesting_app_id != package_name:
            info = msgspec.structs.replace(info, rtmp_url=None)
        if info is not None and not self._preconditions.may_film(package_name):
            info = msgspec.structs.replace(
                info, hls_url=None, dash_url=None, webrtc_url=None, preview_url=None,
                thumbnail_url=None,
            )  # fmt: skip
        return info

    def app_running(self, package_name: str) -> None:
        """The app remembers nothing of what it was told."""
        if self._managed is not None:
            self._managed.forget(package_name)

    def app_stopped(self, package_name: str) -> None:
        """So is its stream, and it watches no more."""
        if self._unmanaged is not None and self._unmanaged.owner == package_name:
            self._unmanaged.end()
        if self._managed is not None and self._managed.is_viewer(package_name):
            self._managed.leave(package_name)

    def end(self) -> None:
        """The session ends: so does its stream."""
        self._is_over = True
        self._end_current()


streams_manager = ManagerFactory(IStreams, StreamManager)
