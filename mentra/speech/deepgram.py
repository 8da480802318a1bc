"""Deepgram, and servers of one's own that speak like it."""

from typing import Annotated

from msgspec import Meta
from zope.interface import implementer

from mentra.extension import ConfigSection, EngineFactory, Section
from mentra.hearing import Recognition
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import IRecogniser
from mentra.providers import KeyFile, read_key
from mentra.speech.deepgram_dialect import DeepgramDialect, listen_url
from mentra.speech.far_recogniser import FarRecogniser

HOSTED = "wss://api.deepgram.com"


class DeepgramSettings(Section, frozen=True, kw_only=True):
    """[deepgram]: speech to text by Deepgram, or by a server of your own that speaks like it."""

    base_url: Annotated[
        str,
        Meta(pattern=r"^wss?://[^/\s].*$", description="Its URL, up to /v1/listen."),
    ] = HOSTED
    key_file: KeyFile = ""
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
class Deepgram(FarRecogniser):
    """One connection for each wearer and language."""

    name = DeepgramDialect.name
    company = "Deepgram"
    hosted = HOSTED

    def __init__(self, services: IServices) -> None:
        settings: DeepgramSettings = services.settings(DeepgramSettings)
        self._settings = settings
        super().__init__(
            services,
            url=settings.base_url,
            key=read_key(services, settings.key_file, "the key of Deepgram"),
            languages=settings.languages,
        )

    def _dialect(self, wanted: Recognition) -> DeepgramDialect:
        settings = self._settings
        url = listen_url(
            settings.base_url,
            wanted,
            model=settings.model,
            endpointing=settings.endpointing,
            utterance_end=settings.utterance_end,
            diarize=settings.diarize,
        )
        return DeepgramDialect(url, self._key.value, interim=wanted.interim)


deepgram = EngineFactory(IRecogniser, Deepgram.name, Deepgram)
