"""A connection to a Wyoming server: one question, and what is answered."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from mentra.errors import Refused
from mentra.interfaces.network import IDial
from mentra.interfaces.services import IServices
from mentra.speech.wyoming_events import Event, Reader, encode, trouble

NAME = "wyoming"


class Call:
    """Events to a server and back, from the first moment on: what is said before the connection
    is there waits for it.

    :param heard: called with each event; a result other than None is what ``answer`` fires with,
        and hangs up.  What it raises ends the call as well.
    :ivar answer: fires once, whatever happens within the time; cancel it to hang up.
    """

    def __init__(
        self,
        services: IServices,
        address: str,
        heard: Callable[[Event], Any],
        *,
        within: float | None = None,
    ) -> None:
        self._clock: Any = services.clock
        self._heard = heard
        self._waiting: list[bytes] = []
        self._line: _Line | None = None
        self.answer: Deferred[Any] = Deferred(lambda _: self._hang_up())
        self._connecting: Deferred[Any] | None = None
        self._alarm: IDelayedCall | None = None
        if within is not None:
            self.limit(within)
        self._dial(services, address)

    def limit(self, within: float) -> None:
        """From now on the answer may take so many seconds; said once."""
        if not self.answer.called:
            problem = failing("TIMEOUT", f"has not answered within {within:g} s")
            self._alarm = self._clock.callLater(within, self.end, problem)

    def say(self, event: Event) -> None:
        """Send it, now or once there is a connection; quiet once it is over."""
        if self.answer.called:
            return
        if self._line is None:
            self._waiting.append(encode(event))
        else:
            self._line.write(encode(event))

    def _dial(self, services: IServices, address: str) -> None:
        factory = _Lines(self)
        try:
            self._connecting = IDial(services).endpoint(address).connect(factory)
        except Refused as problem:
            self.end(problem)
            return
        self._connecting.addCallbacks(lambda _: None, self._not_connected)

    def _not_connected(self, failure: Failure) -> None:
        self._connecting = None
        if failure.check(CancelledError) or self.answer.called:
            return
        if failure.check(Refused):
            self.end(failure.value)  # type: ignore[arg-type] # see above
        else:
            self.end(failing("NETWORK_ERROR", "cannot be reached"))

    # -- from the connection

    def connected(self, line: "_Line") -> None:
        """It is there."""
        self._line, self._connecting = line, None
        if self.answer.called:
            line.drop()
            return
        waiting, self._waiting = self._waiting, []
        line.write(b"".join(waiting))

    def came(self, event: Event) -> None:
        """The server says something."""
        if self.answer.called:
            return
        if event.type == "error":
            self.end(trouble(event, NAME))
            return
        try:
            result = self._heard(event)
        except Refused as problem:
            self.end(problem)
            return
        if result is not None and not self.answer.called:
            self._hang_up()
            self.answer.callback(result)

    def end(self, problem: Refused) -> None:
        """It is over because of *problem*."""
        if not self.answer.called:
            self._hang_up()
            self.answer.errback(problem)

    def _hang_up(self) -> None:
        self._waiting.clear()
        if self._alarm is not None and self._alarm.active():
            self._alarm.cancel()
        if self._connecting is not None:
            self._connecting.cancel()
        if self._line is not None:
            self._line.drop()


class _Lines(Factory):
    noisy = False

    def __init__(self, call: Call) -> None:
        self._call = call

    def buildProtocol(self, address: object) -> "_Line":
        return _Line(self._call)


class _Line(Protocol):
    transport: Any

    def __init__(self, call: Call) -> None:
        self._call = call
        self._reader = Reader(NAME)

    def connectionMade(self) -> None:
        self._call.connected(self)

    def dataReceived(self, data: bytes) -> None:
        try:
            events = self._reader.feed(data)
        except Refused as problem:
            self._call.end(problem)
            return
        for event in events:
            self._call.came(event)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._call.end(failing("CONNECTION_LOST", "ended the connection"))

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def drop(self) -> None:
        self.transport.abortConnection()


def failing(code: str, what: str) -> Refused:
    """What the server did wrong; another attempt may go well."""
    return Refused(code, f"{NAME} {what}", where="provider", retryable=True)
