"""A WebSocket server that does what a test says; over memory or over a real port."""

import json
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from twisted.internet.interfaces import IReactorTime


class ServedSocket(WebSocketServerProtocol):
    """One client's connection.

    :ivar request: how it was asked for: ``path``, ``params``, ``headers``.
    :ivar received: messages, in order: ``str`` and ``bytes``.
    :ivar ended: close code and reason once it is over, None until then.
    :ivar since: for servers that listen: how many bytes of sound are done with.
    :ivar is_new: likewise: whether nothing was said yet.
    """

    factory: "SocketServer"

    def __init__(self) -> None:
        super().__init__()
        self.request: Any = None
        self.received: list[str | bytes] = []
        self.ended: tuple[int | None, str | None] | None = None
        self.since = 0
        self.is_new = True

    def onConnect(self, request: ConnectionRequest) -> str | None:
        """Let it in, unless the test wants otherwise.

        :raises ConnectionDeny: it does.
        """
        self.request = request
        self.factory.connections.append(self)
        if self.factory.refusals:
            status, headers = self.factory.refusals.pop(0)
            self.factory.refusal_headers = headers
            raise ConnectionDeny(status, "no")
        return request.protocols[0] if request.protocols else None

    def sendHttpErrorResponse(self, code: int, reason: str, responseHeaders: Any = None) -> None:  # noqa: N803 - Autobahn's own name
        """With the headers that the test wants."""
        headers = [*(responseHeaders or []), *self.factory.refusal_headers.items()]
        super().sendHttpErrorResponse(code, reason, headers)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Keep it, and answer as the server does."""
        self.received.append(payload if isBinary else payload.decode())
        self.factory.answer(self, self.received[-1])

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """It is over."""
        self.ended = (code, reason)

    def say(self, message: Any) -> None:
        """Send *message*: bytes as they are, anything else as JSON text."""
        if isinstance(message, bytes):
            self.sendMessage(message, True)
        else:
            self.sendMessage(json.dumps(message).encode())

    def end(self, code: int = 1000, reason: str = "") -> None:
        """Close it."""
        self.sendCloseFrame(code=code, reasonUtf8=reason.encode() or None)

    @property
    def texts(self) -> list[Any]:
        """The objects of the text messages."""
        return [json.loads(one) for one in self.received if isinstance(one, str) and one]

    @property
    def sound(self) -> bytes:
        """All binary messages."""
        return b"".join(one for one in self.received if isinstance(one, bytes))


class SocketServer(WebSocketServerFactory):
    """Keeps its connections, and answers nothing by itself.

    :ivar connections: in order, refused ones too.
    :ivar refusals: status and headers of each answer that is no 101, before others.
    """

    protocol: Any = ServedSocket
    noisy = False

    def __init__(self, clock: IReactorTime) -> None:
        super().__init__(reactor=clock)
        self.setProtocolOptions(openHandshakeTimeout=0, closeHandshakeTimeout=0, failByDrop=False)
        self.connections: list[ServedSocket] = []
        self.refusals: list[tuple[int, dict[str, str]]] = []
        self.refusal_headers: dict[str, str] = {}

    @property
    def last(self) -> ServedSocket:
        """The newest connection."""
        return self.connections[-1]

    def answer(self, socket: ServedSocket, message: str | bytes) -> None:
        """*message* came; a server of some kind says something now."""
