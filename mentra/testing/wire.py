"""Whole conversations in memory: raw bytes in, frames out, no socket and no real clock."""

import itertools
import json
from collections.abc import Mapping
from typing import Any

import attrs
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import Site

from mentra.house import House
from mentra.wire.admission import Bounds
from mentra.wire.edge import DIALECTS, Edge, MakeDialect
from mentra.wire.factory import WireOptions
from mentra.wire.front_door import FrontDoorFactory

MASK = b"\x0a\x57\xc3\x1e"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
PLENTY = Bounds(connections=10_000, per_user=1000, per_address=0, per_second=10_000.0)


def client_frame(
    payload: bytes, opcode: int = 1, *, final: bool = True, reserved: int = 0, masked: bool = True
) -> bytes:
    """A frame as a client sends it."""
    first = (128 if final else 0) | reserved << 4 | opcode
    size, mask_bit = len(payload), 128 if masked else 0
    if size < 126:
        header = bytes((first, mask_bit | size))
    elif size < 65_536:
        header = bytes((first, mask_bit | 126)) + size.to_bytes(2, "big")
    else:
        header = bytes((first, mask_bit | 127)) + size.to_bytes(8, "big")
    if not masked:
        return header + payload
    # as one number, for byte by byte a large one takes seconds
    mask = int.from_bytes((MASK * (size // 4 + 1))[:size], "big")
    return header + MASK + (int.from_bytes(payload, "big") ^ mask).to_bytes(size, "big")


@attrs.frozen
class ServerFrame:
    """A frame as the server sent it."""

    opcode: int
    payload: bytes

    @property
    def json(self) -> Any:
        """A text frame's object."""
        return json.loads(self.payload)

    @property
    def close_code(self) -> int:
        """A close frame's code."""
        return int.from_bytes(self.payload[:2], "big")


def parse_frames(data: bytes) -> tuple[list[ServerFrame], bytes]:
    """The frames in *data*, and the bytes of one that is not whole."""
    frames = []
    while len(data) >= 2:
        size, start = data[1] & 127, 2
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(data[2:10], "big"), 10
        if len(data) < start + size:
            break
        frames.append(ServerFrame(data[0] & 15, data[start : start + size]))
        data = data[start + size :]
    return frames, data


class MemoryTransport(StringTransport):
    """As real ones do, it lets a producer be taken away that was never there."""

    protocol: Any = None

    def unregisterProducer(self) -> None:
        """Nobody produces for it any more."""
        if self.producer is not None:
            super().unregisterProducer()


class Line:
    """One client's connection.

    :ivar transport: the server's side; ``producerState`` tells whether it reads.
    :ivar status: of the answer to the upgrade, None until there is one.
    """

    def __init__(self, factory: Factory, address: IAddress) -> None:
        self.transport = MemoryTransport(peerAddress=address, lenient=True)
        self.status: int | None = None
        self.head = b""
        self._rest = b""
        protocol: Any = factory.buildProtocol(address)
        self.transport.protocol = protocol
        protocol.makeConnection(self.transport)

    def send_bytes(self, data: bytes) -> None:
        """Bytes from the client, as one read."""
        self.transport.protocol.dataReceived(data)

    def upgrade(self, path: str, headers: dict[str, str] | None = None) -> "Line":
        """Ask for a WebSocket at *path* (with query)."""
        lines = [
            f"GET {path} HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13",
        ]  # fmt: skip
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.send_bytes("\r\n".join((*lines, "", "")).encode())
        answer, _, self._rest = self._take().partition(b"\r\n\r\n")
        self.head = answer
        self.status = int(answer.split()[1]) if answer else None
        return self

    @property
    def body(self) -> Any:
        """The JSON body of a refused upgrade."""
        return json.loads(self._rest)

    def say(self, **message: Any) -> None:
        """A text frame with *message* as its object."""
        self.send_bytes(client_frame(json.dumps(message).encode()))

    def frames(self) -> list[ServerFrame]:
        """What the server sent since the last call."""
        found, self._rest = parse_frames(self._rest + self._take())
        return found

    def messages(self) -> list[Any]:
        """The objects of the text frames among them."""
        return [one.json for one in self.frames() if one.opcode == 1]

    @property
    def is_cut(self) -> bool:
        """Whether the server let go of the connection."""
        return bool(self.transport.disconnecting)

    def lose(self) -> None:
        """The network is gone."""
        self.transport.protocol.connectionLost(Failure(ConnectionDone()))

    def _take(self) -> bytes:
        data: bytes = self.transport.value()
        self.transport.clear()
        return data


class MemoryPort:
    """The edge of a house, with a web site that has nothing in it.

    :param reactor: what paths' own ports listen with; None: they cannot.

    :ivar edge: the WebSocket paths.
    """

    def __init__(
        self,
        house: House,
        *,
        options: WireOptions | None = None,
        bounds: Bounds = PLENTY,
        dialects: Mapping[str, MakeDialect] = DIALECTS,
        reactor: Any = None,
    ) -> None:
        clock: Any = house.clock
        ticks = itertools.count()
        self.edge = Edge(
            house,
            options=options or WireOptions(),
            bounds=bounds,
            patience=30.0,
            reactor=reactor or clock,
            timer=lambda: next(ticks) / 1e6,
            dialects=dialects,
        )
        self.edge.startService()
        self._door = FrontDoorFactory(
            self.edge.factories, Site(Resource(), reactor=clock), clock=clock, patience=10.0
        )

    def call(self, host: str | IAddress = "127.0.0.1") -> Line:
        """A client connects: from an IP address, or from any other."""
        address = IPv4Address("TCP", host, 40_000) if isinstance(host, str) else host
        return Line(self._door, address)

    def call_door(self, path: str, host: str = "127.0.0.1") -> Line:
        """A client connects to the own port of the path called *path*."""
        address = IPv4Address("TCP", host, 40_000)
        return Line(self.edge.doors[path], address)

    def glasses(self, user_id: str = "ann@x.org") -> Line:
        """Glasses with a good (fake) token."""
        return self.call().upgrade(f"/glasses-ws?token=user:{user_id}")


def advance(clock: Clock, seconds: float, step: float = 0.1) -> None:
    """Move a clock on in small steps, as time does."""
    for _ in range(round(seconds / step)):
        clock.advance(step)
