"""What the assistant can do here, with the engines that are installed."""

from typing import Any

import attrs

from mentra.interfaces.engines import ISynthesiser
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import IRecognition
from mentra.voice.settings import VoiceSettings

NOBODY_HEARS = "Nobody here recognises speech"
NOBODY_SPEAKS = "Nobody here speaks: answers are text alone"


@attrs.frozen
class Abilities:
    """What a client is told when it comes in.

    :ivar hears: whether speech is understood.
    :ivar speaks: whether answers are spoken.
    :ivar notice: why not, for people; None where both are.
    """

    hears: bool
    speaks: bool
    notice: str | None


def abilities(services: IServices) -> Abilities:
    """Looked at anew each time: engines come and go."""
    settings: VoiceSettings = services.settings(VoiceSettings)
    recognition: Any = IRecognition(services, None)
    deaf = NOBODY_HEARS if recognition is None else recognition.why_not(settings.language)
    mute = _mute(services, settings)
    return Abilities(deaf is None, mute is None, "; ".join(filter(None, (deaf, mute))) or None)


def _mute(services: IServices, settings: VoiceSettings) -> str | None:
    synthesiser: Any = ISynthesiser(services, None)
    if synthesiser is None or not settings.speak:
        return NOBODY_SPEAKS
    why_not: str | None = synthesiser.why_not()
    return why_not
