"""Glasses made of software: they hold the connection, keep what is shown, and say what is done."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import msgspec

from mentra.errors import Malformed, Refused
from mentra.messages import Message
from mentra.messages.apps import StartApp, StopApp
from mentra.messages.session import Ping, Pong
from mentra.sdk import seen
from mentra.sdk.camera import Camera
from mentra.sdk.frames import encode
from mentra.sdk.line import Line, Unreachable
from mentra.sdk.microphone import Microphone
from mentra.sdk.player import Player

RETRY_SECONDS = 5.0
"""Between two tries to connect, as phones do."""

_FINAL_CODES = (1000, 1008)
_WORD_MS = 400
_log = logging.getLogger(__name__)


def glasses_url(server: str) -> str:
    """The socket of *server* for glasses: ``http``/``https`` become ``ws``/``wss``, and an address
    without a path gets the usual one."""
    parts = urlsplit(server if "://" in server else f"ws://{server}")
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    return urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") or "/glasses-ws", "", ""))


class GlassesClient:
    """Call :meth:`run`, and the rest while it runs.

    Requests for pictures are fulfilled, sounds are over as soon as they begin; streams and the like
    find nobody.

    :param server: address of the server, e.g. ``http://127.0.0.1:8002``.
    :param token: the user's.
    :ivar connected: whether the server has said that the session stands.
    :ivar shown: what each view shows: ``main`` and ``dashboard``.
    :ivar looking_up: what :meth:`move_head` said last.
    :ivar camera: what answers requests for pictures.
    :ivar place: what :meth:`move` said last; questions for the location are answered with it.
    :ivar tier: how exactly the server wants the location.
    :ivar player: what plays the sounds that apps ask for.
    :ivar microphone: what hears sound.
    :ivar microphone_on: whether the server wants audio.
    :ivar problem: why there is no connection, for people; empty if there is one.
    """

    def __init__(
        self,
        server: str,
        token: str,
        *,
        model: str = "Simulated Glasses",
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self.url = glasses_url(server)
        self.model = model
        self.connected = False
        self.shown: dict[str, seen.Draw] = {}
        self.looking_up = False
        self.microphone_on = False
        self.problem = ""
        self.camera = Camera(self.url, token, self.send, self._changed)
        self.player = Player(self.send, self._changed)
        self.microphone = Microphone(self.send_audio)
        self.place: seen.Moved | None = None
        self.tier = "reduced"
        self._token = token
        self._retry_seconds = retry_seconds
        self._line: Line | None = None
        self._listeners: list[Callable[[], None]] = []
        self._hearers: list[Callable[[str | bytes], None]] = []
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._spoken_ms = 0
        self._reactions: dict[type, Callable[[Any], None]] = {
            seen.Acknowledged: self._acknowledged,
            seen.ConnectionProblem: self._refused,
            seen.Draw: self._draw,
            seen.Locate: self._locate,
            seen.Microphone: self._microphone,
            Ping: self._ping,
            seen.Play: self.player.play,
            seen.TakePhoto: self.camera.take,
            seen.Tier: self._tier,
        }

    # -- what they show

    @property
    def visible(self) -> seen.Draw | None:
        """What the wearer sees: looking up, the dashboard if there is one; else the main view."""
        main = self.shown.get("main")
        return self.shown.get("dashboard", main) if self.looking_up else main

    def watch(self, listener: Callable[[], None]) -> None:
        """Have *listener* called after every change of what can be read here."""
        self._listeners.append(listener)

    def overhear(self, hearer: Callable[[str | bytes], None]) -> None:
        """Have *hearer* called with every frame, as it came, before anything is done about it."""
        self._hearers.append(hearer)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until *holds* says True; it is asked now and at every change."""
        if holds():
            return
        waiting = (holds, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        try:
            await waiting[1]
        finally:
            self._waiting.remove(waiting)

    # -- what the wearer does; False if the connection is down

    def press_button(self, button_id: str = "main", *, long: bool = False) -> bool:
        """Press a button, briefly or not."""
        press_type = "long" if long else "short"
        return self.send(seen.ButtonPress(button_id=button_id, press_type=press_type))

    def move_head(self, *, up: bool) -> bool:
        """Look up, or straight on."""
        self.looking_up = up
        self._changed()
        return self.send(seen.HeadPosition(position="up" if up else "down"))

    def move(self, lat: float, lng: float, *, accuracy: float | None = None) -> bool:
        """Be somewhere else: degrees north and east, metres."""
        self.place = seen.Moved(lat=lat, lng=lng, accuracy=accuracy)
        self._changed()
        return self.send(self.place)

    def speak(self, text: str, language: str = "en-US", *, is_final: bool = True) -> bool:
        """Say something that was recognised here."""
        start = self._spoken_ms
        self._spoken_ms += _WORD_MS * len(text.split())
        speech = seen.Speech(
            text=text,
            is_final=is_final,
            start_time=start,
            end_time=self._spoken_ms,
            speaker_id=0,
            transcribe_language=language,
            provider="simulated",
        )
        return self.send(speech)

    def send_audio(self, chunk: bytes) -> bool:
        """Send sound: mono PCM, int16 little endian, 16 kHz."""
        return self._line is not None and self._line.send(chunk)

    def report_battery(self, level: int, *, charging: bool = False) -> bool:
        """Tell the battery's level, percent."""
        return self.send(seen.Battery(level=level, charging=charging))

    def report_connection(self, *, connected: bool) -> bool:
        """Tell whether the glasses are connected to the phone; done by itself at the start."""
        status = "CONNECTED" if connected else "DISCONNECTED"
        return self.send(seen.ConnectionState(model_name=self.model, status=status))

    def start_app(self, package_name: str) -> bool:
        """Start an app."""
        return self.send(StartApp(package_name=package_name))

    def stop_app(self, package_name: str) -> bool:
        """Stop an app."""
        return self.send(StopApp(package_name=package_name))

    def send(self, message: Message) -> bool:
        """Send any message; the time is put in."""
        return self.send_text(encode(message))

    def send_text(self, frame: str) -> bool:
        """Send a text frame, as it is."""
        return self._line is not None and self._line.send(frame)

    # -- the connection

    def lose_connection(self) -> bool:
        """Be gone without a goodbye, as when the network is lost; :meth:`run` connects again.

        :returns: whether there was a connection.
        """
        if self._line is None:
            return False
        self._line.abort()
        return True

    async def run(self) -> None:
        """Be connected, trying again every few seconds, until cancelled.

        :raises Refused: the server will not have these glasses: bad token, or another connection
            took over.
        """
        async with aiohttp.ClientSession() as http:
            while True:
                try:
                    await self._connection(http)
                except Unreachable as lost:
                    self.problem = str(lost)
                    self._changed()
                await asyncio.sleep(self._retry_seconds)

    async def _connection(self, http: aiohttp.ClientSession) -> None:
        try:
            line = await Line.open(http, self.url, {"Authorization": f"Bearer {self._token}"})
        except Refused as refused:
            if refused.code == "HTTP_401":
                raise Refused("INVALID_TOKEN", f"{self.url} does not accept the token") from None
            raise
        self._line = line
        try:
            async for frame in line.frames():
                self._receive(frame)
        finally:
            self._line = None
            self.connected = False
            await self.camera.stop()
            await self.player.stop()
            await line.close()
        why = line.reason or f"code {line.close_code}"
        if line.close_code in _FINAL_CODES:
            raise Refused("CLOSED", f"the server closed the connection: {why}")
        raise Unreachable(f"the connection was lost: {why}")

    def _receive(self, frame: str | bytes) -> None:
        for hearer in self._hearers:
            hearer(frame)
        if isinstance(frame, bytes):
            return
        try:
            message = seen.vocabulary.read(frame)
        except Malformed as problem:
            _log.warning("the server sent %s", problem)
            return
        reaction = self._reactions.get(type(message))
        if reaction is not None:
            reaction(message)
            self._changed()

    def _acknowledged(self, message: seen.Acknowledged) -> None:
        first, self.connected, self.problem = not self.connected, True, ""
        if first:
            self.report_connection(connected=True)

    def _refused(self, message: seen.ConnectionProblem) -> None:
        self.problem = message.message or message.code or "refused"

    def _draw(self, message: seen.Draw) -> None:
        self.shown["dashboard" if message.view == "dashboard" else "main"] = message

    def _microphone(self, message: seen.Microphone) -> None:
        wanted = message.required_data
        self.microphone_on = message.is_microphone_enabled if wanted is None else bool(wanted)

    def _locate(self, message: seen.Locate) -> None:
        if self.place is not None:
            answer = msgspec.structs.replace(self.place, correlation_id=message.correlation_id)
            self.send(answer)

    def _tier(self, message: seen.Tier) -> None:
        self.tier = message.tier

    def _ping(self, message: Ping) -> None:
        self.send(Pong())

    def _changed(self) -> None:
        for listener in self._listeners:
            listener()
        for holds, waiting in tuple(self._waiting):
            if not waiting.done() and holds():
                waiting.set_result(None)
