"""How many connections are taken, and how quickly."""

import random
from collections import Counter
from collections.abc import Callable

import attrs
from twisted.internet.interfaces import IReactorTime

from mentra.errors import Denied, Dismissed

RETRY_AFTER = (1, 15)
"""Seconds; refused clients are told to come back at a random moment of this span."""


@attrs.frozen(kw_only=True)
class Bounds:
    """Zero is no bound, but for ``per_second`` and ``connections``.

    :ivar connections: open at one time, all paths together.
    :ivar per_user: of one user, apps included.
    :ivar per_address: from one client address.
    :ivar per_second: new ones, averaged over a second.
    """

    connections: int
    per_user: int
    per_address: int
    per_second: float


class Admission:
    """Counts connections; one for all paths.

    :param jitter: a number in [0, 1), for the retry hint.
    :ivar closed: why nobody is let in at all, or None.
    """

    def __init__(
        self, clock: IReactorTime, bounds: Bounds, jitter: Callable[[], float] = random.random
    ) -> None:
        self._clock = clock
        self._bounds = bounds
        self._jitter = jitter
        self._open = 0
        self._users: Counter[str] = Counter()
        self._addresses: Counter[str] = Counter()
        # below one a second the first one need not wait either
        self._most_at_once = max(bounds.per_second, 1.0)
        self._allowance = self._most_at_once
        self._counted_at = clock.seconds()
        self.closed: str | None = None

    def admit(self, address: str) -> None:
        """Take a connection from *address*; each one taken is given back by ``left``.

        :raises Denied: 503 with a retry hint (busy or shutting down), or 429 (this address).
        """
        if self.closed:
            raise self._busy(self.closed)
        if self._open >= self._bounds.connections:
            raise self._busy("too many connections")
        if self._bounds.per_address and self._addresses[address] >= self._bounds.per_address:
            raise self._denied(429, "too many connections from this address")
        if not self._allowed():
            raise self._busy("too many new connections")
        self._open += 1
        self._addresses[address] += 1

    def entered(self, user_id: str) -> None:
        """An admitted connection turned out to be *user_id*'s.

        :raises Dismissed: that user has too many; nothing is counted then.
        """
        if self._bounds.per_user and self._users[user_id] >= self._bounds.per_user:
            raise Dismissed(1013, "too many connections of this user", code="TOO_MANY_CONNECTIONS")
        self._users[user_id] += 1

    def left(self, address: str, user_id: str | None) -> None:
        """An admitted connection is gone."""
        self._open -= 1
        _decrement(self._addresses, address)
        if user_id is not None:
            _decrement(self._users, user_id)

    def _allowed(self) -> bool:
        """A token bucket that holds one second's worth, and at least one."""
        now = self._clock.seconds()
        refill = (now - self._counted_at) * self._bounds.per_second
        self._counted_at = now
        self._allowance = min(self._most_at_once, self._allowance + refill)
        if self._allowance < 1.0:
            return False
        self._allowance -= 1.0
        return True

    def _busy(self, why: str) -> Denied:
        return self._denied(503, why)

    def _denied(self, status: int, why: str) -> Denied:
        low, high = RETRY_AFTER
        seconds = low + int(self._jitter() * (high - low + 1))
        return Denied(
            status,
            {"type": "connection_error", "message": why, "retryable": True, "retryAfter": seconds},
        )


def _decrement(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]
