"""Pings every peer of a factory, a few at a time, and gives up on those that show no life."""

from collections.abc import Callable
from typing import Protocol

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from mentra.wire.frames import PING, frame

SLICES = 50
"""Peers are looked at in this many groups, so that thousands of pings never leave in one go."""


class Pulse(Protocol):
    """What is needed of a peer."""

    last_seen: float

    def ping(self, ping_frame: bytes) -> None:
        """Send a ping."""

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send what is queued, then the close frame."""


class Heartbeat(Service):
    """One loop for all peers of a path.

    :param interval: seconds between two pings of one peer.
    :param silence: seconds without any sign of life until 1001; None waits for ever.
    :param idle: the same, for every path.
    :param timer: what measures the round trip, seconds.
    :param observe: told each round trip in seconds.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        *,
        interval: float,
        silence: float | None,
        idle: float,
        timer: Callable[[], float],
        observe: Callable[[float], None],
    ) -> None:
        self._clock = clock
        limits = [(idle, "Idle timeout")]
        if silence is not None:
            limits.append((silence, "Ping timeout - no pong received"))
        self._patience, self._reason = min(limits)
        self._last_chances: dict[Pulse, IDelayedCall] = {}
        self._timer = timer
        self._observe = observe
        self._groups: list[dict[Pulse, None]] = [{} for _ in range(SLICES)]
        self._turn = 0
        self._next_group = 0
        self._sent_at = 0.0
        self._loop = LoopingCall.withCount(self._beat)
        self._loop.clock = clock
        self._interval = interval

    def add(self, peer: Pulse) -> int:
        """Look after *peer*; returns what ``remove`` wants to know."""
        self._next_group = (self._next_group + 1) % SLICES
        self._groups[self._next_group][peer] = None
        return self._next_group

    def remove(self, peer: Pulse, group: int) -> None:
        """Leave *peer* alone."""
        self._groups[group].pop(peer, None)
        last_chance = self._last_chances.pop(peer, None)
        if last_chance is not None:
            last_chance.cancel()

    def ponged(self, payload: bytes) -> None:
        """A pong came; measured if it answers the newest ping."""
        if payload == self._turn.to_bytes(4, "big"):
            self._observe(self._timer() - self._sent_at)

    def startService(self) -> None:
        """Begin to ping."""
        super().startService()
        done: Deferred[LoopingCall] = self._loop.start(self._interval / SLICES, now=False)
        done.addErrback(lambda failure: self._log.failure("the heartbeat stopped", failure=failure))

    def stopService(self) -> None:
        """Stop pinging."""
        super().stopService()
        if self._loop.running:
            self._loop.stop()
        for last_chance in self._last_chances.values():
            last_chance.cancel()
        self._last_chances.clear()

    def _beat(self, turns: int) -> None:
        """*turns* is more than one where the event loop was late: no group is left out."""
        for _ in range(min(turns, SLICES)):
            self._turn = (self._turn + 1) % 2**32
            self._visit(self._groups[self._turn % SLICES])

    def _visit(self, group: dict[Pulse, None]) -> None:
        self._sent_at = self._timer()
        ping = frame(PING, self._turn.to_bytes(4, "big"))
        now = self._clock.seconds()
        for peer in tuple(group):
            left = peer.last_seen + self._patience - now
            if left <= 0:
                peer.close(1001, self._reason)
                continue
            peer.ping(ping)
            if left < self._interval and peer not in self._last_chances:
                # its time is up before its next turn
                self._last_chances[peer] = self._clock.callLater(left, self._judge, peer)

    def _judge(self, peer: Pulse) -> None:
        del self._last_chances[peer]
        if peer.last_seen + self._patience <= self._clock.seconds():
            peer.close(1001, self._reason)
