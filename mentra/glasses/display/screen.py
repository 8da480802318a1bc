"""What is on the glasses' main view, at a pace that they can bear."""

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mentra.glasses.display.frames import HOUSE, Frame
from mentra.glasses.display.throttle import Throttle
from mentra.interfaces.session import IUserSession


class Screen:
    """Sends frames, and knows which one is to be seen.

    :param interval: seconds between two frames.
    :param release: is given a frame that was held back when its turn has come.
    :param shown: is told of each app frame that was sent.
    :param expired: is called when the frame on the main view has been there for long enough.
    :ivar current: the app frame on the main view, or None.
    :ivar missed: the newest frame for the main view that found no phone, or None.
    """

    def __init__(
        self,
        session: IUserSession,
        clock: IReactorTime,
        interval: float,
        *,
        release: Callable[[Frame], object],
        shown: Callable[[Frame], None],
        expired: Callable[[], None],
    ) -> None:
        self._session = session
        self._clock = clock
        self._shown = shown
        self._expired = expired
        self._expiry: IDelayedCall | None = None
        self.held = Throttle(clock, interval, release)
        self.current: Frame | None = None
        self.missed: Frame | None = None

    def stop(self) -> None:
        """Nothing is waited for any more."""
        self.held.stop()
        self._is_on(None)

    def shows(self, owner: str | None) -> bool:
        """Whether *owner*'s frame is on the main view."""
        return self.current is not None and self.current.owner == owner

    def show(self, frame: Frame, waited: bool = False) -> bool:
        """Send *frame*, or hold it back; False if there is no phone to send it to.

        :param waited: it was held back already.
        """
        return self._is_held(frame, waited) or self.put(frame)

    def put(self, frame: Frame) -> bool:
        """Send *frame* now; False, and nothing changes, if there is no phone."""
        if not self._session.to_glasses(frame.message):
            if frame.is_main and (frame.owner != HOUSE or self.missed is None):
                self.missed = frame
            return False
        self.held.sent(frame)
        self._shown(frame)
        if frame.is_main:
            self.missed = None
            self.held.drop(HOUSE)
            self._is_on(None if frame.owner == HOUSE else frame)
        return True

    def overlay(self, frame: Frame, waited: bool = False) -> bool:
        """Like ``show``, for what is drawn over the apps and not by one: ``current`` stays."""
        if self._is_held(frame, waited):
            return True
        if not self._session.to_glasses(frame.message):
            return False
        self.held.drop(HOUSE)
        self.held.sent(frame)
        return True

    def forget(self, owner: str) -> bool:
        """*owner*'s frames are not to be seen again; whether one was on the main view."""
        self.held.drop(owner)
        if self.missed is not None and self.missed.owner == owner:
            self.missed = None
        was_on = self.shows(owner)
        if was_on:
            self._is_on(None)
        return was_on

    def last(self) -> Frame | None:
        """What is to be seen on a phone that has just come back."""
        frame, self.missed = self.missed or self.current, None
        return frame

    def _is_held(self, frame: Frame, waited: bool) -> bool:
        if waited or frame.forced or not self.held.must_wait(frame):
            return False
        self.held.hold(frame)
        return True

    def _is_on(self, frame: Frame | None) -> None:
        self.current = frame
        if self._expiry is not None and self._expiry.active():
            self._expiry.cancel()
        self._expiry = None
        if frame is not None and frame.expires_at is not None:
            wait = max(0.0, frame.expires_at - self._clock.seconds())
            self._expiry = self._clock.callLater(wait, self._expired)
