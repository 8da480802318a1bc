"""Deepgram, and servers of one's own that speak like it."""

from typing import Annotated

from msgspec import Meta
from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import ConfigSection, EngineFactory, Section
from mentra.hearing import Recognition
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import IRecogniser, IRecogniserListener
from mentra.providers import Rest, read_key
from mentra.speech.deepgram_dialect import DeepgramDialect, listen_url
from mentra.speech.far_stream import FarStream
from mentra.speech.tags import is_among, unknown_language

HOSTED = "wss://api.deepgram.com"


class DeepgramSettings(Section, frozen=True, kw_only=True):
    """[deepgram]: speech to text by Deepgram, or by a server of your own that speaks like it."""

    base_url: Annotated[
        str,
        Meta(pattern=r"^wss?://[^/\s].*$", description="Its URL, up to /v1/listen."),
    ] = HOSTED
    key_file: Annotated[
        str,
        Meta(description="File with the API key, readable by its owner alone."),
    ] = ""
    model: Annotated[str, Meta(min_length=1, description="Which of its models.")] = "nova-3"
    languages: Annotated[
        tuple[str, ...],
        Meta(
            description="Languages that the model knows, BCP 47 tags; one without a region stands "
            "for all of its regions.  auto is several at once, for models that can."
        ),
    ] = (
        "en", "es", "fr", "de", "it", "pt", "nl", "sv", "da", "no", "fi", "pl", "cs", "sk", "hu",
        "ro", "bg", "el", "uk", "ru", "tr", "ja", "ko", "hi", "id", "ms", "vi", "ca", "et", "lv",
        "lt", "auto",
    )  # fmt: skip
    endpointing: Annotated[
        float, Meta(ge=0.01, le=10, description="Seconds of silence that end an utterance.")
    ] = 0.3
    utterance_end: Annotated[
        float,
        Meta(ge=1, le=10, description="Seconds without a word that end it in noise, too."),
    ] = 1.0
    diarize: Annotated[bool, Meta(description="Whether speakers are told apart.")] = True


deepgram_section = ConfigSection("deepgram", DeepgramSettings)


@implementer(IRecogniser)
class Deepgram:
    """One connection for each wearer and language."""

    name = DeepgramDialect.name

    def __init__(self, services: IServices) -> None:
        self._services = services
        self._settings: DeepgramSettings = services.settings(DeepgramSettings)
        self._key = read_key(services, self._settings.key_file, "the key of Deepgram")
        self._rest = Rest(self.name, services.clock)

    def unavailable(self) -> str | None:
        """Whether there is a key, where one is needed."""
        if self._key.problem is None and not self._key.value and self._is_hosted:
            return "set deepgram.key_file to a file with your key of Deepgram"
        return self._key.problem

    def addresses(self) -> tuple[str, ...]:
        """Where the sound goes."""
        return (self._settings.base_url,)

    def speaks(self, language: str) -> bool:
        """Whether the model is said to know it."""
        return is_among(language, self._settings.languages)

    def open(self, wanted: Recognition, listener: IRecogniserListener) -> FarStream:
        """A connection of its own.

        :raises Refused: it is not configured, does not know the language, or wants a rest.
        """
        lacking = self.unavailable()
        if lacking is not None:
            raise Refused("ENGINE_UNAVAILABLE", lacking, where="provider")
        if not self.speaks(wanted.language):
            raise unknown_language(self.name, wanted.language, "deepgram.languages")
        self._rest.refuse()
        dialect = DeepgramDialect(self._url(wanted), self._key.value, interim=wanted.interim)
        return FarStream(self._services, dialect, self._rest, listener)

    @property
    def _is_hosted(self) -> bool:
        return self._settings.base_url.rstrip("/") == HOSTED

    def _url(self, wanted: Recognition) -> str:
        settings = self._settings
        return listen_url(
            settings.base_url,
            wanted,
            model=settings.model,
            endpointing=settings.endpointing,
            utterance_end=settings.utterance_end,
            diarize=settings.diarize,
        )


deepgram = EngineFactory(IRecogniser, Deepgram.name, Deepgram)
