"""Gathers what is produced in one go, for all peers, and sends it at its end."""

from collections.abc import Callable
from typing import Protocol


class Flushable(Protocol):
    """What is needed of a peer."""

    def flush(self) -> None:
        """Send what was gathered."""


class Batch:
    """One for all peers of a process.

    It lasts as long as one read, or where the event loop begins and ends it
    (:mod:`mentra.wire.poll_loop`), one turn of it: what a message needs to be read, handled and
    sent is in the processor's caches longer if several are read, then several sent.

    :param timer: what measures, seconds.
    :param observe: told how long each took, from before the first byte was looked at until all was
        sent, seconds.
    :ivar began: the timer at its beginning; None: there is none, and no end to wait for.
    :ivar unsent: who has gathered something.
    """

    __slots__ = ("_observe", "_timer", "began", "unsent")

    def __init__(self, timer: Callable[[], float], observe: Callable[[float], None]) -> None:
        self._timer = timer
        self._observe = observe
        self.began: float | None = None
        self.unsent: list[Flushable] = []

    def begin(self) -> None:
        """Gather from now on."""
        self.began = self._timer()

    def end(self) -> None:
        """Send what was gathered, and gather no more."""
        began, self.began = self.began, None
        unsent = self.unsent
        if unsent:
            for peer in unsent:
                peer.flush()
            unsent.clear()
            if began is not None:
                timer, observe = self._timer, self._observe
                observe(timer() - began)
