"""What was asked of somebody and is not answered yet: bounded in number and in time."""

from collections.abc import Callable
from typing import Generic, TypeVar

from twisted.internet.interfaces import IDelayedCall, IReactorTime

T = TypeVar("T")


class Pending(Generic[T]):
    """Requests by their id.  Whoever has it clears it at the end of the session.

    :param most: of them at a time.
    :param overdue: called with id and value of one whose time is over; it is forgotten then.
    """

    def __init__(self, clock: IReactorTime, most: int, overdue: Callable[[str, T], None]) -> None:
        self._clock = clock
        self._most = most
        self._overdue = overdue
        self._waiting: dict[str, tuple[T, IDelayedCall]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, request_id: object) -> bool:
        return request_id in self._waiting

    @property
    def is_full(self) -> bool:
        """Whether no more are taken."""
        return len(self._waiting) >= self._most

    def add(self, request_id: str, value: T, seconds: float) -> bool:
        """Wait for an answer; False, and nothing is done, if the id is in use or it is full."""
        if request_id in self._waiting or self.is_full:
            return False
        call = self._clock.callLater(seconds, self._expire, request_id)
        self._waiting[request_id] = (value, call)
        return True

    def get(self, request_id: str) -> T | None:
        """What is waited for under that id, or None."""
        found = self._waiting.get(request_id)
        return None if found is None else found[0]

    def take(self, request_id: str) -> T | None:
        """The same, and it is waited for no longer."""
        found = self._waiting.pop(request_id, None)
        if found is None:
            return None
        found[1].cancel()
        return found[0]

    def drop(self, unwanted: Callable[[T], bool]) -> None:
        """Forget every request whose value is *unwanted*."""
        for request_id in [one for one, (value, _) in self._waiting.items() if unwanted(value)]:
            self.take(request_id)

    def clear(self) -> None:
        """Forget all of them."""
        self.drop(lambda value: True)

    def _expire(self, request_id: str) -> None:
        value, _ = self._waiting.pop(request_id)
        self._overdue(request_id, value)
