"""The last seconds of sound."""

from collections.abc import Callable
from mmap import MAP_PRIVATE, mmap

SECOND = 32_000
"""Bytes of one: 16,000 samples of two."""

STRIDE = 2 * SECOND
"""Bytes of sound between two looks at what need not be looked at for every chunk."""


class Recent:
    """Keeps what came last, in one ring.

    Chunks are copied: kept as they are, each would be memory that nobody used of late, and many
    sessions would spend more on fetching that than on the sound.  The ring is a mapping, for that
    has a place to write at and a method that writes there, with nothing between.

    :param seconds: how much is kept.
    :ivar write: keeps what it is called with where copying is all there is to it; else it raises
        ``ValueError``, and :meth:`append` does it.
    """

    __slots__ = ("_most", "_ring", "_went_round", "write")

    def __init__(self, seconds: float) -> None:
        self._most = int(seconds * SECOND) & ~1
        self.clear()

    def append(self, data: bytes) -> None:
        """Keep *data*, in place of what is oldest."""
        try:
            self.write(data)
        except ValueError:
            self._go_round(data)

    def clear(self) -> None:
        """Let go of everything."""
        self._ring: mmap | None = None
        self._went_round = False
        # where nothing is to be kept, this is as good as keeping it
        self.write: Callable[[bytes], object] = _no_room if self._most else len

    def sound(self) -> bytes:
        """All that is kept."""
        ring = self._ring
        if ring is None:
            return b""
        at = ring.tell()
        return ring[at:] + ring[:at] if self._went_round else ring[:at]

    def _go_round(self, data: bytes) -> None:
        ring, most = self._ring, self._most
        if ring is None:
            # nothing but address space until there is sound in it
            ring = self._ring = mmap(-1, most, flags=MAP_PRIVATE)
            self.write = ring.write
        kept = data[-most:]
        fits = most - ring.tell()
        ring.write(kept[:fits])
        if len(kept) > fits:
            ring.seek(0)
            ring.write(kept[fits:])
            self._went_round = True


def _no_room(data: bytes) -> object:
    raise ValueError("there is no ring yet")
