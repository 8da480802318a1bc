"""Whether processes keep up with all who speak: for ``/metrics``, ``/health`` and the log."""

from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from mentra.interfaces.speech import IEngineFigures

LATE = 5.0
"""Seconds of somebody's speech that wait: an engine with more of them is behind."""

CALM = 60.0
"""Seconds without it until that is over."""


class Load:
    """Of one engine.

    :param workers: its processes at a time.
    :param waiting: tells the seconds of speech that wait, of each one who is listened to.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        figures: IEngineFigures,
        name: str,
        workers: int,
        waiting: Callable[[], Iterable[float]],
    ) -> None:
        self._clock = clock
        self._figures = figures
        self._name = name
        self._workers = workers
        self._waiting = waiting
        self._since: float | None = None
        self._last = self._lost = 0.0
        self._calm: IDelayedCall | None = None
        figures.watch(name, waiting)

    def waits(self, seconds: float) -> None:
        """So many seconds of somebody's speech wait."""
        if seconds >= LATE:
            self._is_late()

    def dropped(self, seconds: float) -> None:
        """So much is never recognised."""
        self._figures.dropped(self._name, seconds)
        self._lost += seconds
        self._is_late()

    def refused(self, streams: int) -> None:
        """Somebody is not listened to, for *streams* people are."""
        self._figures.refused(self._name)
        self._log.warn(
            "{name} turns people away, for it listens to {streams} already: see [{name}] streams",
            name=self._name,
            streams=streams,
        )

    def shown(self) -> dict[str, Any]:
        """For ``/health``."""
        waiting = [one for one in self._waiting() if one]
        return {
            "behind": self._since is not None,
            "waiting": len(waiting),
            "waitingSeconds": round(max(waiting, default=0.0), 1),
            "droppedSeconds": round(self._lost, 1),
        }

    def stop(self) -> None:
        """Nothing is waited for any more."""
        if self._calm is not None:
            self._calm.cancel()
            self._calm = None

    def _is_late(self) -> None:
        self._last = self._clock.seconds()
        if self._since is not None:
            return
        self._since = self._last
        self._calm = self._clock.callLater(CALM, self._look)
        waiting = [one for one in self._waiting() if one]
        self._log.warn(
            "{name} is behind: of those who speak {people} wait, with up to {seconds:.0f} s of "
            "speech, and captions come late. If processors are idle allow it more than {workers} "
            "processes ([{name}] workers); else have fewer people listened to ([{name}] streams), "
            "or another engine after it in [speech] recognisers",
            name=self._name,
            people=len(waiting),
            seconds=max(waiting, default=0.0),
            workers=self._workers,
        )

    def _look(self) -> None:
        self._calm = None
        now = self._clock.seconds()
        quiet = now - self._last
        if quiet < CALM:
            self._calm = self._clock.callLater(CALM - quiet, self._look)
            return
        took, self._since = self._last - (self._since or 0.0), None
        self._log.info(
            "{name} has caught up after {took:.0f} s; since the start {lost:.0f} s of speech were "
            "too much to be recognised",
            name=self._name,
            took=took,
            lost=self._lost,
        )
