"""Threads that are none."""

from collections.abc import Callable
from typing import TypeVar

from twisted.internet.defer import Deferred, execute
from zope.interface import implementer

from mentra.interfaces.services import IThreads

T = TypeVar("T")


@implementer(IThreads)
class FakeThreads:
    """Does at once whatever it is to do."""

    def run(self, function: Callable[[], T]) -> Deferred[T]:
        """Call it."""
        done: Deferred[T] = execute(function)
        return done
