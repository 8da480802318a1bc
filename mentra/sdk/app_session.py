"""One user's session with an app: what the wearer says and does, and what they are shown."""

import logging
from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from typing import Any

import aiohttp

from mentra.messages import Message
from mentra.messages.dashboard import (
    DashboardContentUpdate,
    DashboardModeChange,
    DashboardSystemUpdate,
)
from mentra.messages.display import DisplayRequest
from mentra.messages.session import OwnershipRelease
from mentra.messages.speaker import AudioPlayResponse, AudioStreamReady
from mentra.messages.subscriptions import SubscriptionUpdate
from mentra.sdk import heard, layouts
from mentra.sdk.app_link import ACK_SECONDS, RETRY_AFTER, AppLink, Ticket
from mentra.sdk.frames import encode
from mentra.sdk.handlers import LOCATIONS, Handler, Handlers
from mentra.sdk.photos import Photo, Photos
from mentra.sdk.places import Place, Places
from mentra.sdk.settings import AppSettings
from mentra.sdk.sound import Sounds

_log = logging.getLogger(__name__)


class AppSession:
    """Handlers may be plain functions or coroutines; what they raise is logged, and costs nothing.

    Whatever sends is a plain function that answers whether it goes out: False means that the
    connection is down and the message lost.

    :ivar settings: the app's settings, as this user has them.
    :ivar mentraos_settings: the user's own settings.
    :ivar capabilities: what the glasses can do, None when nobody knows.
    :ivar photos: pictures from the glasses.
    :ivar places: where the wearer is.
    :ivar sounds: what the wearer's phone plays.
    :ivar device: the glasses' state by field name as on the wire, e.g. ``modelName``.
    :ivar ended: done, with the reason, once the session is over.
    """

    def __init__(
        self,
        ticket: Ticket,
        http: aiohttp.ClientSession,
        *,
        retry_after: Sequence[float] = RETRY_AFTER,
        ack_seconds: float = ACK_SECONDS,
    ) -> None:
        self.session_id = ticket.session_id
        self.user_id = ticket.user_id
        self.package_name = ticket.package_name
        self.settings = AppSettings()
        self.mentraos_settings: dict[str, Any] = {}
        self.capabilities: dict[str, Any] | None = None
        self.device: dict[str, Any] = {}
        self.photos = Photos(self.send, http)
        self.places = Places(self.send)
        self.sounds = Sounds(self.send, lambda frame: self._link.send(frame))
        self._handlers = Handlers(self._subscribe)
        self._watchers: list[Callable[[dict[str, Any]], None]] = []
        self._reactions: dict[type, Callable[[Any], None]] = {
            bytes: self._audio,
            heard.Acknowledged: self._acknowledged,
            heard.Capabilities: self._capabilities,
            heard.ConnectionProblem: self._problem,
            heard.DeviceState: self._device,
            heard.PermissionProblem: self._rejected,
            heard.PhotoAnswer: self.photos.told,
            AudioPlayResponse: self.sounds.told,
            AudioStreamReady: self.sounds.ready,
            heard.SettingsChanged: self._settings,
            heard.Stream: self._stream,
            heard.UserSettingsChanged: self._user_settings,
        }
        self._link = AppLink(
            ticket,
            http,
            receive=self._receive,
            up=self._subscribe,
            retry_after=retry_after,
            ack_seconds=ack_seconds,
        )
        self.ended = self._link.ended
        self.ended.add_done_callback(lambda _: self._stop())

    # -- what comes from the glasses

    def on(self, stream: str, handler: Handler) -> Callable[[], None]:
        """Have *handler* called with each event of *stream*.

        It is given decoded JSON; a :class:`~mentra.sdk.heard.Transcription` for
        ``transcription:...``; bytes for ``audio_chunk`` (mono PCM, int16 little endian, 16 kHz).

        :returns: a function that takes the handler away again.
        """
        return self._handlers.add(stream, handler)

    def on_transcription(
        self, language: str, handler: Callable[[heard.Transcription], Awaitable[None] | None]
    ) -> Callable[[], None]:
        """Have *handler* called with what is said in *language*, e.g. ``en-US``."""
        return self.on(f"transcription:{language}", handler)

    def on_location(
        self, handler: Callable[[Place], Awaitable[None] | None], *, rate: str = "standard"
    ) -> Callable[[], None]:
        """Have *handler* called as the wearer moves; the app needs the permission ``LOCATION``.

        :param rate: from ``reduced`` to ``realtime``, see docs/protocol/location.
        """
        return self._handlers.add(LOCATIONS, handler, rate=rate)

    def on_device(self, handler: Callable[[dict[str, Any]], None]) -> None:
        """Have *handler* called with what is new about the glasses, by field name as on the wire;
        at once with all that is known."""
        self._watchers.append(handler)
        if self.device:
            handler(self.device)

    async def locate(self, accuracy: str = "standard") -> Place:
        """Ask once where the wearer is; wait for it, 15 s at most.

        :param accuracy: the higher, the newer the answer; see docs/protocol/location.
        :raises mentra.errors.Refused: there is no answer.
        """
        return await self.places.ask(accuracy)

    # -- what goes to the glasses

    def show_text(self, text: str, duration_ms: float | None = None) -> bool:
        """Show *text*.

        :param duration_ms: how long to keep it up, milliseconds; None is "until replaced".
        """
        return self.show(layouts.text_wall(text), duration_ms)

    def show_texts(self, top: str, bottom: str, duration_ms: float | None = None) -> bool:
        """Show one text above another."""
        return self.show(layouts.double_text_wall(top, bottom), duration_ms)

    def show_card(self, title: str, text: str, duration_ms: float | None = None) -> bool:
        """Show a title and its text."""
        return self.show(layouts.reference_card(title, text), duration_ms)

    def show_dashboard_card(self, left: str, right: str, duration_ms: float | None = None) -> bool:
        """Show two texts side by side, in the view the wearer gets by looking up."""
        return self.show(layouts.dashboard_card(left, right), duration_ms, view="dashboard")

    def write_dashboard(self, text: str, modes: Sequence[str] = ("main",)) -> bool:
        """Write on the dashboard, in the place of what the app wrote before.

        :param modes: ``main``, ``expanded``.
        """
        return self.send(DashboardContentUpdate(content=text, modes=list(modes)), content=text)

    def fill_dashboard(self, section: str, text: str) -> bool:
        """Fill a corner of the dashboard; for the dashboard's own app alone.

        :param section: ``topLeft``, ``topRight``, ``bottomLeft`` or ``bottomRight``.
        """
        return self.send(DashboardSystemUpdate(section=section, content=text))

    def change_dashboard(self, mode: str) -> bool:
        """Show another mode: ``main``, ``expanded`` or ``none``; for the dashboard's own app."""
        return self.send(DashboardModeChange(mode=mode))

    def show_bitmap(self, data: str, duration_ms: float | None = None) -> bool:
        """Show a picture: a BMP file as hex or base64, at most 1 MB."""
        return self.show(layouts.bitmap(data), duration_ms)

    def show_animation(
        self, frames: Sequence[str], *, interval_ms: int = 1650, repeat: bool = False
    ) -> bool:
        """Show pictures one after another, each as for :meth:`show_bitmap`."""
        return self.show(layouts.bitmap_animation(frames, interval_ms=interval_ms, repeat=repeat))

    def clear(self) -> bool:
        """Show nothing."""
        return self.show(layouts.clear())

    def show(
        self, layout: layouts.Layout, duration_ms: float | None = None, *, view: str = "main"
    ) -> bool:
        """Show a layout of :mod:`mentra.sdk.layouts`; *view* is ``main`` or ``dashboard``."""
        return self.send(DisplayRequest(layout=layout, duration_ms=duration_ms), view=view)

    def send(self, message: Message, **fields: Any) -> bool:
        """Send any message; the app's name, the session's id and the time are put in.

        :param fields: further fields, by their names on the wire.
        """
        return self._link.send(
            encode(message, packageName=self.package_name, sessionId=self.session_id, **fields)
        )

    async def request_photo(self, *, size: str = "medium", compress: str = "none") -> Photo:
        """Have the glasses take a picture; wait for it, half a minute at most.

        :param size: ``small``, ``medium``, ``large`` or ``full``.
        :param compress: ``none``, ``medium`` or ``heavy``.
        :raises mentra.errors.Refused: there is none; the code says why.
        """
        return await self.photos.request(size=size, compress=compress)

    async def play_audio(self, url: str, *, volume: float = 1.0, track: int = 0) -> float | None:
        """Have the phone play a sound; wait until it is over, a minute at most.

        :param volume: 0 to 1.
        :returns: its length in seconds, if the phone says.
        :raises mentra.errors.Refused: it was not played.
        """
        return await self.sounds.play(url, volume=volume, track=track)

    async def speak_live(
        self, chunks: AsyncIterable[bytes], *, content_type: str = "audio/mpeg", volume: float = 1.0
    ) -> None:
        """Have the phone play sound that is still being made; wait until all of it is played.

        :param chunks: the sound, e.g. of an MP3 file.
        :raises mentra.errors.Refused: it was not played.
        """
        await self.sounds.speak(chunks, content_type=content_type, volume=volume)

    def stop_audio(self, track: int | None = None) -> bool:
        """End the app's sound on one track, or all of it."""
        return self.sounds.end(track)

    # -- its life

    async def connect(self) -> None:
        """Join the user's session; return once the cloud has said yes.

        :raises mentra.errors.MentraError: it has not, within five seconds.
        """
        await self._link.connect()

    async def disconnect(self, reason: str = "", *, release: bool = False) -> None:
        """Leave.

        :param release: say first that it is meant, so that the cloud does not start the app again.
        """
        if release:
            self.send(OwnershipRelease(reason=reason))
        self._stop()
        await self._link.close(reason)

    def _stop(self) -> None:
        self._handlers.stop()
        self.photos.stop()
        self.places.stop()
        self.sounds.stop()

    # -- messages

    def _subscribe(self) -> None:
        # the list is always the whole one; right after the ack it may be empty, as clouds expect
        self.send(SubscriptionUpdate(subscriptions=self._handlers.streams()))

    def _receive(self, message: Message | bytes) -> None:
        reaction = self._reactions.get(type(message))
        if reaction is not None:
            reaction(message)

    def _audio(self, chunk: bytes) -> None:
        self._handlers.tell("audio_chunk", chunk)

    def _stream(self, message: heard.Stream) -> None:
        if message.stream_type == "location_update":
            self.places.told(message.data)
        self._handlers.tell(message.stream_type, message.data)

    def _acknowledged(self, message: heard.Acknowledged) -> None:
        self.settings.replace(message.settings)
        self.mentraos_settings = message.mentraos_settings or message.augmentos_settings or {}
        self.capabilities = message.capabilities or self.capabilities

    def _settings(self, message: heard.SettingsChanged) -> None:
        self.settings.replace(message.settings)

    def _user_settings(self, message: heard.UserSettingsChanged) -> None:
        self.mentraos_settings = message.settings

    def _capabilities(self, message: heard.Capabilities) -> None:
        self.capabilities = message.capabilities or self.capabilities

    def _device(self, message: heard.DeviceState) -> None:
        self.device = message.state if message.full_snapshot else self.device | message.state
        for watcher in self._watchers:
            try:
                watcher(message.state)
            except Exception:  # noqa: BLE001 - an app's bug costs this event only
                _log.exception("a handler of the glasses' state failed")

    def _rejected(self, message: heard.PermissionProblem) -> None:
        for detail in message.details:
            _log.warning("%s may not have %s", self.package_name, detail.get("stream"))

    def _problem(self, message: heard.ConnectionProblem) -> None:
        _log.warning("%s is told %s: %s", self.package_name, message.code, message.message)
