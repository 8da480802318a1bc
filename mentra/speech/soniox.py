"""Soniox, which transcribes and translates on the way."""

from typing import Annotated

from msgspec import Meta
from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import ConfigSection, EngineFactory, Section
from mentra.hearing import Recognition
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import (
    IRecogniser,
    IRecogniserListener,
    ITranslatingRecogniser,
)
from mentra.providers import Rest, read_key
from mentra.speech.far_stream import FarStream
from mentra.speech.soniox_dialect import SonioxDialect, configuration
from mentra.speech.tags import AUTO, is_among, unknown_language

HOSTED = "wss://stt-rt.soniox.com/transcribe-websocket"


class SonioxSettings(Section, frozen=True, kw_only=True):
    """[soniox]: speech to text, and into other languages, by Soniox."""

    url: Annotated[
        str, Meta(pattern=r"^wss?://[^/\s].*$", description="Its URL, another region's perhaps.")
    ] = HOSTED
    key_file: Annotated[
        str, Meta(description="File with the API key, readable by its owner alone.")
    ] = ""
    api_key: Annotated[
        str,
        Meta(
            description="The key itself, where the environment has it; better a key_file.",
            extra={"secret": True},
        ),
    ] = ""
    model: Annotated[str, Meta(min_length=1, description="Which of its models.")] = "stt-rt-v4"
    languages: Annotated[
        tuple[str, ...],
        Meta(
            description="Languages that the model knows, BCP 47 tags; one without a region stands "
            "for all of its regions.  auto is whichever is spoken."
        ),
    ] = (
        "af", "sq", "ar", "az", "eu", "be", "bn", "bs", "bg", "ca", "zh", "hr", "cs", "da", "nl",
        "en", "et", "fi", "fr", "gl", "de", "el", "gu", "he", "hi", "hu", "id", "it", "ja", "kn",
        "kk", "ko", "lv", "lt", "mk", "ms", "ml", "mr", "no", "fa", "pl", "pt", "pa", "ro", "ru",
        "sr", "sk", "sl", "es", "sw", "sv", "tl", "ta", "te", "th", "tr", "uk", "ur", "vi", "cy",
        "auto",
    )  # fmt: skip
    diarize: Annotated[bool, Meta(description="Whether speakers are told apart.")] = True


soniox_section = ConfigSection("soniox", SonioxSettings)


@implementer(ITranslatingRecogniser)
class Soniox:
    """One connection for each wearer and language."""

    name = SonioxDialect.name

    def __init__(self, services: IServices) -> None:
        self._services = services
        self._settings: SonioxSettings = services.settings(SonioxSettings)
        self._key = read_key(
            services, self._settings.key_file, "the key of Soniox", given=self._settings.api_key
        )
        self._rest = Rest(self.name, services.clock)

    def unavailable(self) -> str | None:
        """Whether there is a key, where one is needed."""
        if self._key.problem is None and not self._key.value and self._settings.url == HOSTED:
            return "set soniox.key_file to a file with your key of Soniox"
        return self._key.problem

    def addresses(self) -> tuple[str, ...]:
        """Where the sound goes."""
        return (self._settings.url,)

    def speaks(self, language: str) -> bool:
        """Whether the model is said to know it."""
        return is_among(language, self._settings.languages)

    def translates(self, source: str, target: str) -> bool:
        """Whether both are languages that it knows."""
        return self.speaks(source) and target != AUTO and self.speaks(target)

    def open(self, wanted: Recognition, listener: IRecogniserListener) -> FarStream:
        """A connection of its own.

        :raises Refused: it is not configured, does not know the language, or wants a rest.
        """
        lacking = self.unavailable()
        if lacking is not None:
            raise Refused("ENGINE_UNAVAILABLE", lacking, where="provider")
        if not self.speaks(wanted.language):
            raise unknown_language(self.name, wanted.language, "soniox.languages")
        self._rest.refuse()
        settings = self._settings
        configured = configuration(
            wanted, key=self._key.value, model=settings.model, diarize=settings.diarize
        )
        dialect = SonioxDialect(settings.url, self._key.value, configured, interim=wanted.interim)
        return FarStream(self._services, dialect, self._rest, listener)


soniox = EngineFactory(IRecogniser, Soniox.name, Soniox)
