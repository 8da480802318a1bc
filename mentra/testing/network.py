"""A network in memory: servers that a test puts somewhere, and the engines' way to them."""

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import (
    IHostnameResolver,
    IHostResolution,
    IProtocol,
    IProtocolFactory,
    IResolutionReceiver,
    IStreamClientEndpoint,
)
from twisted.internet.task import Clock
from twisted.test.iosim import FakeTransport, IOPump, connect
from zope.interface import implementer

from mentra.errors import Refused
from mentra.interfaces.network import IDial, IWebSocket, IWebSocketClient, IWebSocketListener
from mentra.server_address import Place, place_of

HERE = IPv4Address("TCP", "127.0.0.1", 40_000)
THERE = IPv4Address("TCP", "127.0.0.1", 9)


@attrs.define(eq=False)
class Cable:
    """A connection.

    :ivar client: the protocol that began it, and ``server`` the other end's.
    """

    client: Any
    server: Any
    _pump: IOPump
    _near: FakeTransport
    _far: FakeTransport

    def move(self) -> bool:
        """Carry what there is, both ways; whether there was anything."""
        return bool(self._pump.pump())

    def clog(self) -> None:
        """The server stops reading."""
        if self._near.producer is not None:
            self._near.producer.pauseProducing()

    def clear(self) -> None:
        """It reads again."""
        if self._near.producer is not None:
            self._near.producer.resumeProducing()

    def cut(self) -> None:
        """It breaks."""
        self._far.loseConnection()
        self._pump.flush()


@implementer(IDial)
class MemoryNetwork:
    """Leads to the servers that a test named, and to nobody else.

    :ivar cables: every connection, in order.
    :ivar silent: places where nobody answers, and nobody says no.
    """

    def __init__(self) -> None:
        self._servers: dict[Place, IProtocolFactory] = {}
        self.silent: set[Place] = set()
        self.cables: list[Cable] = []
        self.waiting: list[Deferred[IProtocol]] = []
        self._clock = Clock()

    def serve(self, address: str, factory: IProtocolFactory) -> None:
        """From now on *factory* answers at *address*."""
        self._servers[place_of(address)] = factory

    def hang(self, address: str) -> None:
        """From now on connections to *address* come to nothing, for ever."""
        self.silent.add(place_of(address))

    def endpoint(self, address: str) -> IStreamClientEndpoint:
        """Leads to *address*.

        :raises Refused: it is none.
        """
        try:
            return _Endpoint(self, place_of(address))
        except ValueError as problem:
            raise Refused("BAD_ADDRESS", str(problem)) from problem

    def pump(self) -> None:
        """Carry everything that is under way.

        :raises AssertionError: there is no end of it.
        """
        for _ in range(10_000):
            if not [cable for cable in tuple(self.cables) if cable.move()]:
                return
        raise AssertionError("two peers never stop talking")

    def connected(self, place: Place, factory: IProtocolFactory) -> Deferred[IProtocol]:
        """A connection to *place*, at once."""
        if place in self.silent:
            # a real attempt that is cancelled is over as well
            self.waiting.append(Deferred())
            return self.waiting[-1]
        there = self._servers.get(place)
        server = None if there is None else there.buildProtocol(HERE)
        client = factory.buildProtocol(THERE)
        if server is None or client is None:
            return fail(ConnectionRefusedError())
        far = FakeTransport(server, isServer=True, hostAddress=THERE, peerAddress=HERE)
        near = FakeTransport(client, isServer=False, hostAddress=HERE, peerAddress=THERE)
        pump = connect(server, far, client, near, clock=self._clock)
        self.cables.append(Cable(client, server, pump, near, far))
        return succeed(client)


@implementer(IStreamClientEndpoint)
@attrs.frozen
class _Endpoint:
    network: MemoryNetwork
    place: Place

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803 - twisted's own name
        """Go there."""
        return self.network.connected(self.place, protocolFactory)


@implementer(IHostResolution)
@attrs.define(eq=False)
class FakeResolution:
    """A look-up.

    :ivar cancelled: whether it was given up.
    """

    name: str
    cancelled: bool = False

    def cancel(self) -> None:
        """It is given up."""
        self.cancelled = True


@implementer(IHostnameResolver)
@attrs.define(eq=False)
class FakeNames:
    """A resolver for ``MemoryReactorClock.installNameResolver``.

    :ivar names: name to addresses; None is never found out.  What is missing means itself, as
        an address does.
    :ivar asked: names that were looked up, in order.
    """

    names: dict[str, list[str] | None] = attrs.field(factory=dict)
    asked: list[str] = attrs.field(factory=list)
    resolutions: list[FakeResolution] = attrs.field(factory=list)

    def resolveHostName(  # noqa: N802 - twisted's own name
        self,
        resolutionReceiver: IResolutionReceiver,  # noqa: N803 - twisted's own name
        hostName: str,  # noqa: N803 - twisted's own name
        portNumber: int = 0,  # noqa: N803 - twisted's own name
        addressTypes: Any = None,  # noqa: N803 - twisted's own name
        transportSemantics: str = "TCP",  # noqa: N803 - twisted's own name
    ) -> IHostResolution:
        """What it knows, at once."""
        self.asked.append(hostName)
        self.resolutions.append(FakeResolution(hostName))
        resolutionReceiver.resolutionBegan(self.resolutions[-1])
        found = self.names.get(hostName, [hostName])
        if found is not None:
            for one in found:
                kind = IPv6Address if ":" in one else IPv4Address
                resolutionReceiver.addressResolved(kind("TCP", one, portNumber))
            resolutionReceiver.resolutionComplete()
        return self.resolutions[-1]


@implementer(IWebSocket)
@attrs.define(eq=False)
class FakeWebSocket:
    """Keeps what it was sent; a test says what the server does.

    :ivar sent: messages, in order.
    :ivar code: what it was closed with by whoever opened it, 1006 if aborted; None while open.
    """

    url: str
    headers: dict[str, str]
    listener: IWebSocketListener
    opened: "Deferred[FakeWebSocket]" = attrs.field(factory=Deferred)
    sent: list[str | bytes] = attrs.field(factory=list)
    code: int | None = None
    queued: int = 0
    dropped: int = 0

    def send(self, payload: str | bytes, *, may_drop: bool = False) -> None:
        """Keep it."""
        if self.code is None:
            self.sent.append(payload)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Be closed."""
        self.code = code if self.code is None else self.code

    def abort(self) -> None:
        """Be closed."""
        self.close(1006)

    def accept(self) -> None:
        """The server agrees to the upgrade."""
        self.opened.callback(self)

    def refuse(self, problem: Exception) -> None:
        """It does not."""
        self.opened.errback(problem)

    def hear(self, payload: str | bytes) -> None:
        """The server says something, unless nobody listens."""
        if self.code is not None:
            return
        if isinstance(payload, str):
            self.listener.text(payload)
        else:
            self.listener.binary(payload)

    def end(self, code: int = 1006, reason: str = "") -> None:
        """The server ends it."""
        if self.code is None:
            self.code = code
            self.listener.closed(code, reason)


@implementer(IWebSocketClient)
@attrs.define(eq=False)
class FakeWebSocketClient:
    """Keeps what it was asked to open.

    :ivar sockets: in order.
    :ivar refusal: what ``open`` fails with at once, None for nothing.
    """

    sockets: list[FakeWebSocket] = attrs.field(factory=list)
    refusal: Callable[[], Exception] | None = None

    def open(
        self,
        url: str,
        listener: IWebSocketListener,
        *,
        headers: Any = None,
        subprotocols: Any = (),
        within: float = 10.0,
        max_frame: int = 1_048_576,
        max_queue: int = 262_144,
    ) -> Deferred[FakeWebSocket]:
        """One that a test accepts or refuses."""
        if self.refusal is not None:
            return fail(self.refusal())
        self.sockets.append(FakeWebSocket(url, dict(headers or {}), listener))
        return self.sockets[-1].opened
