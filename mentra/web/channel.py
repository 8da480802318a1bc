"""One HTTP connection: how much of a request is read, and for how long."""

import re
from typing import Any

import msgspec
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import RESPONSES, HTTPChannel
from twisted.web.server import Request

from mentra.web.call import code_of
from mentra.web.tree import SMALL_BODY, Answering

LINGER = 1_048_576
"""Bytes of a refused body that are still read, so that its sender gets to see the answer."""

_REQUEST_LINE = re.compile(rb"[A-Z]+ /")

WHOLE = 300.0
"""Seconds from a request's first byte to its last."""


class BoundedChannel(HTTPChannel):
    """Gives a request so much time to arrive: one byte now and then keeps no connection open."""

    site: Any
    _deadline: IDelayedCall | None = None
    _is_busy = False

    def dataReceived(self, data: bytes) -> None:
        """Read on."""
        if self._deadline is None and not self._is_busy:
            self._deadline = self.callLater(WHOLE, self._too_slow)
        super().dataReceived(data)

    def allContentReceived(self) -> None:  # noqa: N802 - twisted's own name
        """A request is there."""
        self._stop_waiting()
        self._is_busy = True
        super().allContentReceived()

    def requestDone(self, request: Any) -> None:  # noqa: N802 - twisted's own name
        """It is answered; the next may have arrived in part."""
        self._is_busy = False
        super().requestDone(request)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Gone."""
        self._stop_waiting()
        self.site.forget(self)
        super().connectionLost(reason)

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802 - twisted's own name
        """A line is longer than 16 KiB: that of the request (its path and query) or a header."""
        is_request = _REQUEST_LINE.match(line) is not None
        what = "The URL" if is_request else "A header"
        message = f"{what} is longer than {self.MAX_LENGTH} bytes"
        said = {"error": message, "code": "TOO_LARGE", "message": message}
        transport: Any = self.transport
        transport.write(_refusal(414 if is_request else 431, said))
        self.loseConnection()

    def _stop_waiting(self) -> None:
        deadline, self._deadline = self._deadline, None
        if deadline is not None and deadline.active():
            deadline.cancel()

    def _too_slow(self) -> None:
        transport: Any = self.transport
        transport.abortConnection()


class BoundedRequest(Request):
    """Refuses a body over its path's bound, and a long one of somebody who may not call there: at
    the headers if they tell, else on the way."""

    _allowance: int | None = None
    _refused = False
    _read = 0

    def gotLength(self, length: int | None) -> None:  # noqa: N802 - twisted's own name
        """The headers are there; *length* is None for a chunked body."""
        channel: Any = self.channel
        # the one private name: without it every path gets the widest bound of all
        path = getattr(channel, "_path", None)
        path = path if isinstance(path, bytes) else None
        self._allowance = channel.site.longest_body(path)
        super().gotLength(length)
        if length is not None and length > self._allowance:
            self._refuse_length()
        elif length is None or length > SMALL_BODY:
            # where it comes from is known from now on, and Twisted says so again later
            self.client = channel.getPeer()
            denial = channel.site.denial(path, self)
            if denial is not None:
                # a stranger's long body is not even put aside
                self._refuse(denial.status, denial.body)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 - twisted's own name
        """A piece of the body."""
        self._read += len(data)
        if self._refused:
            if self._read > LINGER:
                self.channel.loseConnection()
        elif self._allowance is not None and self._read > self._allowance:
            self._refuse_length()
        else:
            super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802 - twisted's own name
        """Everything is there; a refused request ends here."""
        if self._refused:
            self.channel.loseConnection()
        else:
            super().requestReceived(command, path, version)

    def render(self, resrc: Any) -> None:
        """As usual, without telling what the server is made of."""
        self.setHeader(b"Server", b"mentra")
        if not isinstance(resrc, Answering):
            # a WebSocket takes the connection over, and whoever counts those counts it
            site: Any = self.site
            site.forget(self.channel)
        super().render(resrc)

    def _refuse_length(self) -> None:
        message = f"over {self._allowance} bytes"
        self._refuse(413, {"error": message, "code": "TOO_LARGE", "message": message})

    def _refuse(self, status: int, said: dict[str, Any]) -> None:
        channel: Any = self.channel
        self._refused = True
        self._read = 0
        # no "100 Continue" after this
        self.requestHeaders.removeHeader(b"expect")
        channel.transport.write(_refusal(status, said))


def _refusal(status: int, said: dict[str, Any]) -> bytes:
    """The answer to a request that is not read to its end."""
    body = msgspec.json.encode({"code": code_of(status), **said})
    return (
        b"HTTP/1.1 %d %s\r\nServer: mentra\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
        % (status, RESPONSES.get(status, b"Refused"), len(body), body)
    )
