"""One deadline for each of many who all have the same time.

A timer of the reactor is set, put in order and called off again; where thousands come at once that
is a part of what each costs.  Here one timer waits for whoever came first.
"""

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

OutOfTime = Callable[[], None]
"""What is called at a deadline; it stands for who has it, so it must be equal to itself alone."""


class Deadlines:
    """Those who have *seconds* from when they are added.

    :param seconds: until each is called, unless it is removed before.
    """

    def __init__(self, clock: IReactorTime, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        # in order of their deadlines, for everybody has the same time
        self._due: dict[OutOfTime, float] = {}
        self._timer: IDelayedCall | None = None

    def add(self, out_of_time: OutOfTime) -> None:
        """Call it in time."""
        self._due[out_of_time] = self._clock.seconds() + self._seconds
        self._wait()

    def remove(self, out_of_time: OutOfTime) -> None:
        """It need not be called any more, if it was to be."""
        self._due.pop(out_of_time, None)
        if not self._due and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        if self._due and self._timer is None:
            left = next(iter(self._due.values())) - self._clock.seconds()
            self._timer = self._clock.callLater(max(0.0, left), self._look)

    def _look(self) -> None:
        self._timer = None
        now = self._clock.seconds()
        try:
            for late in [one for one, due in self._due.items() if due <= now]:
                # one of them may have removed another
                if self._due.pop(late, None) is not None:
                    late()
        finally:
            self._wait()
