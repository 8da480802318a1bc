"""The detector of speech that is configured."""

from mentra.errors import NotThere
from mentra.interfaces.engines import IEngines
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import IVoiceDetection, IVoiceDetector
from mentra.speech.settings import SpeechSettings


def new_detector(services: IServices) -> IVoiceDetector | None:
    """A detector for one wearer, by ``[speech] voice_detection``; None where its engine is not
    there or cannot work."""
    name = services.settings(SpeechSettings).voice_detection
    engines = IEngines(services, None)
    if engines is None:
        return None
    try:
        detection = engines.get(IVoiceDetection, name)
    except NotThere:
        return None
    if detection.unavailable() is not None:
        return None
    detector: IVoiceDetector = detection.detector()
    return detector
