"""[openai_speech]: servers with OpenAI's interface for sound, OpenAI's own and those at home."""

from typing import Annotated

from msgspec import Meta

from mentra.extension import ConfigSection, Section
from mentra.interfaces.services import IServices
from mentra.providers import Key, Provider, read_key

NAME = "openai_speech"
HOME = "https://api.openai.com/v1"


class OpenAiSpeechSettings(Section, frozen=True, kw_only=True):
    """[openai_speech]: a server that hears or speaks through OpenAI's interface."""

    base_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^/\s].*)?$",
            description="Where the API is, e.g. http://127.0.0.1:8000/v1 for one on this machine, "
            "or https://api.openai.com/v1; empty: nowhere.",
        ),
    ] = ""
    key_file: Annotated[
        str,
        Meta(
            description="File with the API key, readable by its owner alone; empty: it wants none."
        ),
    ] = ""
    recognise: Annotated[
        str, Meta(description="The model that recognises speech; empty: none does.")
    ] = "whisper-1"
    languages: Annotated[
        tuple[str, ...],
        Meta(description="Languages that it recognises, BCP 47 tags."),
    ] = (
        "af", "ar", "hy", "az", "be", "bs", "bg", "ca", "zh", "hr", "cs", "da", "nl", "en", "et",
        "fi", "fr", "gl", "de", "el", "he", "hi", "hu", "is", "id", "it", "ja", "kn", "kk", "ko",
        "lv", "lt", "mk", "ms", "mr", "mi", "ne", "no", "fa", "pl", "pt", "ro", "ru", "sr", "sk",
        "sl", "es", "sw", "sv", "tl", "ta", "th", "tr", "uk", "ur", "vi", "cy", "auto",
    )  # fmt: skip
    speak: Annotated[str, Meta(description="The model that speaks; empty: none does.")] = "tts-1"
    voices: Annotated[
        tuple[str, ...],
        Meta(description="Voices that it has, the preferred one first; empty: whatever is asked."),
    ] = ("alloy", "ash", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer")
    timeout: Annotated[
        float,
        Meta(
            gt=0,
            le=300,
            description="Seconds from the end of an utterance to its text, or from a text to all "
            "of its sound, all attempts together.",
        ),
    ] = 20.0


openai_speech_section = ConfigSection("openai_speech", OpenAiSpeechSettings)


class Server:
    """What both engines know of it."""

    def __init__(self, services: IServices) -> None:
        self.settings: OpenAiSpeechSettings = services.settings(OpenAiSpeechSettings)
        self.base_url = self.settings.base_url.rstrip("/")
        self.key: Key = read_key(services, self.settings.key_file, "the key of openai_speech")
        self.provider = Provider(NAME, services)
        self.headers = {"Authorization": f"Bearer {self.key.value}"} if self.key.value else {}

    def unavailable(self, model: str, setting: str) -> str | None:
        """What is not configured."""
        if not self.base_url:
            return f"set {NAME}.base_url to the URL of a server with OpenAI's interface"
        if not model:
            return f"set {NAME}.{setting} to the name of a model"
        if self.base_url == HOME and self.key.problem is None and not self.key.value:
            return f"set {NAME}.key_file to a file with your key of OpenAI"
        return self.key.problem

    def addresses(self) -> tuple[str, ...]:
        """Its URL."""
        return (self.base_url,) if self.base_url else ()
