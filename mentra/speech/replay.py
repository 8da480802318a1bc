"""Sound that an engine may have to hear again, because the one before it failed."""

from collections import deque
from collections.abc import Iterator

MILLISECOND = 32
"""Bytes of one: 16 samples of two."""


class Replay:
    """What came since the last finished utterance, the newest of it if that is too much.

    Positions are bytes since the first sample that was ever added.

    :param seconds: how much is kept.
    :ivar begins: position of the first byte kept.
    :ivar ends: position after the last.
    """

    def __init__(self, seconds: float) -> None:
        self._most = int(seconds * 1000) * MILLISECOND
        self._chunks: deque[bytes] = deque()
        self.begins = 0
        self.ends = 0

    def append(self, pcm: bytes) -> None:
        """Keep *pcm* too."""
        self._chunks.append(pcm)
        self.ends += len(pcm)
        if self.ends - self.begins > self._most:
            self.forget(self.ends - self._most)

    def forget(self, position: int) -> None:
        """What came before *position* is not needed any more."""
        chunks = self._chunks
        while chunks and self.begins + len(chunks[0]) <= position:
            self.begins += len(chunks.popleft())
        if chunks and position > self.begins:
            surplus = (position - self.begins) & ~1
            chunks[0] = chunks[0][surplus:]
            self.begins += surplus

    def sound(self) -> Iterator[bytes]:
        """What is kept, oldest first."""
        return iter(tuple(self._chunks))
