"""All managed streams of the process: found by id, and swept."""

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from zope.interface import implementer

from mentra.extension import ComponentFactory
from mentra.glasses.streams.settings import StreamsSettings
from mentra.interfaces.services import IServices
from mentra.interfaces.streams import IManagedStream, IManagedStreams, IMediaBackend

STALE = "Stream gave no sign of life"


@implementer(IManagedStreams)
class ManagedStreams(Service):
    """Knows them while they last; sweeps at intervals as long as there are any."""

    _log = Logger()

    def __init__(self, services: IServices) -> None:
        self._clock = services.clock
        self._settings: StreamsSettings = services.settings(StreamsSettings)
        self._backend = IMediaBackend(services)
        self._streams: dict[str, IManagedStream] = {}
        self._timer: IDelayedCall | None = None

    def stopService(self) -> None:
        """Sweep no more."""
        self._rest()
        super().stopService()

    def add(self, stream: IManagedStream) -> None:
        """*stream* began."""
        self._streams[stream.stream_id] = stream
        if self._timer is None:
            self._timer = self._clock.callLater(self._settings.sweep, self._sweep)

    def remove(self, stream: IManagedStream) -> None:
        """*stream* is over."""
        self._streams.pop(stream.stream_id, None)
        if not self._streams:
            self._rest()

    def find(self, stream_id: str) -> IManagedStream | None:
        """The stream of that id."""
        return self._streams.get(stream_id)

    def _sweep(self) -> None:
        self._timer = self._clock.callLater(self._settings.sweep, self._sweep)
        dead = self._clock.seconds() - self._settings.stale
        for stream in tuple(self._streams.values()):
            if stream.heard_at <= dead:
                self._log.warn("a managed stream without a sign of life is ended")
                stream.fail(STALE)
        self._backend.sweep()

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None


managed_streams = ComponentFactory(IManagedStreams, ManagedStreams)
