"""Sound of another rate as the rest of the house wants it, by a proper filter.

The filter is soxr's, which the extra ``speech`` brings along.
"""

import importlib
from typing import Any

from twisted.internet.interfaces import IReactorThreads
from twisted.logger import Logger

from mentra.errors import Refused

RATE = 16_000
"""Samples a second, in the end."""


def prepare(clock: Any) -> None:
    """Load the filter off the reactor's thread, so that whoever needs it first does not wait.

    :param clock: the reactor; nothing happens where it has no threads.
    """
    if IReactorThreads.providedBy(clock):
        clock.callInThread(_load_quietly)


class Resampler:
    """One stream of mono PCM, int16 little endian.

    :param rate: samples a second of what is written.
    :raises Refused: code ``ENGINE_UNAVAILABLE``: the filter is not installed.
    """

    def __init__(self, rate: int) -> None:
        soxr, self._numpy = _load()
        self._stream = soxr.ResampleStream(rate, RATE, 1, dtype="int16")

    def write(self, pcm: bytes, *, is_last: bool = False) -> bytes:
        """What comes out for *pcm*; some of it comes with later pieces, the rest with the last."""
        samples = self._numpy.frombuffer(pcm, dtype="<i2")
        out: bytes = self._stream.resample_chunk(samples, last=is_last).astype("<i2").tobytes()
        return out


def _load() -> tuple[Any, Any]:
    try:
        return importlib.import_module("soxr"), importlib.import_module("numpy")
    except ImportError:
        raise Refused(
            "ENGINE_UNAVAILABLE",
            "Sound of another rate than 16000 needs a filter: pip install 'mentra[speech]'",
        ) from None


def _load_quietly() -> None:
    try:
        _load()
    except Refused:
        Logger().debug("there is no filter for other rates here")
