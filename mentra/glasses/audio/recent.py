"""The last seconds of sound."""

SECOND = 32_000
"""Bytes of one: 16,000 samples of two."""

STRIDE = 2 * SECOND
"""Bytes of sound between two looks at what need not be looked at for every chunk."""


class Recent:
    """Keeps what came last, in one ring.

    Chunks are copied: kept as they are, each would be memory that nobody used of late, and many
    sessions would spend more on fetching that than on the sound.

    :param seconds: how much is kept.
    """

    __slots__ = ("_at", "_most", "_ring", "_went_round")

    def __init__(self, seconds: float) -> None:
        self._most = int(seconds * SECOND) & ~1
        self._ring = bytearray()
        self._at = 0
        self._went_round = False

    def append(self, data: bytes) -> None:
        """Keep *data*, in place of what is oldest."""
        at = self._at
        end = at + len(data)
        if end <= len(self._ring):
            self._ring[at:end] = data
            self._at = end
        elif self._most:
            self._go_round(data)

    def clear(self) -> None:
        """Let go of everything."""
        self._ring = bytearray()
        self._at = 0
        self._went_round = False

    def sound(self) -> bytes:
        """All that is kept."""
        newest = bytes(self._ring[: self._at])
        return bytes(self._ring[self._at :]) + newest if self._went_round else newest

    def _go_round(self, data: bytes) -> None:
        if not self._ring:
            # nothing but address space until there is sound in it
            self._ring = bytearray(self._most)
        ring, at, most = self._ring, self._at, self._most
        kept = data[-most:]
        fits = kept[: most - at]
        ring[at : at + len(fits)] = fits
        rest = kept[len(fits) :]
        ring[: len(rest)] = rest
        end = at + len(kept)
        self._went_round = self._went_round or end >= most
        self._at = end % most
