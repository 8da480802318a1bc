"""Wyoming servers that hear: Whisper, Vosk and others."""

from collections.abc import Callable
from typing import Any

import msgspec
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import EngineFactory
from mentra.hearing import Recognition
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import IEngineFigures, IRecogniser, IRecogniserListener
from mentra.providers import broken
from mentra.speech.tags import AUTO, base_of, is_among, spelt, unknown_language
from mentra.speech.utterances import Understood, UtteranceStream, endpointer_for
from mentra.speech.wyoming_call import NAME, Call
from mentra.speech.wyoming_events import Event, read_as
from mentra.speech.wyoming_server import Described
from mentra.speech.wyoming_settings import WyomingSettings

LONGEST_TEXT = 5000
"""Characters of one utterance."""


class _Transcript(msgspec.Struct, frozen=True):
    text: str
    language: str | None = None


class _Chunk(msgspec.Struct, frozen=True):
    text: str


SOUND = {"rate": 16_000, "width": 2, "channels": 1}


class Transcription:
    """One utterance on its way to a server, as it is spoken: by the time it ends most of it is
    there."""

    def __init__(
        self,
        services: IServices,
        address: str,
        asked: dict[str, Any],
        so_far: Callable[[str], None],
        within: float,
    ) -> None:
        self._call = Call(services, address, self._heard)
        self._so_far = so_far
        self._within = within
        self._text = ""
        self._sent = 0
        self.answer: Deferred[Understood] = self._call.answer
        self._call.say(Event("transcribe", asked))
        self._call.say(Event("audio-start", {**SOUND, "timestamp": 0}))

    def write(self, pcm: bytes) -> None:
        """Sound of it."""
        self._call.say(Event("audio-chunk", {**SOUND, "timestamp": self._at}, pcm))
        self._sent += len(pcm)

    def finish(self) -> None:
        """That was all."""
        self._call.say(Event("audio-stop", {"timestamp": self._at}))
        self._call.limit(self._within)

    @property
    def _at(self) -> int:
        return self._sent // 32

    def _heard(self, event: Event) -> Understood | None:
        match event.type:
            case "transcript":
                said = read_as(event, _Transcript, NAME)
                return Understood(said.text, said.language)
            case "transcript-chunk":
                self._text += read_as(event, _Chunk, NAME).text
                if len(self._text) > LONGEST_TEXT:
                    raise broken(NAME, "does not stop transcribing")
                self._so_far(self._text)
        return None


@implementer(IRecogniser)
class WyomingRecogniser(Service):
    """A connection for each utterance."""

    name = NAME

    def __init__(self, services: IServices) -> None:
        self._services = services
        self._settings: WyomingSettings = services.settings(WyomingSettings)
        self._figures = IEngineFigures(services)
        self._server = Described(services, self._settings.recognise)
        self._streams: set[UtteranceStream] = set()

    def unavailable(self) -> str | None:
        """Whether it is configured."""
        if not self._settings.recognise:
            return "set wyoming.recognise to the address of a Wyoming server"
        return None

    def addresses(self) -> tuple[str, ...]:
        """The server's."""
        return (self._settings.recognise,) if self._settings.recognise else ()

    def stopService(self) -> Any:
        """Hang up."""
        self._server.forget()
        for stream in tuple(self._streams):
            stream.close()
        return super().stopService()

    def speaks(self, language: str) -> bool:
        """As the configuration or the server says; while nobody has said, whatever is asked."""
        known = self._languages()
        return not known or language == AUTO or is_among(language, known)

    def open(self, wanted: Recognition, listener: IRecogniserListener) -> UtteranceStream:
        """Begin to recognise.

        :raises Refused: it is not configured, or does not know the language.
        """
        lacking = self.unavailable()
        if lacking is not None:
            raise Refused("ENGINE_UNAVAILABLE", lacking, where="provider")
        if not self.speaks(wanted.language):
            raise unknown_language(self.name, wanted.language, "wyoming.languages")
        settings = self._settings
        asked = self._asked(wanted)
        stream = UtteranceStream(
            self.name,
            endpointer_for(self._services),
            lambda so_far: Transcription(
                self._services, settings.recognise, asked, so_far, settings.timeout
            ),
            listener,
            self._figures,
            interim=wanted.interim,
            closed=self._streams.discard,
        )
        self._streams.add(stream)
        return stream

    def _languages(self) -> frozenset[str]:
        if self._settings.languages:
            return frozenset(self._settings.languages)
        if not self._settings.recognise:
            return frozenset()
        self._server.learn()
        info = self._server.info
        return frozenset() if info is None else info.languages(self._settings.model)

    def _asked(self, wanted: Recognition) -> dict[str, Any]:
        asked: dict[str, Any] = {}
        if self._settings.model:
            asked["name"] = self._settings.model
        if wanted.language != AUTO:
            known = self._languages()
            asked["language"] = spelt(wanted.language, known) or base_of(wanted.language)
        if wanted.hints:
            asked["transcript_terms"] = [hint[:100] for hint in wanted.hints[:100]]
        return asked


wyoming_recogniser = EngineFactory(IRecogniser, NAME, WyomingRecogniser)
