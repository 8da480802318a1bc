"""HTTP spoken with a site in memory."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.python.failure import Failure


@attrs.frozen
class Reply:
    """An answer as it stood on the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The decoded body."""
        return json.loads(self.body)

    @property
    def said(self) -> Any:
        """The decoded body of an error, without what every error has."""
        return {key: one for key, one in self.json.items() if key not in ("code", "correlationId")}


@attrs.define
class Line:
    """One connection to a site."""

    transport: StringTransportWithDisconnection
    channel: Any

    def send(self, data: bytes) -> "Line":
        """Say *data*."""
        self.channel.dataReceived(data)
        return self

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> "Line":
        """Send one whole request."""
        lines = [f"{method} {path} HTTP/1.1", "Host: glasses.test"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def reply(self) -> Reply:
        """The answer that has come; it must be a whole one."""
        head, _, body = self.transport.value().partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in lines)}
        return Reply(int(status.split()[1]), headers, body)

    def hang_up(self) -> None:
        """The client closes."""
        self.channel.connectionLost(Failure(ConnectionDone()))


@pytest.fixture
def dial() -> Iterator[Callable[..., Line]]:
    """Connects to a site; every line is closed at the end."""
    lines: list[Line] = []

    def connect(site: Any, peer: Any = "203.0.113.9") -> Line:
        address = IPv4Address("TCP", peer, 4711) if isinstance(peer, str) else peer
        transport = StringTransportWithDisconnection(peerAddress=address)
        channel = site.buildProtocol(address)
        transport.protocol = channel
        channel.makeConnection(transport)
        lines.append(Line(transport, channel))
        return lines[-1]

    yield connect
    for line in lines:
        if line.transport.connected:
            line.hang_up()
