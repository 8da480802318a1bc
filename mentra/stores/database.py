"""Transactions in threads, for a reactor that must not wait for disks."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection
from twisted.application.service import Service
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from mentra.errors import StoreError
from mentra.stores.engine import Place, for_writing, make_engine, transact

T = TypeVar("T")

READERS = 4
"""Transactions that may read at a time."""

POSTGRESQL_WRITERS = 4
"""Transactions that may write at a time on PostgreSQL; on SQLite it is one."""


class Transactions(Protocol):
    """What stores need of a database: see :class:`Database`."""

    def read(self, function: Callable[[Connection], T]) -> Deferred[T]:
        """What *function* returns, which must not write."""

    def write(
        self,
        function: Callable[[Connection], T],
        *,
        lane: str = "",
        committed: Callable[[T], object] = lambda result: None,
    ) -> Deferred[T]:
        """What *function* returns, once it is on the disk."""


class Database(Service):
    """Runs functions of a connection, each in a transaction of its own, in threads.

    Writes of one lane are done in the order they were asked for.  What was asked for before the
    service stops is done before it has stopped, and so is what its answers ask for.

    :raises StoreError: the driver is missing or the file cannot be made.
    """

    _log = Logger()

    def __init__(self, place: Place, reactor: IReactorFromThreads) -> None:
        self.place = place
        self._reactor = reactor
        lanes = POSTGRESQL_WRITERS if place.file is None else 1
        self._engine = make_engine(place, lanes + READERS)
        self._writing = for_writing(self._engine)
        # a pool with one thread is a queue
        self._lanes = [ThreadPool(0, 1, f"store-writer-{lane}") for lane in range(lanes)]
        self._readers = ThreadPool(0, READERS, "store-reader")
        self._in_hand = 0
        self._idle: Deferred[None] | None = None
        self._closed = False

    def startService(self) -> None:
        """Let threads run."""
        super().startService()
        for pool in (*self._lanes, self._readers):
            pool.start()

    def stopService(self) -> Deferred[None]:
        """Fires when everything in hand is done and every connection is closed."""
        super().stopService()
        return Deferred.fromCoroutine(self._close())

    async def _close(self) -> None:
        if self._closed:
            return
        if self._in_hand:
            self._idle = Deferred()
            await self._idle
        self._closed = True
        await deferToThreadPool(self._reactor, self._lanes[0], self._engine.dispose)
        for pool in (*self._lanes, self._readers):
            # nothing is queued, so there is nothing to wait for
            pool.stop()

    def read(self, function: Callable[[Connection], T]) -> Deferred[T]:
        """What *function* returns, which must not write.

        :raises StoreError: the database could not do it.
        """
        return self._run(self._readers, lambda: transact(self._engine, function))

    def write(
        self,
        function: Callable[[Connection], T],
        *,
        lane: str = "",
        committed: Callable[[T], object] = lambda result: None,
    ) -> Deferred[T]:
        """What *function* returns, once it is on the disk.

        It changes nothing but through its connection: where the database took its transaction back
        in favour of another one it is called again.

        :param lane: writes with the same word keep their order.
        :param committed: called with the result after the commit and before the answer, even if
            the answer was cancelled meanwhile: for what is kept in memory.
        :raises StoreError: the database could not do it; nothing was changed.
        """
        pool = self._lanes[hash(lane) % len(self._lanes)]
        return self._run(pool, lambda: transact(self._writing, function), committed)

    def call(self, function: Callable[[], T]) -> Deferred[T]:
        """What *function* returns, run in the thread that writes; it makes its own connections."""
        return self._run(self._lanes[0], function)

    def _run(
        self,
        pool: ThreadPool,
        job: Callable[[], T],
        committed: Callable[[T], object] = lambda result: None,
    ) -> Deferred[T]:
        if self._closed:
            return fail(StoreError(f"the store {self.place} is closed"))

        def remember(result: T) -> T:
            committed(result)
            return result

        self._in_hand += 1
        answer: Deferred[T] = Deferred()
        work: Deferred[Any] = deferToThreadPool(self._reactor, pool, job)
        work.addCallback(remember)
        work.addBoth(self._deliver, answer)
        return answer

    def _deliver(self, result: Any, answer: Deferred[Any]) -> None:
        if not answer.called:
            # a Failure goes down the errbacks
            answer.callback(result)
        elif isinstance(result, Failure):
            self._log.failure("what nobody waited for any more failed", result)
        self._in_hand -= 1
        if self._idle is not None and not self._in_hand:
            idle, self._idle = self._idle, None
            idle.callback(None)
