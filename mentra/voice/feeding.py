"""Sound that came faster than it was spoken, given to a recogniser as fast as that may take it."""

from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mentra.interfaces.speech import IOwingStream

SECOND = 32_000
"""Bytes of one."""

AHEAD = 20
"""Seconds of sound that a recogniser may have before they would have been spoken: what is much more
would not fit into its queue, and the oldest would be lost."""

SPEED = 2
"""How many times faster than it is spoken the rest follows."""

PAUSE = 0.5
"""Seconds between two helpings."""


class Feeding:
    """Stands before a recogniser's stream.

    :param stream: an ``IRecogniserStream``.
    """

    def __init__(self, clock: IReactorTime, stream: Any) -> None:
        self._clock = clock
        self._stream = stream
        self._began = clock.seconds()
        self._given = 0
        self._waiting = bytearray()
        self._next: IDelayedCall | None = None
        self._is_last = False

    @property
    def is_behind(self) -> bool:
        """Whether the recogniser says that speech waits for it."""
        owing = IOwingStream(self._stream, None)
        return owing is not None and owing.waiting() > 0

    def write(self, pcm: bytes) -> None:
        """Sound that follows what came before."""
        self._waiting += pcm
        self._give()

    def finalize(self) -> None:
        """That was all; the recogniser is told once it has it."""
        self._is_last = True
        if not self._waiting:
            self._stream.finalize()

    def close(self) -> None:
        """Nobody wants to know any more."""
        if self._next is not None and self._next.active():
            self._next.cancel()
        self._next = None
        self._waiting.clear()
        self._stream.close()

    def _give(self) -> None:
        if self._next is not None:
            return
        elapsed = self._clock.seconds() - self._began
        room = int(AHEAD + SPEED * elapsed) * SECOND - self._given
        helping = bytes(self._waiting[:room]) if room > 0 else b""
        del self._waiting[: len(helping)]
        self._given += len(helping)
        if self._waiting:
            self._next = self._clock.callLater(PAUSE, self._go_on)
        if helping:
            # last, for what it leads to may end everything
            self._stream.write(helping)

    def _go_on(self) -> None:
        self._next = None
        self._give()
        if self._is_last and not self._waiting and self._next is None:
            self._stream.finalize()
