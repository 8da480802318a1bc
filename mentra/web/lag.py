"""How late the event loop is."""

from collections import deque

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime

INTERVAL = 1.0
MEMORY = 15
"""Measurements kept: a scrape every 15 s misses none."""


class LoopLag(Service):
    """Measures by how much a call every second comes too late."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._due = 0.0
        self._call: IDelayedCall | None = None
        self._measured: deque[float] = deque(maxlen=MEMORY)

    def worst(self) -> float:
        """The longest delay of the last measurements, seconds."""
        return max(self._measured, default=0.0)

    def startService(self) -> None:
        """Begin to measure."""
        super().startService()
        self._wait()

    def stopService(self) -> None:
        """End it."""
        super().stopService()
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None

    def _wait(self) -> None:
        # not a LoopingCall: it hides whole intervals that were lost
        self._due = self._clock.seconds() + INTERVAL
        self._call = self._clock.callLater(INTERVAL, self._measure)

    def _measure(self) -> None:
        self._measured.append(max(0.0, self._clock.seconds() - self._due))
        self._wait()
