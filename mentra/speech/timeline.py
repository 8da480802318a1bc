"""Where in the sound a server's milliseconds are, when some of it never reached the server."""

from bisect import bisect_right

BYTES_PER_MS = 32

MOST_GAPS = 1000
"""Of more the oldest are forgotten; what they cost is not."""


class Timeline:
    """Turns milliseconds of what a server was sent into those of what was said."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._lost: list[int] = []

    def lose(self, at: int, size: int) -> None:
        """*size* bytes were left out after *at* bytes that the server gets; *at* never falls."""
        total = size + (self._lost[-1] if self._lost else 0)
        if self._starts and self._starts[-1] >= at:
            self._lost[-1] = total
            return
        self._starts.append(at)
        self._lost.append(total)
        if len(self._starts) > MOST_GAPS:
            del self._starts[0], self._lost[0]

    def said(self, served_ms: float) -> int:
        """Where in the sound that was said the server's *served_ms* is, milliseconds."""
        served = max(0, round(served_ms))
        gap = bisect_right(self._starts, served * BYTES_PER_MS) - 1
        return served + (self._lost[gap] // BYTES_PER_MS if gap >= 0 else 0)
