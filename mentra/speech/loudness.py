"""Tells sound from silence, where nothing is installed that tells speech from other sound."""

import sys
from array import array

from zope.interface import implementer

from mentra.interfaces.speech import IVoiceDetector

LOUD = 1200
"""Of 32,767; somebody who speaks into a microphone is louder, a quiet room is not."""


@implementer(IVoiceDetector)
class Loudness:
    """Takes everything for speech that is loud enough."""

    def is_speech(self, frame: bytes) -> bool:
        """Whether *frame* is loud."""
        samples = array("h", frame)
        if sys.byteorder == "big":
            samples.byteswap()
        return bool(samples) and max(max(samples), -min(samples)) >= LOUD
