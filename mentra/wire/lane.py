"""Keeps one peer's messages in order while a handler takes its time."""

from collections import deque
from collections.abc import Awaitable, Callable

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from mentra.errors import Dismissed
from mentra.extension import Answer
from mentra.messages import Message


class Lane:
    """One handler at a time; what comes meanwhile waits.

    :param handle: called with each message whose turn has come.
    :param answer: called with an answer that is not None.
    :param dismiss: called when a handler wants the peer gone.
    :param drained: called when nothing waits any more.
    :param broken: called with a failure that no router caught: a path's own bug.
    """

    def __init__(
        self,
        handle: Callable[[Message], None],
        answer: Callable[[Message], object],
        dismiss: Callable[[Dismissed], None],
        drained: Callable[[], None],
        broken: Callable[[Failure], None],
    ) -> None:
        self._handle = handle
        self._answer = answer
        self._dismiss = dismiss
        self._drained = drained
        self._broken = broken
        self._running: Deferred[Answer] | None = None
        self._waiting: deque[Message] = deque()
        self._closed = False
        self._draining = False

    @property
    def busy(self) -> bool:
        """Whether a message must wait."""
        return self._running is not None

    @property
    def working(self) -> bool:
        """Whether a handler has not answered yet."""
        return self._running is not None

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, message: Message) -> None:
        """Let *message* wait for its turn."""
        self._waiting.append(message)

    def run(self, outcome: Awaitable[Answer]) -> None:
        """Own *outcome*: send its answer, log its failure, cancel it in ``close``."""
        running = _deferred(outcome)
        self._running = running
        running.addCallbacks(self._answered, self._failed)
        running.addCallback(lambda _: self._next())

    def close(self) -> None:
        """The peer is gone: cancel what runs, forget what waits."""
        self._closed = True
        self._waiting.clear()
        if self._running is not None:
            self._running.cancel()

    def _answered(self, answer: Answer) -> None:
        if answer is not None:
            self._answer(answer)

    def _failed(self, failure: Failure) -> None:
        if isinstance(failure.value, Dismissed):
            self._dismiss(failure.value)
        elif not isinstance(failure.value, CancelledError):
            self._broken(failure)

    def _next(self) -> None:
        self._running = None
        if self._draining:
            return  # the loop below is further down the stack
        self._draining = True
        try:
            while self._waiting and not self.busy and not self._closed:
                self._handle(self._waiting.popleft())
        finally:
            self._draining = False
        if not self.busy and not self._closed:
            self._drained()


def _deferred(outcome: Awaitable[Answer]) -> Deferred[Answer]:
    if isinstance(outcome, Deferred):
        return outcome
    return Deferred.fromCoroutine(outcome)  # type: ignore[arg-type] # handlers await Deferreds alone
