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
    whole, fraction = divmod(int(seconds * 1000), 1000)
    return f"{_to_the_second(whole)}.{fraction:03}Z"


@lru_cache(maxsize=4)
def stamped_end(milliseconds: int) -> bytes:
    """What closes a frame: ``,"timestamp":"2025-06-01T12:00:00.000Z"}``.

    :param milliseconds: POSIX milliseconds.
    """
    # one text serves every frame of its millisecond, whoever sends it
    whole, fraction = divmod(milliseconds, 1000)
    return f',"timestamp":"{_to_the_second(whole)}.{fraction:03}Z"}}'.encode()


class Stamps:
    """Stamps frames.

    :param now: wall time, POSIX seconds.
    """

    __slots__ = ("_now",)

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def tail(self) -> bytes:
        """:func:`stamped_end` of this moment."""
        return stamped_end(int(self._now() * 1000))
