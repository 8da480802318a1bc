"""Gathers what the frames of one read produce, for all peers, and sends it at its end."""

from collections.abc import Callable
from typing import Protocol


class Flushable(Protocol):
    """What is needed of a peer."""

    def flush(self) -> None:
        """Send what was gathered."""


class Batch:
    """One for all peers of a process; Twisted reads one connection at a time.

    :param timer: what measures, seconds.
    :param observe: told how long each read took from its first byte to its last send, seconds.
    :ivar began: the timer when a read brought what is being dealt with; None: nothing is, and
        there is no end to wait for.
    :ivar unsent: who has gathered something.
    """

    __slots__ = ("_observe", "_timer", "began", "unsent")

    def __init__(self, timer: Callable[[], float], observe: Callable[[float], None]) -> None:
        self._timer = timer
        self._observe = observe
        self.began: float | None = None
        self.unsent: list[Flushable] = []

    def end(self) -> None:
        """What the read brought is dealt with."""
        began, self.began = self.began, None
        unsent = self.unsent
        if unsent:
            for peer in unsent:
                peer.flush()
            unsent.clear()
            if began is not None:  # else another read ended within this one
                timer, observe = self._timer, self._observe
                observe(timer() - began)
