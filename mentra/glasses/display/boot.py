"""Which apps are starting, and what came meanwhile."""

from collections.abc import Callable, Mapping

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mentra.glasses.display.frames import Frame


class Boot:
    """The apps whose names are on the boot screen.

    :param seconds: each stays there, whether it has connected by then or not.
    :param changed: is called when one was taken off because its time is over.
    """

    def __init__(self, clock: IReactorTime, seconds: float, changed: Callable[[], None]) -> None:
        self._clock = clock
        self._seconds = seconds
        self._changed = changed
        self._names: dict[str, str] = {}
        self._timers: dict[str, IDelayedCall] = {}
        self._queue: dict[str, Frame] = {}

    @property
    def names(self) -> Mapping[str, str]:
        """Package to name, in order of their start; empty means that nothing is starting."""
        return self._names

    def start(self, package_name: str, name: str) -> None:
        """Put an app on it."""
        self._take_off(package_name)
        self._names[package_name] = name
        self._timers[package_name] = self._clock.callLater(self._seconds, self._over, package_name)

    def stop(self, package_name: str) -> bool:
        """Forget an app and its frame; whether it was on it."""
        self._queue.pop(package_name, None)
        return self._take_off(package_name)

    def stop_all(self) -> None:
        """Forget everything."""
        for package_name in tuple(self._names):
            self._take_off(package_name)
        self._queue.clear()

    def queue(self, frame: Frame) -> None:
        """Keep an app's latest frame for later."""
        self._queue[frame.owner] = frame

    def take_queue(self) -> list[Frame]:
        """What was kept, in the order that apps first asked."""
        queued, self._queue = self._queue, {}
        return list(queued.values())

    def _over(self, package_name: str) -> None:
        self._take_off(package_name)
        self._changed()

    def _take_off(self, package_name: str) -> bool:
        timer = self._timers.pop(package_name, None)
        if timer is not None and timer.active():
            timer.cancel()
        return self._names.pop(package_name, None) is not None
