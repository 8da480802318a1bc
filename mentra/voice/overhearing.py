"""Speech that comes while an answer is given, and is to interrupt it."""

from mentra.interfaces.services import IServices
from mentra.messages.voice import SpeechData
from mentra.speech.detection import new_detector
from mentra.speech.endpointing import Endpointer, SpeechSound
from mentra.speech.loudness import Loudness
from mentra.voice.sounding import Sounding


class Overhearing:
    """One microphone during one answer.

    :ivar sounding: its pieces, in their order.
    """

    def __init__(self, services: IServices) -> None:
        self.sounding = Sounding(services)
        detector = new_detector(services) or Loudness()
        self._endpointer = Endpointer(detector.is_speech)

    def speech(self, piece: SpeechData) -> bytes | None:
        """The beginning of speech, with a moment from before it; None: nobody speaks yet.

        :raises Refused: the piece is none that can be understood.
        """
        events = self._endpointer.feed(self.sounding.pcm(piece) or b"")
        if not events:
            return None
        events += self._endpointer.flush()
        return b"".join(one.pcm for one in events if isinstance(one, SpeechSound))
