"""A few words of the house's own on the main view, over what apps show, for a while."""

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mentra.glasses.display.frames import HOUSE, Frame
from mentra.glasses.display.screen import Screen
from mentra.messages.display import ShowDisplay


class Notices:
    """One at a time: a newer one takes the older one's place.

    :param restore: shows again what was there before.
    """

    def __init__(self, clock: IReactorTime, screen: Screen, restore: Callable[[], None]) -> None:
        self._clock = clock
        self._screen = screen
        self._restore = restore
        self._end: IDelayedCall | None = None

    def show(self, message: ShowDisplay, seconds: float) -> bool:
        """Show *message* for *seconds*, once the glasses bear another frame; False if there is no
        phone."""
        now = self._clock.seconds()
        frame = Frame(HOUSE, message, now, expires_at=now + seconds, forced=True)
        before = self._screen.current
        if not self._screen.overlay(frame):
            return False
        self.stop()
        self._end = self._clock.callLater(seconds, self._over, before)
        return True

    def stop(self) -> None:
        """Nothing is waited for any more."""
        if self._end is not None and self._end.active():
            self._end.cancel()
        self._end = None

    def _over(self, before: Frame | None) -> None:
        self._end = None
        # what an app has shown meanwhile has taken the notice's place
        if self._screen.current is before:
            self._restore()
