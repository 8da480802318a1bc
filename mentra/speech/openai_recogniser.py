"""Whole utterances as text, by a server with OpenAI's interface.

Source: platform.openai.com/docs/api-reference/audio, ``POST /v1/audio/transcriptions``.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import EngineFactory
from mentra.hearing import Recognition
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import IEngineFigures, IRecogniser, IRecogniserListener
from mentra.providers import broken
from mentra.speech.multipart_form import Form
from mentra.speech.openai_speech import NAME, Server
from mentra.speech.sound_files import WAV, wav_of
from mentra.speech.tags import AUTO, base_of, is_among, unknown_language
from mentra.speech.utterances import Understood, UtteranceStream, endpointer_for

LONGEST_TRANSCRIPT = 10_000
"""Characters of one utterance."""

LONGEST_PROMPT = 800
"""Characters of all hints together."""


class _Transcription(msgspec.Struct, frozen=True):
    text: Annotated[str, Meta(max_length=LONGEST_TRANSCRIPT)]
    language: str | None = None


class WholeUtterance:
    """An utterance that is sent once it is over."""

    def __init__(self, server: Server, wanted: Recognition) -> None:
        self._server = server
        self._wanted = wanted
        self._sound: list[bytes] = []
        self._asking: Deferred[Understood] | None = None
        self.answer: Deferred[Understood] = Deferred(lambda _: self._give_up())

    def write(self, pcm: bytes) -> None:
        """Keep it."""
        self._sound.append(pcm)

    def finish(self) -> None:
        """Send it."""
        sound, self._sound = b"".join(self._sound), []
        self._asking = Deferred.fromCoroutine(self._ask(sound))
        self._asking.chainDeferred(self.answer)

    async def _ask(self, sound: bytes) -> Understood:
        server = self._server
        form = form_of(server.settings.recognise, self._wanted, sound)
        answer = await server.provider.ask(
            "POST",
            f"{server.base_url}/audio/transcriptions",
            within=server.settings.timeout,
            headers=server.headers,
            body=form.body,
            content_type=form.content_type,
        )
        try:
            said = msgspec.json.decode(answer.body, type=_Transcription)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            raise broken(NAME) from problem
        return Understood(said.text)

    def _give_up(self) -> None:
        if self._asking is not None:
            self._asking.cancel()


def form_of(model: str, wanted: Recognition, sound: bytes) -> Form:
    """What is sent."""
    fields = {"model": model, "response_format": "json"}
    if wanted.language != AUTO:
        fields["language"] = base_of(wanted.language)
    if wanted.hints:
        fields["prompt"] = ", ".join(wanted.hints)[:LONGEST_PROMPT]
    return Form.of(
        fields, name="file", filename="speech.wav", content_type=WAV, content=wav_of(sound)
    )


@implementer(IRecogniser)
class OpenAiRecogniser(Service):
    """A request for each utterance."""

    name = NAME

    def __init__(self, services: IServices) -> None:
        self._services = services
        self._server = Server(services)
        self._figures = IEngineFigures(services)
        self._streams: set[UtteranceStream] = set()

    def unavailable(self) -> str | None:
        """What is not configured."""
        return self._server.unavailable(self._server.settings.recognise, "recognise")

    def addresses(self) -> tuple[str, ...]:
        """The server's."""
        return self._server.addresses()

    def stopService(self) -> Any:
        """Give up what is under way."""
        for stream in tuple(self._streams):
            stream.close()
        return super().stopService()

    def speaks(self, language: str) -> bool:
        """Whether the model is said to know it."""
        return is_among(language, self._server.settings.languages)

    def open(self, wanted: Recognition, listener: IRecogniserListener) -> UtteranceStream:
        """Begin to recognise; nothing is told before an utterance is over.

        :raises Refused: it is not configured, does not know the language, or wants a rest.
        """
        lacking = self.unavailable()
        if lacking is not None:
            raise Refused("ENGINE_UNAVAILABLE", lacking, where="provider")
        if not self.speaks(wanted.language):
            raise unknown_language(self.name, wanted.language, f"{NAME}.languages")
        self._server.provider.rest.refuse()
        stream = UtteranceStream(
            self.name,
            endpointer_for(self._services),
            lambda so_far: WholeUtterance(self._server, wanted),
            listener,
            self._figures,
            interim=False,
            closed=self._streams.discard,
        )
        self._streams.add(stream)
        return stream


openai_recogniser = EngineFactory(IRecogniser, NAME, OpenAiRecogniser)
