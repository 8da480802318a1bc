"""Real sockets on a reactor that is turned by hand."""

import itertools
import json
import socket
import struct
from collections.abc import Callable
from typing import Any

from twisted.internet.epollreactor import EPollReactor
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import Site

from mentra.testing.wire import KEY, PLENTY, ServerFrame, client_frame, parse_frames
from mentra.wire.edge import Edge
from mentra.wire.factory import WireOptions
from mentra.wire.front_door import FrontDoorFactory

TURNS = 2000
"""So often is looked, each time for as long as a hundredth of a second if nothing happens."""

SMALL = 4096
"""Bytes of a socket's buffer, so that it is soon full; the kernel gives a little more."""


class HandTurned:
    """A reactor that only moves when it is told to.

    :ivar reactor: Twisted's for Linux, of the test's own.
    """

    def __init__(self, reactor: Any = None) -> None:
        self.reactor: Any = reactor or EPollReactor()

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Its first true value, looked for after every turn."""
        for _ in range(TURNS):
            if found := condition():
                return found
            self.reactor.iterate(0.01)
        raise AssertionError(f"waited in vain for {what}")

    def turn(self) -> None:
        """Deal with what is there, and not with what comes of it."""
        self.reactor.iterate(0)

    def end(self) -> None:
        """Close everything."""
        for one in self.reactor.removeAll():
            one.connectionLost(Failure(ConnectionDone()))
        for call in self.reactor.getDelayedCalls():
            call.cancel()


class SocketClient:
    """A client of a server that runs in the same thread."""

    def __init__(self, server: HandTurned, address: Any, *, buffer: int | None = None) -> None:
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family)
        if buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.connect(address)
        self.socket.setblocking(False)
        self.server = server
        self.is_cut = False
        self.got = b""

    def send(self, data: bytes) -> None:
        """All of *data*, the server reading meanwhile."""
        left = memoryview(data)
        while left:
            try:
                left = left[self.socket.send(left) :]
            except BlockingIOError:
                self.server.turn()

    def read(self) -> bytes:
        """What is there, and was not taken yet; the server does nothing for it."""
        while not self.is_cut:
            try:
                data = self.socket.recv(65_536)
            except BlockingIOError:
                break
            except ConnectionError:
                data = b""
            self.is_cut = not data
            self.got += data
        return self.got

    def take(self) -> bytes:
        """As ``read``, and it is taken."""
        self.read()
        taken, self.got = self.got, b""
        return taken

    def upgrade(self, path: str) -> None:
        """Become a WebSocket."""
        lines = (
            f"GET {path} HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13", "", "",
        )  # fmt: skip
        self.send("\r\n".join(lines).encode())
        self.server.until(lambda: b"\r\n\r\n" in self.read(), "the upgrade")
        head, _, self.got = self.got.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")

    def say(self, **message: Any) -> None:
        """A text frame with *message* as its object."""
        self.send(client_frame(json.dumps(message).encode()))

    def frames(self, count: int) -> list[ServerFrame]:
        """The next *count* frames, exactly."""
        self.server.until(lambda: len(parse_frames(self.read())[0]) >= count, f"{count} frames")
        found, rest = parse_frames(self.take())
        assert (len(found), rest) == (count, b"")
        return found

    def reset(self) -> None:
        """Go without a word, as a crash does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class WatchedDoor(FrontDoorFactory):
    """Lets a test look at each transport."""

    def buildProtocol(self, addr: Any) -> Any:
        protocol: Any = super().buildProtocol(addr)
        connect = protocol.makeConnection

        def look_first(transport: Any) -> None:
            self.look_at(transport)
            connect(transport)

        protocol.makeConnection = look_first
        return protocol


class SocketPort(HandTurned):
    """The edge of a house, listening on a real socket.

    :param path: of a Unix socket; without it, TCP.
    :param transport: class of the server's connections, in place of Twisted's.
    :param look_at: called with the server's end of each connection before anything is said.
    :ivar peers: the WebSocket peers, in order of arrival.
    """

    def __init__(
        self,
        house: Any,
        *,
        fast: bool,
        path: str | None = None,
        transport: Any = None,
        look_at: Callable[[Any], None] = lambda transport: None,
    ) -> None:
        super().__init__()
        clock, ticks = house.clock, itertools.count()
        self.edge = Edge(
            house,
            options=WireOptions(fast=fast),
            bounds=PLENTY,
            patience=30.0,
            reactor=clock,
            timer=lambda: next(ticks) / 1e6,
        )
        self.edge.startService()
        door = WatchedDoor(
            self.edge.factories, Site(Resource(), reactor=clock), clock=clock, patience=10.0
        )
        door.look_at = look_at
        if path is None:
            self.port = self.reactor.listenTCP(0, door, interface="127.0.0.1")
            self.address: Any = ("127.0.0.1", self.port.getHost().port)
        else:
            self.port = self.reactor.listenUNIX(path, door)
            self.address = path
        if transport is not None:
            self.port.transport = transport
        self.clients: list[SocketClient] = []

    @property
    def peers(self) -> list[Any]:
        found = {peer for factory in self.edge.factories.values() for peer in factory.peers}
        return sorted(found, key=lambda peer: int(peer.peer_id.rpartition("-")[2]))

    def client(self, path: str, *, buffer: int | None = None) -> SocketClient:
        """A WebSocket to *path*."""
        client = SocketClient(self, self.address, buffer=buffer)
        self.clients.append(client)
        client.upgrade(path)
        return client

    def glasses(self, user_id: str = "ann@x.org", **how: Any) -> SocketClient:
        """Glasses with a good (fake) token."""
        return self.client(f"/glasses-ws?token=user:{user_id}", **how)

    def end(self) -> None:
        for client in self.clients:
            client.socket.close()
        super().end()
