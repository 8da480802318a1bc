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
    """

    def __init__(self, timer: Callable[[], float], observe: Callable[[float], None]) -> None:
        self._timer = timer
        self._observe = observe
        self._began = 0.0
        self.is_open = False
        self.unsent: list[Flushable] = []

    def begin(self) -> None:
        """A read brought bytes."""
        self.is_open = True
        self._began = self._timer()

    def end(self) -> None:
        """They are dealt with."""
        self.is_open = False
        if self.unsent:
            unsent, self.unsent = self.unsent, []
            for peer in unsent:
                peer.flush()
            self._observe(self._timer() - self._began)
