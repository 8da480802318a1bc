"""How often somebody may try."""

from collections import deque

import attrs
from twisted.internet.interfaces import IReactorTime

KEPT = 10_000
"""Keys remembered at a time; the one that began first is forgotten for a new one."""


@attrs.define
class Attempts:
    """Counts attempts of the last moments by key.

    :ivar most: how many of one key there may be within *window* seconds.
    """

    clock: IReactorTime
    most: int
    window: float
    _times: dict[str, deque[float]] = attrs.field(factory=dict)

    def wait(self, key: str) -> float:
        """Seconds until *key* may try again; 0 is now."""
        times = self._recent(key)
        if len(times) < self.most:
            return 0.0
        return times[0] + self.window - self.clock.seconds()

    def count(self, key: str) -> None:
        """*key* tries."""
        times = self._recent(key)
        times.append(self.clock.seconds())
        self._times[key] = times
        if len(self._times) > KEPT:
            del self._times[next(iter(self._times))]

    def take_back(self, key: str) -> None:
        """The last attempt of *key* was none."""
        times = self._times.get(key)
        if times:
            times.pop()

    def forgive(self, key: str) -> None:
        """*key* has proved itself: forget its attempts."""
        self._times.pop(key, None)

    def _recent(self, key: str) -> deque[float]:
        times = self._times.pop(key, deque())
        since = self.clock.seconds() - self.window
        while times and times[0] <= since:
            times.popleft()
        if times:
            self._times[key] = times
        return times
