"""Finds the person behind a socket: one look into the store at a time, however many ask."""

from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from mentra.records import User


class Lookups:
    """Looks that belong to nobody's socket: one that closes takes only its own waiting with it.

    So a row that a phone's first connection makes is made once, also when the connection breaks
    at once and the phone comes again, as phones do.

    :param look: called with a user id, and not again for the same one before it has an answer.
    """

    _log = Logger()

    def __init__(self, look: Callable[[str], Awaitable[User]]) -> None:
        self._look = look
        self._waiting: dict[str, list[Deferred[User]]] = {}

    def user(self, user_id: str) -> Deferred[User]:
        """The user, or the exception that *look* raised; may be cancelled."""
        answer: Deferred[User] = Deferred()
        if (waiting := self._waiting.get(user_id)) is not None:
            waiting.append(answer)
            return answer
        self._waiting[user_id] = [answer]
        looking: Deferred[Any] = Deferred.fromCoroutine(self._looked(user_id))
        looking.addBoth(self._deliver, user_id)
        return answer

    async def _looked(self, user_id: str) -> User:
        return await self._look(user_id)

    def _deliver(self, found: Any, user_id: str) -> None:
        waiting = [one for one in self._waiting.pop(user_id) if not one.called]
        for answer in waiting:
            # a Failure goes down the errbacks
            answer.callback(found)
        if not waiting and isinstance(found, Failure):
            self._log.failure("looking up somebody who has left again failed", found)
