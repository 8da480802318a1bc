"""Speech rises and falls; a fan, a tone or a waterfall does not.

Detectors of voice activity take any loud noise for speech, and recognisers make words of it.
"""

import math
from array import array
from collections import deque
from collections.abc import Sequence
from operator import mul, sub

WINDOW = 30
"""Frames of 20 ms that are looked back upon."""

FEWEST = 6
"""Of them so many must be there before something is said about them."""

SPREAD = 6.0
"""Decibels between a loud and a quiet frame of speech, the loudest and the quietest fifth aside.
Sentences have 8 and more, white noise 1 or 2, slow rumble up to 6."""

SPREAD_OF_STEPS = 3.0
"""The same where only what changes from sample to sample counts: there rumble has no more than
white noise, and in white noise speech does not show."""

EVERY = 4
"""One of so many pairs of samples is looked at: enough, and it takes a quarter of the time."""

FORGET = 10
"""After so many frames that are not even noise, what was before them counts no more."""


class Liveliness:
    """Of one wearer's sound."""

    __slots__ = ("_levels", "_quiet", "_steps")

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=WINDOW)
        self._steps: deque[float] = deque(maxlen=WINDOW)
        self._quiet = 0

    def passed(self) -> None:
        """A frame came that nobody takes for speech."""
        self._quiet += 1
        if self._quiet > FORGET:
            self._levels.clear()
            self._steps.clear()

    def is_lively(self, frame: bytes) -> bool:
        """Whether what came lately, with *frame* as the last of it, rises and falls.

        :param frame: mono PCM, int16, in this machine's byte order.
        """
        self._quiet = 0
        samples = array("h", frame)
        first, second = samples[::EVERY], samples[1::EVERY]
        self._levels.append(_decibels(first))
        self._steps.append(_decibels(list(map(sub, second, first))))
        return _spread(self._steps) >= SPREAD_OF_STEPS or _spread(self._levels) >= SPREAD


def _decibels(samples: Sequence[int]) -> float:
    return 10 * math.log10(1 + sum(map(mul, samples, samples)))


def _spread(levels: deque[float]) -> float:
    count = len(levels)
    if count < FEWEST:
        return 0.0
    ordered = sorted(levels)
    return ordered[count * 4 // 5] - ordered[count // 5]
