"""Peers whose requests run side by side: each gets its answer as soon as there is one."""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from mentra.correlation import current
from mentra.errors import Dismissed, Malformed
from mentra.extension import Answer, Asked
from mentra.messages import Message
from mentra.wire.context import RequestContext
from mentra.wire.peer import Peer

Request = Message | Asked


class Lanes:
    """So many at a time; what comes meanwhile waits, in order.

    :param most: how many.
    :param handle: called with each request whose turn has come.
    :param drained: called when nothing waits any more.
    """

    def __init__(
        self, most: int, handle: Callable[[Request], None], drained: Callable[[], None]
    ) -> None:
        self._most = most
        self._handle = handle
        self._drained = drained
        self._running: set[Deferred[Any]] = set()
        self._waiting: deque[Request] = deque()
        self._closed = False
        self._draining = False

    @property
    def busy(self) -> bool:
        """Whether a request must wait."""
        return len(self._running) >= self._most

    @property
    def working(self) -> bool:
        """Whether a handler has not answered yet."""
        return bool(self._running)

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, request: Request) -> None:
        """Let *request* wait for its turn."""
        self._waiting.append(request)

    def run(
        self,
        outcome: Awaitable[Answer],
        answered: Callable[[Answer], None],
        failed: Callable[[Failure], None],
    ) -> None:
        """Own *outcome*; it is cancelled in ``close``, and then nobody is told."""
        running: Deferred[Any] = Deferred.fromCoroutine(_of(outcome))
        self._running.add(running)
        running.addCallbacks(answered, failed)
        running.addErrback(failed)
        running.addBoth(self._over, running)

    def close(self) -> None:
        """The peer is gone: cancel what runs, forget what waits."""
        self._closed = True
        self._waiting.clear()
        for running in tuple(self._running):
            running.cancel()

    def _over(self, _: object, running: Deferred[Any]) -> None:
        self._running.discard(running)
        if self._draining or self._closed:
            return
        self._draining = True
        waited = bool(self._waiting)
        try:
            while self._waiting and not self.busy and not self._closed:
                self._handle(self._waiting.popleft())
        finally:
            self._draining = False
        if waited and not self._waiting and not self._closed:
            self._drained()


async def _of(outcome: Awaitable[Answer]) -> Answer:
    return await outcome


class SideBySidePeer(Peer):
    """Decodes requests, and sends their answers in whatever order they come.

    Where all of its lanes are taken the next requests wait, and beyond a bound it stops reading.
    """

    __slots__ = ()

    lane: Any  # Lanes, from the first request on that is not answered at once

    def take(self, payload: bytes, is_binary: bool) -> None:
        """A whole message, text being valid UTF-8."""
        self.messages = number = self.messages + 1
        factory = self.factory
        if factory.leaving or (number > self._rate_mark and not self._within_rate()):
            return
        try:
            asked: Request = factory.decode(payload, is_binary)
        except Malformed as problem:
            factory.metrics.failed(factory.entrance.name, "dialect")
            self._reject(problem)
            return
        factory.counts[type(_message_of(asked))] += 1
        if self.lane is None or not self.lane.busy:
            self._handle_request(asked)
        else:
            self._wait(self.lane, asked)  # type: ignore[arg-type] # lanes take whole requests

    def _handle_request(self, asked: Request) -> None:
        whole: Any = self.context
        whole.number += 1
        context = RequestContext(whole, asked.request_id if isinstance(asked, Asked) else None)
        before = current.set(context)
        try:
            self._route_request(asked, context)
        except Dismissed as dismissal:
            self.dismiss(dismissal)
        finally:
            current.reset(before)

    def _route_request(self, asked: Request, context: RequestContext) -> None:
        message, entrance = _message_of(asked), self.factory.entrance
        route = self.factory.route
        if context.session is None and type(message) not in entrance.handshake:
            route = entrance.premature
        outcome = route(message, context)
        if outcome is None or isinstance(outcome, Message):
            self._reply(asked, outcome)
            return
        if self.lane is None:
            most = self.factory.limits.side_by_side
            self.lane = Lanes(most, self._handle_request, self._read_on)
        self.lane.run(outcome, lambda answer: self._reply(asked, answer), self._request_failed)

    def _reply(self, asked: Request, answer: Answer) -> None:
        reply: Any = self.factory.reply
        if isinstance(asked, Asked):
            answer = reply(asked, answer)
        if answer is not None:
            self.send(answer)

    def _request_failed(self, failure: Failure) -> None:
        if isinstance(failure.value, Dismissed):
            self.dismiss(failure.value)
        elif not isinstance(failure.value, CancelledError):
            self._broken(failure)


def _message_of(asked: Request) -> Message:
    return asked.message if isinstance(asked, Asked) else asked
