"""Time stamps as they stand on the wire: ISO 8601, UTC, milliseconds."""

import time
from collections.abc import Callable
from functools import lru_cache


@lru_cache(maxsize=4)
def _to_the_second(seconds: int) -> str:
    # most stamps of a busy server fall into the second of the one before
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def iso(seconds: float) -> str:
    """POSIX *seconds* as ``2025-06-01T12:00:00.000Z``."""
    return _iso(int(seconds * 1000))


def _iso(milliseconds: int) -> str:
    whole, fraction = divmod(milliseconds, 1000)
    return f"{_to_the_second(whole)}.{fraction:03}Z"


class Stamps:
    """Stamps frames; each text is made once per millisecond.

    :param now: wall time, POSIX seconds.
    """

    __slots__ = ("_from", "_now", "_tail", "_until")

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._from = self._until = 0.0
        self._tail = b""

    def tail(self) -> bytes:
        """What closes a frame: ``,"timestamp":"2025-06-01T12:00:00.000Z"}``."""
        read_clock = self._now
        now = read_clock()
        if not self._from <= now < self._until:
            milliseconds = int(now * 1000)
            self._from, self._until = milliseconds / 1000, (milliseconds + 1) / 1000
            self._tail = f',"timestamp":"{_iso(milliseconds)}"}}'.encode()
        return self._tail
