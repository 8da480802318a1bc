"""When which sound came."""

from bisect import bisect_left

from mentra.glasses.audio.recent import SECOND

MILLISECOND = SECOND // 1000

REMEMBERED = 2048
"""Pieces of sound whose time is known: half a minute of the shortest."""


class Timeline:
    """Remembers of the last pieces of a stream when they came."""

    def __init__(self) -> None:
        self._ends: list[int] = []
        self._came: list[float] = []
        self._size = 0

    def begin(self) -> None:
        """A new stream: its first sample is yet to come."""
        self._ends.clear()
        self._came.clear()
        self._size = 0

    def add(self, size: int, came: float) -> None:
        """A piece of so many bytes came at *came*, clock seconds."""
        self._size += size
        self._ends.append(self._size)
        self._came.append(came)
        if len(self._ends) > REMEMBERED:
            del self._ends[: REMEMBERED // 2], self._came[: REMEMBERED // 2]

    def when(self, milliseconds: int) -> float | None:
        """When the sample at *milliseconds* of the stream came; None if nobody knows."""
        place = bisect_left(self._ends, milliseconds * MILLISECOND)
        if place == len(self._came):
            # engines round: what lies after the end is the end
            place -= 1
        return self._came[place] if place >= 0 else None
