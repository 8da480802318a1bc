"""Puts datagrams back in order.  Source: docs/protocol/glasses, "Sound over UDP"."""

from collections.abc import Callable
from functools import partial

import attrs

COUNT = 65_536
"""Numbers there are; after the last comes 0."""


@attrs.frozen
class Held:
    """A datagram's payload, and the clock's seconds when it came."""

    payload: bytes
    came: float


class Reordering:
    """Hands out payloads in the order of their numbers, each once.

    It has no timer: what a missing datagram holds back goes on when another one comes, at the
    latest when so many are held or the first of them is so old.

    :param most: datagrams that are held.
    :param patience: seconds that a missing one is waited for.
    :param leap: distance from the expected number from which on it begins anew.
    :param late: called for each that comes too late or twice.
    """

    def __init__(
        self, most: int, patience: float, leap: int, late: Callable[[], None] = lambda: None
    ) -> None:
        self._most = most
        self._patience = patience
        self._leap = leap
        self._late = late
        self._expected = -1
        self._held: dict[int, Held] = {}

    def take(self, sequence: int, payload: bytes, now: float) -> list[Held]:
        """What can go on now that this one came, in order."""
        ahead = _distance(self._expected, sequence)
        if self._expected < 0 or abs(ahead) > self._leap:
            self._held.clear()
            self._expected, ahead = sequence, 0
        if ahead < 0 or sequence in self._held:
            self._late()
        else:
            self._held[sequence] = Held(payload, now)
        ready = self._next()
        while self._held and self._is_enough(now):
            # the oldest by its number; the gap before it is given up
            self._expected = min(self._held, key=partial(_distance, self._expected))
            ready += self._next()
        return ready

    def _next(self) -> list[Held]:
        """The expected one and those that follow it without a gap."""
        ready = []
        while self._expected in self._held:
            ready.append(self._held.pop(self._expected))
            self._expected = (self._expected + 1) % COUNT
        return ready

    def _is_enough(self, now: float) -> bool:
        if len(self._held) > self._most:
            return True
        return now - min(one.came for one in self._held.values()) >= self._patience


def _distance(start: int, end: int) -> int:
    """How far *end* is ahead of *start*, the short way round; negative if behind."""
    return (end - start + COUNT // 2) % COUNT - COUNT // 2
