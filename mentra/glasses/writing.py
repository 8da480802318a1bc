"""Writes to the stores that no message waits for."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.logger import Logger

from mentra.errors import MentraError

Write = Callable[[], Any]


class WriteBehind:
    """One write at a time, in order, the newest of a kind replacing one that has not begun.

    :param what: is not remembered if a write fails, says the log.
    """

    _log = Logger()

    def __init__(self, what: str) -> None:
        self._what = what
        self._due: dict[tuple[str, str], Write] = {}
        self._writing: Deferred[None] | None = None

    def add(self, kind: tuple[str, str], write: Write) -> None:
        """Have *write*, which returns an awaitable, done soon.

        :param kind: what is written, and of whom or what: for the log too.
        """
        self._due[kind] = write
        if self._writing is None:
            self._writing = Deferred()
            # never cancelled: an accepted write reaches the store even if the session ends
            Deferred.fromCoroutine(self._write_all()).addErrback(
                lambda failure: self._log.failure(
                    "{what} were not remembered", failure=failure, what=self._what
                )
            )

    def written(self) -> Deferred[None]:
        """Fires when everything is in the store."""
        waiter: Deferred[None] = Deferred()
        if self._writing is None:
            return succeed(None)
        self._writing.addCallback(lambda ignored: waiter.callback(None))
        return waiter

    async def _write_all(self) -> None:
        try:
            while self._due:
                kind = next(iter(self._due))
                write = self._due.pop(kind)
                await self._one(kind, write)
        finally:
            done, self._writing = self._writing, None
            if done is not None:
                done.callback(None)

    async def _one(self, kind: tuple[str, str], write: Write) -> None:
        try:
            await write()
        except MentraError as problem:
            self._log.warn("{kind} of {whose} was not remembered: {problem}",
                           kind=kind[0], whose=kind[1], problem=str(problem))  # fmt: skip
        except CancelledError:
            raise
        except Exception:  # noqa: BLE001 - a store's bug must not lose the other writes
            self._log.failure("{kind} of {whose} was not remembered",
                              kind=kind[0], whose=kind[1])  # fmt: skip
