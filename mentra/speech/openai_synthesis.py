"""Texts as sound, by a server with OpenAI's interface.

Source: platform.openai.com/docs/api-reference/audio, ``POST /v1/audio/speech``.
"""

from typing import Any

from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import EngineFactory
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import ISynthesis
from mentra.providers import broken
from mentra.speech.openai_speech import NAME, Server
from mentra.speech.sound_files import WAV, SoundFile

LONGEST_TEXT = 4096
"""Characters that are spoken at once; OpenAI takes no more."""

MOST_SOUND = 30_000_000
"""Bytes of one speech."""

SLOWEST, FASTEST = 0.25, 4.0


@implementer(ISynthesis)
class OpenAiSynthesis:
    """A request for each text."""

    name = NAME

    def __init__(self, services: IServices) -> None:
        self._server = Server(services)

    @property
    def voices(self) -> tuple[str, ...]:
        """Those of the configuration."""
        return self._server.settings.voices

    def unavailable(self) -> str | None:
        """What is not configured."""
        return self._server.unavailable(self._server.settings.speak, "speak")

    def addresses(self) -> tuple[str, ...]:
        """The server's."""
        return self._server.addresses()

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
        server = self._server
        answer = await server.provider.ask(
            "POST",
            f"{server.base_url}/audio/speech",
            within=server.settings.timeout,
            headers=server.headers,
            max_bytes=MOST_SOUND,
            json={
                "model": model or server.settings.speak,
                "input": text,
                "voice": self._voice(voice),
                "response_format": "wav",
                **_speed(settings),
            },
        )
        # some say nothing of its kind, or that it is just bytes
        if not answer.body.startswith(b"RIFF"):
            raise broken(NAME, "does not answer with a WAV file")
        return SoundFile(answer.body, WAV)

    def _voice(self, voice: str | None) -> str:
        known = self.voices
        if voice is not None and known and voice not in known:
            raise Refused("UNKNOWN_VOICE", f"{NAME} has no voice {voice[:60]!r}", where="app")
        return voice or next(iter(known), "default")


def _speed(settings: Any) -> dict[str, float]:
    told = settings.get("speed") if isinstance(settings, dict) else None
    if isinstance(told, bool) or not isinstance(told, int | float):
        return {}
    return {"speed": min(FASTEST, max(SLOWEST, told))}


openai_synthesis = EngineFactory(ISynthesis, NAME, OpenAiSynthesis)
