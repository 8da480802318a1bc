"""Threads for what would keep the reactor's waiting: drawing, and the like."""

from collections.abc import Callable
from typing import Any, TypeVar

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

from mentra.extension import ComponentFactory
from mentra.interfaces.services import IServices, IThreads

T = TypeVar("T")

THREADS = 2


@implementer(IThreads)
class Threads(Service):
    """A few threads, which run while the service does."""

    def __init__(self, reactor: IReactorFromThreads) -> None:
        self._reactor = reactor
        self._pool = ThreadPool(0, THREADS, "workers")

    def startService(self) -> None:
        """Let them run."""
        super().startService()
        self._pool.start()

    def stopService(self) -> None:
        """Wait for what they are at, which must be short."""
        super().stopService()
        self._pool.stop()

    def run(self, function: Callable[[], T]) -> Deferred[T]:
        """Call it when its turn comes."""
        done: Deferred[T] = deferToThreadPool(self._reactor, self._pool, function)
        return done


def _threads(services: IServices) -> Threads:
    reactor: Any = services.clock
    return Threads(reactor)


threads = ComponentFactory(IThreads, _threads)
