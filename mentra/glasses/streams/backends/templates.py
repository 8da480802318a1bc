"""Any server that takes RTMP and publishes HLS and DASH, known by its URLs."""

import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorProcess
from zope.interface import implementer

from mentra.extension import ComponentFactory
from mentra.glasses.streams.backends.playlist import Playlist
from mentra.glasses.streams.backends.restreams import Ffmpegs, Restreams
from mentra.glasses.streams.backends.settings import MediaSettings
from mentra.interfaces.network import IGuardedHttpClient
from mentra.interfaces.services import IPublicAddress, IServices
from mentra.interfaces.streams import IMediaStream, ITemplatesBackend


@implementer(IMediaStream)
class TemplateStream:
    """One name at the server.

    :param filled: makes a URL of a template.
    :param playlist: to be asked whether the stream is live; None leaves that to the glasses.
    """

    def __init__(
        self,
        settings: MediaSettings,
        filled: Callable[[str], str],
        playlist: Playlist | None,
        restreams: Restreams,
    ) -> None:
        self.ingest = filled(settings.ingest)
        self.hls = filled(settings.hls)
        self.dash = filled(settings.dash)
        self.webrtc = filled(settings.webrtc) or None
        self.preview = filled(settings.preview) or None
        self.thumbnail = filled(settings.thumbnail) or None
        self.asked = "never" if playlist is None else "always"
        self._playlist = playlist
        self._restreams = restreams

    async def is_live(self) -> bool:
        """Whether its playlist goes on.

        :raises Refused: it cannot be fetched.
        """
        return self._playlist is not None and await self._playlist.goes_on()

    def went_live(self) -> None:
        """Restreams may begin."""
        self._restreams.went_live()

    async def add_output(self, url: str) -> str:
        """One more restream.

        :raises Refused: ``RESTREAM_UNAVAILABLE``.
        """
        return self._restreams.add(url)

    def output_state(self, output_id: str) -> tuple[str, str | None]:
        """Status, and why with ``error``."""
        return self._restreams.state(output_id)

    async def remove_output(self, output_id: str) -> None:
        """One less."""
        self._restreams.remove(output_id)

    def close(self) -> None:
        """The restreams end; the server itself notices that nothing comes any more."""
        self._restreams.close()


@implementer(ITemplatesBackend)
class TemplatesBackend(Service):
    """Makes a name for each stream.

    :param ffmpegs: makes restreams; None where this process may start no others.
    """

    def __init__(self, services: IServices, ffmpegs: Ffmpegs | None = None) -> None:
        self._settings: MediaSettings = services.settings(MediaSettings)
        self._address = IPublicAddress(services)
        self._http = IGuardedHttpClient(services)
        self._clock = services.clock
        self._ffmpegs = ffmpegs or Ffmpegs(
            IReactorProcess(services),
            services.clock,
            self._settings.ffmpeg,
            self._settings.max_restreams,
        )

    def stopService(self) -> "Deferred[None]":
        """Every restream ends; fires when they have."""
        super().stopService()
        return Deferred.fromCoroutine(self._ffmpegs.stop())

    async def open(self, changed: Callable[[], None]) -> TemplateStream:
        """A new name."""
        name = secrets.token_hex(16)
        host = _host(self._address.base_url())

        def filled(template: str) -> str:
            return template.replace("{host}", host).replace("{stream}", name)

        settings = self._settings
        playlist = None
        if settings.live == "playlist":
            playlist = Playlist(
                filled(settings.playlist or settings.hls),
                self._http,
                self._clock,
                settings.playlist_patience,
            )
        source = filled(settings.source or settings.ingest)
        return TemplateStream(settings, filled, playlist, Restreams(self._ffmpegs, source, changed))

    def sweep(self) -> None:
        """Nothing is left anywhere."""


templates_backend = ComponentFactory(ITemplatesBackend, TemplatesBackend)


def _host(url: str) -> str:
    host = urlsplit(url).hostname or "localhost"
    return f"[{host}]" if ":" in host else host
