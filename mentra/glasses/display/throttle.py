"""At most one frame at a time: glasses hang on a slow radio link."""

import math
from collections.abc import Callable

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mentra.glasses.display.frames import HOUSE, Frame

SLACK = 1e-6
"""Seconds that sums of clock readings may be off."""


@attrs.frozen
class Held:
    """A frame that waits.

    :ivar due: clock seconds; earlier it does not leave by itself.
    """

    frame: Frame
    due: float


class Throttle:
    """Keeps the latest frame of each owner back while another has just been sent.

    The blank frame of the house waits behind all others: whatever is shown makes it pointless.

    :param interval: seconds between two frames.
    :param release: is given a held frame when its turn has come; it need not wait any more.
    """

    def __init__(
        self, clock: IReactorTime, interval: float, release: Callable[[Frame], object]
    ) -> None:
        self._clock = clock
        self._interval = interval
        self._release = release
        self._held: dict[str, Held] = {}
        self._main_sent = -math.inf
        self._sent = -math.inf
        self._timer: IDelayedCall | None = None

    def must_wait(self, frame: Frame) -> bool:
        """Whether *frame* may not be sent now: it is too early, or others were there before."""
        now = self._clock.seconds() + SLACK
        if now < self._opens(frame):
            return True
        return any(held.due <= now for owner, held in self._held.items() if owner != HOUSE)

    def sent(self, frame: Frame) -> None:
        """*frame* was sent."""
        self._sent = self._clock.seconds()
        if frame.is_main:
            self._main_sent = self._sent
        self._arm()

    def hold(self, frame: Frame) -> None:
        """Release *frame* after a while, unless its owner's next one takes its place."""
        due = self._clock.seconds() + self._interval
        self._held.pop(frame.owner, None)
        self._held[frame.owner] = Held(frame, due)
        if HOUSE in self._held:
            self._held[HOUSE] = Held(self._held.pop(HOUSE).frame, due)
        self._arm()

    def holds(self, owner: str) -> bool:
        """Whether a frame of *owner* waits."""
        return owner in self._held

    def drop(self, owner: str) -> None:
        """*owner*'s frame waits no more."""
        if self._held.pop(owner, None) is not None:
            self._arm()

    def take(self) -> Frame | None:
        """The app frame that has waited longest, if it could be sent now."""
        now = self._clock.seconds() + SLACK
        for owner, held in self._held.items():
            if owner == HOUSE or now < self._opens(held.frame):
                break
            del self._held[owner]
            self._arm()
            return held.frame
        return None

    def stop(self) -> None:
        """Nothing waits any more."""
        self._held.clear()
        self._arm()

    def _opens(self, frame: Frame) -> float:
        # what is drawn on the dashboard does not keep the main view waiting
        return (self._main_sent if frame.is_main else self._sent) + self._interval

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        first = next(iter(self._held.values()), None)
        if first is not None:
            wait = max(first.due, self._opens(first.frame)) - self._clock.seconds()
            self._timer = self._clock.callLater(max(0.0, wait), self._let_go)

    def _let_go(self) -> None:
        self._timer = None
        now = self._clock.seconds() + SLACK
        try:
            while self._held:
                owner, first = next(iter(self._held.items()))
                if now < first.due or now < self._opens(first.frame):
                    break
                del self._held[owner]
                self._release(first.frame)
        finally:
            self._arm()
