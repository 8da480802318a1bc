"""Pieces of one length out of chunks of any."""

from collections.abc import Iterator


class Pieces:
    """Cuts a stream of bytes.

    :param size: bytes of every piece.
    """

    __slots__ = ("_left", "_size")

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError("a piece has one byte at least")
        self._size = size
        self._left = b""

    def cut(self, chunk: bytes) -> Iterator[bytes]:
        """The pieces that *chunk* completes; its rest is kept for the next one."""
        size = self._size
        data = self._left + chunk if self._left else chunk
        whole = len(data) - len(data) % size
        # kept before anybody sees a piece: who takes one may stop at it
        self._left = data[whole:]
        return (data[start : start + size] for start in range(0, whole, size))

    def rest(self) -> bytes:
        """What is left over; it is not kept any longer."""
        left, self._left = self._left, b""
        return left
