"""Which message or request the code that runs now is working for.

Set at the edge around each handler, so that every log line a message causes names it.  Coroutines
keep it while they wait; what a timer does belongs to no message.
"""

from contextvars import ContextVar
from typing import Protocol


class Cause(Protocol):
    """A message or request being handled."""

    @property
    def correlation_id(self) -> str:
        """Its name in logs and error frames."""


current: ContextVar[Cause | None] = ContextVar("mentra_cause", default=None)
"""What is being handled, or None."""
