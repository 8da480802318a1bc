"""How long to wait after a failure, and when to give up."""

from mentra.errors import Refused
from mentra.glasses.captions.settings import CaptionsSettings

TOO_MUCH = "RATE_LIMITED"
"""The code of a refusal for want of room."""


class Retries:
    """Counts failures in a row.

    :ivar failures: since something worked last.
    """

    def __init__(self, settings: CaptionsSettings) -> None:
        self._settings = settings
        self.failures = 0
        self._attempts = 0

    @property
    def is_hopeless(self) -> bool:
        """Whether there were so many that only a look at what is well begins anew."""
        return self.failures >= self._settings.max_failures

    def worked(self) -> None:
        """Something was recognised."""
        self.failures = self._attempts = 0

    def rested(self) -> None:
        """Some time has passed: there may be as many attempts as at first."""
        self._attempts = 0
        if self.is_hopeless:
            self.failures = 0

    def after(self, problem: Refused) -> float | None:
        """Seconds until the next attempt; None: there is none."""
        settings = self._settings
        self.failures += 1
        self._attempts += 1
        if not problem.retryable or self.is_hopeless:
            return None
        if problem.code == TOO_MUCH:
            wait: float = settings.retry_after * 2 ** (self._attempts - 1)
            return min(wait, settings.rate_limit_wait)
        if self._attempts > settings.retries:
            self._attempts = 0
            return None
        return settings.retry_after * self._attempts
