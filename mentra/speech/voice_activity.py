"""Whether somebody speaks: by WebRTC's detector, which the package webrtcvad-wheels brings along
(``pip install mentra[speech]``)."""

from importlib.util import find_spec
from typing import Annotated, Any

from msgspec import Meta
from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import ConfigSection, EngineFactory, Section
from mentra.interfaces.engines import IEngines
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import IVoiceDetection, IVoiceDetector
from mentra.speech.endpointing import FRAME_BYTES, Endpointer
from mentra.speech.liveliness import Liveliness
from mentra.speech.settings import SpeechSettings

RATE = 16_000

MISSING = "Voice detection needs a package that is not installed: pip install 'mentra[speech]'"


class VoiceActivitySettings(Section, frozen=True, kw_only=True):
    """[voice_activity]: where somebody begins to speak, and where they end."""

    mode: Annotated[
        int,
        Meta(
            ge=0,
            le=3,
            description="How sure webrtc is to be that it is speech: 0 takes much for it that is "
            "none, 3 misses what is said quietly.",
        ),
    ] = 2
    silence: Annotated[
        float,
        Meta(ge=0.1, le=10, description="Seconds without speech that end an utterance."),
    ] = 0.8
    pre_roll: Annotated[
        float,
        Meta(ge=0, le=2, description="Seconds of sound before the first speech that belong to it."),
    ] = 0.4
    longest: Annotated[
        float,
        Meta(
            ge=2, le=60, description="Seconds of the longest utterance; what is longer is divided."
        ),
    ] = 20.0


voice_activity_section = ConfigSection("voice_activity", VoiceActivitySettings)


@implementer(IVoiceDetector)
class WebrtcDetector:
    """One wearer's."""

    __slots__ = ("_is_speech", "_liveliness")

    def __init__(self, is_speech: Any) -> None:
        self._is_speech = is_speech
        self._liveliness = Liveliness()

    def is_speech(self, frame: bytes) -> bool:
        """Whether somebody speaks in *frame*.

        :raises ValueError: it is not 20 ms.
        """
        if len(frame) != FRAME_BYTES:
            raise ValueError(f"a frame has {FRAME_BYTES} bytes, not {len(frame)}")
        if self._is_speech(frame, RATE):
            return self._liveliness.is_lively(frame)
        self._liveliness.passed()
        return False


@implementer(IVoiceDetection)
class WebrtcDetection:
    """Makes detectors; each takes some microseconds for a frame, so they need no process of
    their own."""

    name = "webrtc"

    def __init__(self, services: IServices) -> None:
        self._mode = services.settings(VoiceActivitySettings).mode
        # looked for without importing it, and once
        self._lacking = None if find_spec("webrtcvad") else MISSING

    def unavailable(self) -> str | None:
        """What to install."""
        return self._lacking

    def addresses(self) -> tuple[str, ...]:
        """None: it stays on this machine."""
        return ()

    def detector(self) -> WebrtcDetector:
        """A new one, for one wearer.

        :raises Refused: the package is not installed.
        """
        if self._lacking is not None:
            raise Refused("ENGINE_UNAVAILABLE", self._lacking)
        from webrtcvad import Vad

        return WebrtcDetector(Vad(self._mode).is_speech)


webrtc_detection = EngineFactory(IVoiceDetection, WebrtcDetection.name, WebrtcDetection)


def voice_detection(services: IServices) -> Any:
    """The configured :class:`IVoiceDetection`.

    :raises NotThere: there is no engine of that name.
    """
    name = services.settings(SpeechSettings).voice_detection
    return IEngines(services).get(IVoiceDetection, name)


def endpointer(services: IServices) -> Endpointer:
    """A new one, for one wearer, as it is configured.

    :raises NotThere: there is no engine of that name.
    :raises Refused: code ``ENGINE_UNAVAILABLE``: it lacks something.
    """
    settings = services.settings(VoiceActivitySettings)
    return Endpointer(
        voice_detection(services).detector().is_speech,
        silence_ms=round(settings.silence * 1000),
        pre_roll_ms=round(settings.pre_roll * 1000),
        most_ms=round(settings.longest * 1000),
    )
