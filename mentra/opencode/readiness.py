"""Holds back what would be lost: while an OpenCode server begins it takes connections that it never
answers, whatever is asked on them."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from mentra.errors import Refused

FRESH = 0.5
"""Seconds that a server counts as there once it has answered; to begin anew takes it longer."""

AGAIN = 0.1
"""Seconds between two looks at it."""


class Starter(Protocol):
    """Whoever starts the server, where that is ours to start."""

    @property
    def is_starting(self) -> bool:
        """Whether a server that cannot be reached is about to be there."""

    @property
    def trouble(self) -> str | None:
        """Why it is not there, a sentence; None if nothing is known to be wrong."""

    def answered(self) -> None:
        """It is there."""


class Readiness:
    """Whoever wants something of the server waits here first.

    :param knock: has the server answer something, whatever it be.
    :param starter: None: somebody else starts it.
    """

    _log = Logger()

    def __init__(
        self,
        knock: Callable[[], Awaitable[object]],
        starter: Starter | None,
        clock: IReactorTime,
    ) -> None:
        self._knock = knock
        self._starter = starter
        self._clock = clock
        self._heard_at: float | None = None
        self._knocking: Deferred[None] | None = None
        self._waiting: list[Deferred[None]] = []

    def heard(self) -> None:
        """The server has answered something just now."""
        self._heard_at = self._clock.seconds()
        if self._starter is not None:
            self._starter.answered()

    @property
    def is_starting(self) -> bool:
        """Whether a server that cannot be reached is about to be there."""
        return self._starter is not None and self._starter.is_starting

    async def wait(self) -> None:
        """Return when the server answers.

        :raises Refused: it does not; where it is being started that takes a while.
        """
        if self._heard_at is not None and self._clock.seconds() - self._heard_at <= FRESH:
            return
        if self._starter is not None and self._starter.trouble is not None:
            raise Refused("HTTP_ERROR", self._starter.trouble, where="provider", retryable=True)
        waiting: Deferred[None] = Deferred(self._waits_no_more)
        self._waiting.append(waiting)
        if self._knocking is None:
            knocking = Deferred.fromCoroutine(self._knock_on())
            self._knocking = knocking
            knocking.addCallbacks(self._answered, self._in_vain)
        await waiting

    async def _knock_on(self) -> None:
        while True:
            try:
                await self._knock()
            except Refused:
                if not self.is_starting:
                    raise
            else:
                return
            await deferLater(self._clock, AGAIN)

    def _answered(self, _: object) -> None:
        self.heard()
        for waiting in self._let_go():
            waiting.callback(None)

    def _in_vain(self, failure: Failure) -> None:
        if not failure.check(Refused, CancelledError):
            self._log.failure("the OpenCode server could not be waited for", failure)
        for waiting in self._let_go():
            waiting.errback(failure)

    def _let_go(self) -> "list[Deferred[None]]":
        self._knocking = None
        waiting, self._waiting = self._waiting, []
        return waiting

    def _waits_no_more(self, waiting: "Deferred[None]") -> None:
        if waiting in self._waiting:
            self._waiting.remove(waiting)
        if not self._waiting and self._knocking is not None:
            self._knocking.cancel()
