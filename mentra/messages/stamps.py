"""Time stamps as they stand on the wire: ISO 8601, UTC, milliseconds."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

FAR = 253_370_764_800.0
"""The year 9999: what comes later is no time stamp."""


@lru_cache(maxsize=4)
def _to_the_second(seconds: int) -> str:
    # most stamps of a busy server fall into the second of the one before
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def iso(seconds: float) -> str:
    """POSIX *seconds* as ``2025-06-01T12:00:00.000Z``."""
    whole, fraction = divmod(int(seconds * 1000), 1000)
    return f"{_to_the_second(whole)}.{fraction:03}Z"


def moment_of(text: str) -> float:
    """ISO 8601 as POSIX seconds; where it names no zone it is UTC.

    :raises ValueError: it is no date and time.
    """
    try:
        read = datetime.fromisoformat(text)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError("it is no date and time") from None


FRACTIONS = tuple(f'.{fraction:03}Z"}}'.encode() for fraction in range(1000))
"""What closes a frame, from the milliseconds on."""


class Millisecond:
    """The end of the frames of one millisecond: one text serves them all, whoever sends them.

    :ivar begins: POSIX seconds.
    :ivar ends: POSIX seconds; it is over then.
    :ivar text: what closes a frame: ``,"timestamp":"2025-06-01T12:00:00.000Z"}``.
    """

    __slots__ = ("_second", "_until_then", "begins", "ends", "text")

    def __init__(self) -> None:
        self.begins = self.ends = 0.0
        self.text = b""
        self._second = -1
        self._until_then = b""  # the text up to the fraction

    def move_to(self, seconds: float) -> None:
        """Be the millisecond of POSIX *seconds*."""
        milliseconds = int(seconds * 1000)
        self.begins, self.ends = milliseconds / 1000, (milliseconds + 1) / 1000
        # at a few thousand messages a second each has a millisecond of its own
        if self._second != milliseconds // 1000:
            self._second = milliseconds // 1000
            self._until_then = f',"timestamp":"{_to_the_second(self._second)}'.encode()
        self.text = self._until_then + FRACTIONS[milliseconds % 1000]


this_millisecond = Millisecond()
"""The one of the newest stamp; whoever reads its text looks first whether it is over."""


def stamped_end(seconds: float) -> bytes:
    """What closes a frame: ``,"timestamp":"2025-06-01T12:00:00.000Z"}``.

    :param seconds: POSIX seconds.
    """
    if not this_millisecond.begins <= seconds < this_millisecond.ends:
        this_millisecond.move_to(seconds)
    return this_millisecond.text


class Stamps:
    """Stamps frames.

    :param now: wall time, POSIX seconds.
    """

    __slots__ = ("_now",)

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def tail(self) -> bytes:
        """:func:`stamped_end` of this moment."""
        return stamped_end(self._now())


def seconds_of(stamp: object) -> float | None:
    """POSIX seconds of a time stamp as peers write it; None if it is none.

    :param stamp: ISO 8601 text (UTC unless it says otherwise), or milliseconds since 1970.
    """
    if isinstance(stamp, int | float) and not isinstance(stamp, bool):
        # compared before it is divided, for JSON has integers that no float can hold
        seconds = stamp / 1000 if 0 <= stamp < FAR * 1000 else -1.0
    elif isinstance(stamp, str):
        try:
            read = datetime.fromisoformat(stamp)
        except ValueError:
            return None
        seconds = (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    else:
        return None
    return seconds if 0 <= seconds < FAR else None
