"""Coroutines that somebody started and somebody owns."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

T = TypeVar("T")

_NOTHING: frozenset[Deferred[Any]] = frozenset()


class Errands:
    """What is under way for one owner; all of it ends when the owner says so.

    :param what: names the work in the log, should it fail.
    """

    _log = Logger()

    def __init__(self, what: str) -> None:
        self._what = what
        # one for all that have nothing under way: every session owns an instance
        self._pending: frozenset[Deferred[Any]] = _NOTHING

    def run(
        self,
        coroutine: Coroutine[Any, Any, T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[], None] | None = None,
    ) -> None:
        """Start *coroutine*; then *done* with its result.

        An exception is logged, then *failed* is called.  After ``cancel`` neither is.
        """
        errand: Deferred[T] = Deferred.fromCoroutine(coroutine)
        self._pending |= {errand}

        def end(outcome: T | Failure) -> T | Failure:
            self._pending = self._pending - {errand} or _NOTHING
            return outcome

        errand.addBoth(end)
        if done is not None:
            errand.addCallback(done)
        errand.addErrback(self._trouble, failed)

    @property
    def under_way(self) -> bool:
        """Whether something is."""
        return bool(self._pending)

    def cancel(self) -> None:
        """End everything now."""
        pending, self._pending = self._pending, _NOTHING
        for errand in pending:
            errand.cancel()

    def _trouble(self, failure: Failure, failed: Callable[[], None] | None) -> None:
        if failure.check(CancelledError):
            return
        self._log.failure("{what} failed", failure=failure, what=self._what)
        if failed is not None:
            failed()
