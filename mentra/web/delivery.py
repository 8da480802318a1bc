"""A body that is written bit by bit, at the pace of whoever reads it."""

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IConsumer, IDelayedCall, IPushProducer, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from twisted.web.server import Request
from zope.interface import implementer

STALLED = 60.0
"""Seconds a client may take nothing of a body."""


@implementer(IConsumer, IPushProducer)
class Delivery:
    """Stands between a body and the request it answers.

    A body of unknown length goes out in chunks; one that breaks off closes the connection, so that
    nobody takes it for whole.
    """

    _log = Logger()

    def __init__(self, request: Request, body: IBodyProducer, clock: IReactorTime) -> None:
        self._request = request
        self._body: Any = body
        self._clock = clock
        self._stalled: IDelayedCall | None = None
        self._over = False

    def begin(self) -> None:
        """Let the body be written."""
        request: Any = self._request
        if self._body.length != UNKNOWN_LENGTH:
            request.setHeader("Content-Length", str(self._body.length))
        if request.method == b"HEAD":
            self._body.stopProducing()
            request.write(b"")
            request.finish()
            return
        request.notifyFinish().addErrback(self._left)
        # the head goes out now, for the first byte of the body may take a while
        request.write(b"")
        request.registerProducer(self, True)
        done: Deferred[Any] = self._body.startProducing(self)
        done.addCallbacks(self._done, self._broke_off)

    # -- what the body writes to

    def write(self, data: bytes) -> None:
        """Pass *data* on, if anybody is there."""
        if not self._over:
            self._request.write(data)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """A body is started with this consumer; it need not register."""

    def unregisterProducer(self) -> None:
        """Nor go."""

    # -- what the connection tells

    def pauseProducing(self) -> None:
        """The client does not keep up."""
        if self._stalled is None and not self._over:
            self._stalled = self._clock.callLater(STALLED, self._give_up)
            self._body.pauseProducing()

    def resumeProducing(self) -> None:
        """It does again."""
        if self._stalled is not None:
            self._stop_waiting()
            self._body.resumeProducing()

    def stopProducing(self) -> None:
        """The connection is lost; the request's own notice follows."""

    # -- how it ends

    def _done(self, ignored: object) -> None:
        if not self._over:
            self._end()
            self._request.unregisterProducer()
            self._request.finish()

    def _broke_off(self, failure: Failure) -> None:
        if not self._over and not failure.check(CancelledError):
            self._log.failure("a body broke off", failure)
        self._abort()

    def _left(self, failure: Failure) -> None:
        if not self._over:
            self._end()
            self._body.stopProducing()

    def _give_up(self) -> None:
        self._stalled = None
        if not self._over:
            self._end()
            self._body.stopProducing()
            self._cut()

    def _abort(self) -> None:
        if not self._over:
            self._end()
            self._cut()

    def _cut(self) -> None:
        request: Any = self._request
        request.unregisterProducer()
        request.channel.transport.abortConnection()

    def _end(self) -> None:
        self._over = True
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        stalled, self._stalled = self._stalled, None
        if stalled is not None:
            stalled.cancel()
