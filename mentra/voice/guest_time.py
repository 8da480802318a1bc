"""How long engines work for guests, who prove nothing about who they are."""

from twisted.internet.interfaces import IReactorTime

HOUR = 3600.0


class GuestTime:
    """Shared by all guests: an allowance that grows by itself.

    :param per_hour: seconds of engines' work an hour; so much may be used at once as well.
    """

    def __init__(self, clock: IReactorTime, per_hour: float) -> None:
        self._clock = clock
        self._per_hour = per_hour
        self._left = per_hour
        self._seen = clock.seconds()

    def is_left(self) -> bool:
        """Whether engines may work for one more turn."""
        now = self._clock.seconds()
        self._left = min(self._per_hour, self._left + (now - self._seen) * self._per_hour / HOUR)
        self._seen = now
        return self._left > 0

    def spend(self, seconds: float) -> None:
        """A turn took so much; it may be more than was left."""
        self._left -= seconds
