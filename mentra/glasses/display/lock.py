"""Which background app may draw.  Source: docs/protocol, "display"."""

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from mentra.glasses.display.frames import Frame
from mentra.glasses.display.settings import DisplaySettings


class Lock:
    """At most one background app has it, for a while.

    :ivar owner: its package, or None.
    :ivar expires_at: clock seconds of the end of its owner's claim.
    :param runs: whether an app runs.
    """

    owner: str | None = None
    expires_at: float = 0.0
    _last_active: float = 0.0

    def __init__(
        self, clock: IReactorTime, settings: DisplaySettings, runs: Callable[[str], bool]
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._runs = runs

    def take(self, owner: str) -> None:
        """It is *owner*'s from now on; no frame of its own puts off the end."""
        self.owner = owner
        self._last_active = self._clock.seconds()
        self.expires_at = self._last_active + self._settings.lock

    def drop(self) -> None:
        """It is nobody's."""
        self.owner = None

    def shown(self) -> None:
        """A frame of its owner was sent."""
        self._last_active = self._clock.seconds()

    def is_spent(self, current: Frame | None) -> bool:
        """Whether its owner has no more claim to it, with *current* on the screen."""
        now = self._clock.seconds()
        if self.owner is None or now >= self.expires_at or not self._runs(self.owner):
            return True
        if current is None or current.owner != self.owner:
            return False
        return not current.is_valid(now, self._settings.restorable)

    def is_idle(self) -> bool:
        """Whether its owner has sent nothing for some time."""
        return self._clock.seconds() - self._last_active > self._settings.lock_idle
