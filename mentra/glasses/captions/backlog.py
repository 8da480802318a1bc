"""Sound from before somebody was known to speak."""

from collections import deque

from mentra.glasses.audio.recent import SECOND


class Backlog:
    """The newest pieces of sound.

    :param most: pieces that are kept.
    :param seconds: what they may have together.
    :ivar dropped: pieces that had to give way.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self.dropped = 0
        self._most = most
        self._most_bytes = int(seconds * SECOND)
        self._pieces: deque[bytes] = deque()
        self._size = 0

    def append(self, pcm: bytes) -> None:
        """Keep *pcm* too."""
        pieces = self._pieces
        pieces.append(pcm)
        self._size += len(pcm)
        while pieces and (len(pieces) > self._most or self._size > self._most_bytes):
            self._size -= len(pieces.popleft())
            self.dropped += 1

    def take(self) -> tuple[bytes, ...]:
        """All that is kept, oldest first; it is kept no longer."""
        pieces = tuple(self._pieces)
        self.clear()
        return pieces

    def clear(self) -> None:
        """Keep nothing."""
        self._pieces.clear()
        self._size = 0
