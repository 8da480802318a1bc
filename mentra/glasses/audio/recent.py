"""The last seconds of sound."""

from collections import deque
from collections.abc import Callable

SECOND = 32_000
"""Bytes of one: 16,000 samples of two."""

STRIDE = 2 * SECOND
"""Bytes that are kept, and let go of, together."""

MANY = 1000
"""Chunks of a stride that are kept apart; tiny ones would take more memory than their sound."""

Append = Callable[[bytes], None]


class Recent:
    """Keeps what came last, in strides: so it costs a chunk no more than being put on a list.

    :param seconds: how much is kept.
    """

    __slots__ = ("_most", "_newest", "_older")

    def __init__(self, seconds: float) -> None:
        self._most = int(seconds * SECOND) & ~1
        self._older: deque[list[bytes]] = deque(maxlen=-(-self._most // STRIDE))
        self._newest: list[bytes] = []

    def turn(self, came: int) -> Append:
        """A stride is full, *came* bytes in all; where the sound from now on is put."""
        if not self._most:
            nothing: deque[bytes] = deque(maxlen=0)
            return nothing.append
        newest = self._newest
        if newest:
            if len(newest) > MANY or came > 2 * STRIDE:
                newest = [b"".join(newest)[-self._most :]]
            self._older.append(newest)
        self._newest = []
        return self._newest.append

    def clear(self) -> None:
        """Let go of everything."""
        self._older.clear()
        self._newest.clear()

    def sound(self) -> bytes:
        """All that is to be kept."""
        strides = [*self._older, self._newest]
        return b"".join(chunk for stride in strides for chunk in stride)[-self._most or None :]
