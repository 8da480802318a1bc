"""Wyoming servers that speak: Piper and others."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import EngineFactory
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import ISynthesis
from mentra.providers import broken
from mentra.speech.sound_files import SoundFile, wav_of
from mentra.speech.wyoming_call import NAME, Call
from mentra.speech.wyoming_events import Event, read_as
from mentra.speech.wyoming_server import Described
from mentra.speech.wyoming_settings import WyomingSettings

LONGEST_TEXT = 5000
"""Characters that are spoken at once."""

MOST_SOUND = 30_000_000
"""Bytes of one speech."""


class _Format(msgspec.Struct, frozen=True):
    rate: Annotated[int, Meta(ge=1000, le=192_000)]
    width: Annotated[int, Meta(ge=1, le=4)]
    channels: Annotated[int, Meta(ge=1, le=8)]


class Saying:
    """A text on its way to becoming sound."""

    def __init__(self, services: IServices, address: str, asked: dict[str, Any], within: float):
        self._format: _Format | None = None
        self._sound: list[bytes] = []
        self._size = 0
        call = Call(services, address, self._heard, within=within)
        call.say(Event("synthesize", asked))
        self.answer: Deferred[SoundFile] = call.answer

    def _heard(self, event: Event) -> SoundFile | None:
        match event.type:
            case "audio-start":
                self._format = read_as(event, _Format, NAME)
            case "audio-chunk":
                self._add(event.payload)
            case "audio-stop":
                return self._whole()
        return None

    def _add(self, pcm: bytes) -> None:
        self._sound.append(pcm)
        self._size += len(pcm)
        if self._size > MOST_SOUND:
            raise broken(NAME, "does not stop speaking")

    def _whole(self) -> SoundFile:
        told = self._format
        if told is None:
            raise broken(NAME, "does not say what its sound is")
        pcm = b"".join(self._sound)
        return SoundFile(wav_of(pcm, rate=told.rate, width=told.width, channels=told.channels))


@implementer(ISynthesis)
class WyomingSynthesis(Service):
    """A connection for each text."""

    name = NAME

    def __init__(self, services: IServices) -> None:
        self._services = services
        self._settings: WyomingSettings = services.settings(WyomingSettings)
        self._server = Described(services, self._settings.speak)
        self._under_way: set[Deferred[SoundFile]] = set()

    def unavailable(self) -> str | None:
        """Whether it is configured."""
        if not self._settings.speak:
            return "set wyoming.speak to the address of a Wyoming server"
        return None

    def addresses(self) -> tuple[str, ...]:
        """The server's."""
        return (self._settings.speak,) if self._settings.speak else ()

    def stopService(self) -> Any:
        """Hang up."""
        self._server.forget()
        for answer in tuple(self._under_way):
            answer.cancel()
        return super().stopService()

    @property
    def voices(self) -> tuple[str, ...]:
        """The configured one, then those the server says it has."""
        if self._settings.speak:
            self._server.learn()
        info = self._server.info
        told = () if info is None else info.voices()
        configured = (self._settings.voice,) if self._settings.voice else ()
        return tuple(dict.fromkeys((*configured, *told)))

    async def speak(
        self, text: str, voice: str | None, model: str | None, settings: Any
    ) -> SoundFile:
        """*text* as a WAV file.

        :raises Refused: the server cannot.
        """
        lacking = self.unavailable()
        if lacking is not None:
            raise Refused("ENGINE_UNAVAILABLE", lacking, where="provider")
        if len(text) > LONGEST_TEXT:
            raise Refused(
                "TEXT_TOO_LONG", f"a text has at most {LONGEST_TEXT} characters", where="app"
            )
        asked: dict[str, Any] = {"text": text}
        chosen = self._voice(voice)
        if chosen:
            asked["voice"] = {"name": chosen}
        saying = Saying(self._services, self._settings.speak, asked, self._settings.timeout)
        self._under_way.add(saying.answer)
        try:
            return await saying.answer
        finally:
            self._under_way.discard(saying.answer)

    def _voice(self, voice: str | None) -> str:
        known = self.voices
        if voice is not None and self._server.info is not None and voice not in known:
            raise Refused("UNKNOWN_VOICE", f"{NAME} has no voice {voice[:60]!r}", where="app")
        return voice or self._settings.voice


wyoming_synthesis = EngineFactory(ISynthesis, NAME, WyomingSynthesis)
