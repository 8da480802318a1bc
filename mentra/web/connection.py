"""A WebSocket towards an engine's server: what it is sent and says, and how it ends."""

from typing import Any

import attrs
from autobahn.twisted.websocket import WebSocketClientProtocol
from OpenSSL import SSL
from service_identity import CertificateError, VerificationError
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mentra.errors import Refused, UpgradeRefused
from mentra.interfaces.network import IWebSocket, IWebSocketListener
from mentra.web.waiting import Waiting

PING_EVERY = 10.0
SIGNS_OF_LIFE_WITHIN = 25.0
"""Seconds without a byte from the server after which it counts as gone; pings ask for one."""

CLOSE_WITHIN = 5.0
"""Seconds from a close frame to the end of the connection."""

MAX_HEAD = 16_384
"""Bytes of the answer to an upgrade."""

MAX_REASON = 123
"""Bytes of UTF-8 beside a close code."""

GONE = 1006
FAULT = 1011


class Silence:
    """Autobahn logs whole requests, keys and all; what matters is told to the listener."""

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **fields: None


@attrs.frozen
class Making:
    """What a connection is made of, besides its protocol."""

    listener: IWebSocketListener
    clock: IReactorTime
    max_frame: int
    max_queue: int
    all: "set[Connection]"


@implementer(IWebSocket, IPushProducer)
class Connection(WebSocketClientProtocol):
    """One of them.

    :ivar opened: fires with it once it may be used; cancel it to hang up.
    """

    log = Silence()
    transport: Any
    _log = Logger()

    def __init__(self, made: Making) -> None:
        super().__init__()
        self._listener: IWebSocketListener | None = made.listener
        self._clock = made.clock
        self._all = made.all
        self._waiting = Waiting(made.max_queue)
        self._is_paused = False
        self._seen = 0.0
        self._why = "the connection broke"
        self._timer: IDelayedCall | None = None
        self.opened: Deferred[Connection] = Deferred(lambda _: self.abort())

    # -- for whoever opened it

    @property
    def queued(self) -> int:
        """Bytes that wait for the server to read."""
        return self._waiting.size

    @property
    def dropped(self) -> int:
        """Bytes of messages that have given way."""
        return self._waiting.dropped

    def send(self, payload: str | bytes, *, may_drop: bool = False) -> None:
        """Send it, now or once the server reads."""
        if self._listener is None or self.state != self.STATE_OPEN:
            return
        if not self._is_paused:
            self._write(payload)
            return
        if not self._waiting.put(payload, may_drop=may_drop):
            self._end(GONE, "the server does not read what it is sent")

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send what waits, and end it."""
        if self._listener is None:
            return
        self._listener = None
        self._flush()
        self._stop_producing()
        if self.state == self.STATE_OPEN:
            told = reason.encode()[:MAX_REASON].decode(errors="ignore").encode()
            self.sendCloseFrame(code=code, reasonUtf8=told)
        else:
            self.abort()

    def abort(self) -> None:
        """End it at once."""
        self._listener = None
        self._stop_producing()
        if self.transport is not None:
            self.transport.abortConnection()

    # -- from the transport

    def pauseProducing(self) -> None:
        """The server does not read."""
        self._is_paused = True

    def resumeProducing(self) -> None:
        """It reads again."""
        self._is_paused = False
        while self._waiting and not self._is_paused:
            self._write(self._waiting.take())

    def stopProducing(self) -> None:
        """It never will."""
        self._waiting.clear()

    def dataReceived(self, data: bytes) -> None:
        """Whatever comes is a sign of life."""
        self._seen = self._clock.seconds()
        super().dataReceived(data)

    # -- from Autobahn

    def processHandshake(self) -> None:
        """The answer to the upgrade has an end."""
        if len(self.data) > MAX_HEAD and b"\r\n\r\n" not in self.data[:MAX_HEAD]:
            self.failHandshake("its head is too long")
        else:
            super().processHandshake()

    def failHandshake(self, reason: str) -> None:
        """The server does not want to."""
        words = getattr(self, "http_status_line", "").split()
        status = int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0
        headers = getattr(self, "http_headers", {})
        # an answer of 101 that is none tells nothing by its number
        problem = UpgradeRefused(0 if status == 101 else status, headers.get("retry-after"))
        super().failHandshake(reason)
        self._fail_opening(problem)

    def onOpen(self) -> None:
        """It may be used."""
        self._all.add(self)
        self.transport.registerProducer(self, True)
        self._seen = self._clock.seconds()
        self._timer = self._clock.callLater(PING_EVERY, self._beat)
        self.opened.callback(self)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Hand it on."""
        listener = self._listener
        if listener is None:
            return
        try:
            if isBinary:
                listener.binary(payload)
            else:
                listener.text(payload.decode("utf-8"))
        except Exception:  # noqa: BLE001 - a listener's bug must not end other connections
            self._log.failure("a message of a server could not be handled")
            self._end(FAULT, "a message could not be handled")

    def sendCloseFrame(self, *arguments: Any, **fields: Any) -> None:
        """Whoever began it, it is to end soon."""
        super().sendCloseFrame(*arguments, **fields)
        self._stop_producing()
        self._leave_soon()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Remember why."""
        if reason.check(SSL.Error, VerificationError, CertificateError):
            self._why = "its certificate is not good for that name"
        super().connectionLost(reason)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """It is over."""
        self._all.discard(self)
        self._stop_timer()
        self._fail_opening(Refused("UNREACHABLE", self._why, where="provider", retryable=True))
        # what we found fault with says more than the server's consent to it
        if self.closedByMe and self.localCloseCode:
            self._tell(self.localCloseCode, "")
        else:
            self._tell(self.remoteCloseCode or GONE, self.remoteCloseReason or "")

    # -- within

    def _write(self, payload: str | bytes) -> None:
        is_text = isinstance(payload, str)
        self.sendMessage(payload.encode() if isinstance(payload, str) else payload, not is_text)

    def _flush(self) -> None:
        if self.state == self.STATE_OPEN:
            while self._waiting:
                self._write(self._waiting.take())

    def _beat(self) -> None:
        if self._clock.seconds() - self._seen >= SIGNS_OF_LIFE_WITHIN:
            self._timer = None
            self._end(GONE, f"nothing came from the server for {SIGNS_OF_LIFE_WITHIN:g} s")
            return
        self._timer = self._clock.callLater(PING_EVERY, self._beat)
        if not self._is_paused:
            self.sendPing()

    def _end(self, code: int, reason: str) -> None:
        """We give it up, and say why."""
        self._tell(code, reason)
        self.abort()

    def _tell(self, code: int, reason: str) -> None:
        listener, self._listener = self._listener, None
        if listener is None or not self.opened.called:
            return
        try:
            listener.closed(code, reason)
        except Exception:  # noqa: BLE001 - as above
            self._log.failure("the end of a connection could not be handled")

    def _fail_opening(self, problem: Refused) -> None:
        if not self.opened.called:
            self._listener = None
            self.opened.errback(problem)

    def _leave_soon(self) -> None:
        self._stop_timer()
        self._timer = self._clock.callLater(CLOSE_WITHIN, self._drop)

    def _drop(self) -> None:
        self._timer = None
        self.transport.abortConnection()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop_producing(self) -> None:
        # a transport with a producer waits for it before it closes
        self._waiting.clear()
        if self.transport is not None and self in self._all:
            self.transport.unregisterProducer()
