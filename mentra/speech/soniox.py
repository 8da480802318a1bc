"""Soniox, which transcribes and translates on the way."""

from typing import Annotated

from msgspec import Meta
from zope.interface import implementer

from mentra.extension import ConfigSection, EngineFactory, Section
from mentra.hearing import Recognition
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import (
    IRecogniser,
    ITranslatingRecogniser,
)
from mentra.providers import KeyFile, read_key
from mentra.speech.far_recogniser import FarRecogniser
from mentra.speech.soniox_dialect import SonioxDialect, configuration
from mentra.speech.tags import AUTO

HOSTED = "wss://stt-rt.soniox.com/transcribe-websocket"


class SonioxSettings(Section, frozen=True, kw_only=True):
    """[soniox]: speech to text, and into other languages, by Soniox."""

    url: Annotated[
        str, Meta(pattern=r"^wss?://[^/\s].*$", description="Its URL, another region's perhaps.")
    ] = HOSTED
    key_file: KeyFile = ""
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
class Soniox(FarRecogniser):
    """One connection for each wearer and language."""

    name = SonioxDialect.name
    company = "Soniox"
    hosted = HOSTED

    def __init__(self, services: IServices) -> None:
        settings: SonioxSettings = services.settings(SonioxSettings)
        self._settings = settings
        super().__init__(
            services,
            url=settings.url,
            key=read_key(services, settings.key_file, "the key of Soniox", given=settings.api_key),
            languages=settings.languages,
        )

    def translates(self, source: str, target: str) -> bool:
        """Whether both are languages that it knows."""
        return self.speaks(source) and target != AUTO and self.speaks(target)

    def _dialect(self, wanted: Recognition) -> SonioxDialect:
        settings, key = self._settings, self._key.value
        configured = configuration(wanted, key=key, model=settings.model, diarize=settings.diarize)
        return SonioxDialect(settings.url, key, configured, interim=wanted.interim)


soniox = EngineFactory(IRecogniser, Soniox.name, Soniox)
