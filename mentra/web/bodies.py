"""Bodies of HTTP exchanges: what is sent, and what comes back, whole or bit by bit."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IConsumer, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from mentra.errors import Refused


@implementer(IBodyProducer)
class Body:
    """Sends bytes at once; Twisted's FileBodyProducer takes its turns from the global reactor."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.length = len(content)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """Write it."""
        consumer.write(self._content)
        return succeed(None)

    def pauseProducing(self) -> None:
        """Too late."""

    def resumeProducing(self) -> None:
        """Nothing is left."""

    def stopProducing(self) -> None:
        """Too late."""


class Broken(Exception):
    """The connection broke in the middle of a body, because of *reason*."""

    def __init__(self, reason: BaseException | None) -> None:
        super().__init__(type(reason).__name__)
        self.reason = reason


class Arriving(Protocol):
    """A body on its way here; what becomes of it is for subclasses to say.

    :param silence: seconds without a byte after which it is given up; None: for ever.
    :ivar done: fires with what :meth:`ended` says; cancel it to hang up.
    """

    def __init__(self, clock: IReactorTime | None = None, silence: float | None = None) -> None:
        self.done: Deferred[bytes] = Deferred(lambda _: self._leave())
        self._silence = silence
        self._alarm: Any = None
        if clock is not None and silence is not None:
            self._alarm = clock.callLater(silence, self._stalled, silence)

    def dataReceived(self, data: bytes) -> None:
        """A piece."""
        if self.done.called:
            return
        if self._alarm is not None:
            self._alarm.reset(self._silence)
        try:
            self.arrived(data)
        except Exception as problem:  # noqa: BLE001 - whoever waits is told
            self.fail(problem)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """That was all of it, or the connection broke."""
        if self.done.called:
            return
        self._calm()
        if reason.check(ResponseDone, PotentialDataLoss):
            self.done.callback(self.ended())
        else:
            self.done.errback(Broken(reason.value))

    def succeed(self, outcome: bytes) -> None:
        """It is enough: hang up, and fire ``done`` with *outcome*."""
        self._leave()
        self.done.callback(outcome)

    def fail(self, problem: Exception) -> None:
        """Hang up because of *problem*, unless it is over."""
        if not self.done.called:
            self._leave()
            self.done.errback(problem)

    def arrived(self, data: bytes) -> None:
        """A piece, before the end; what it raises ends the exchange."""
        raise NotImplementedError

    def ended(self) -> bytes:
        """What ``done`` fires with."""
        raise NotImplementedError

    def _stalled(self, silence: float) -> None:
        message = f"nothing came for {silence:g} s"
        self.fail(Refused("TIMEOUT", message, where="app", retryable=True))

    def _leave(self) -> None:
        self._calm()
        transport: Any = self.transport
        transport.loseConnection()
        # over TLS the above waits for the other side to agree; this does not
        transport.stopProducing()

    def _calm(self) -> None:
        if self._alarm is not None and self._alarm.active():
            self._alarm.cancel()


class Collector(Arriving):
    """Gathers a body, up to a bound.

    :param cut: what a longer one costs: False is a refusal, True what goes beyond.
    """

    def __init__(
        self,
        max_bytes: int,
        *,
        cut: bool = False,
        clock: IReactorTime | None = None,
        silence: float | None = None,
    ) -> None:
        super().__init__(clock, silence)
        self._max = max_bytes
        self._cut = cut
        self._size = 0
        self._pieces: list[bytes] = []

    def arrived(self, data: bytes) -> None:
        """Keep it."""
        self._size += len(data)
        self._pieces.append(data)
        if self._size <= self._max:
            return
        whole = self.ended()[: self._max]
        self._pieces.clear()
        if not self._cut:
            raise Refused("TOO_LARGE", "the answer is too long", where="app")
        self.succeed(whole)

    def ended(self) -> bytes:
        """All of it."""
        return b"".join(self._pieces)


class Passing(Arriving):
    """Hands each piece on as it comes, and keeps none.

    :param begun: called once, before the first piece; it may raise as well.
    """

    def __init__(
        self,
        received: Callable[[bytes], object],
        begun: Callable[[], object],
        clock: IReactorTime,
        silence: float,
    ) -> None:
        super().__init__(clock, silence)
        self._received = received
        self._begun = begun

    def connectionMade(self) -> None:
        """It begins."""
        try:
            self._begun()
        except Exception as problem:  # noqa: BLE001 - whoever waits is told
            self.fail(problem)

    def arrived(self, data: bytes) -> None:
        """Hand it on."""
        self._received(data)

    def ended(self) -> bytes:
        """Nothing was kept."""
        return b""
