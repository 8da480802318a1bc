"""Sound that waits: from before somebody was known to speak, or while no recogniser works."""

from collections import deque
from collections.abc import Callable

from mentra.glasses.audio.recent import SECOND


class Backlog:
    """The newest pieces of sound.

    :param most: pieces that are kept.
    :param seconds: what they may have together.
    :param dropped: told how many seconds had to give way.
    """

    def __init__(self, most: int, seconds: float, dropped: Callable[[float], None]) -> None:
        self._dropped = dropped
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
            size = len(pieces.popleft())
            self._size -= size
            self._dropped(size / SECOND)

    def take(self) -> tuple[bytes, ...]:
        """All that is kept, oldest first; it is kept no longer."""
        pieces = tuple(self._pieces)
        self.clear()
        return pieces

    def give_up(self) -> None:
        """Nobody will want what is kept: it gives way, too."""
        if self._size:
            self._dropped(self._size / SECOND)
        self.clear()

    def clear(self) -> None:
        """Keep nothing."""
        self._pieces.clear()
        self._size = 0
