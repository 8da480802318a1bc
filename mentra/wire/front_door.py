"""One port for everything: WebSocket paths go straight to their factory, the rest to the web site.

The first protocol of a connection looks at the request line and hands the transport on, so that no
upgrade is parsed twice.  (The WebSocket paths hang in the site's tree as well, for those that come
later on a kept connection; ``fast_path = false`` leaves only that way.)
"""

from collections.abc import Mapping
from typing import Any

from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.protocol import Factory, Protocol
from twisted.protocols.policies import ProtocolWrapper

from mentra.wire.deadlines import Deadlines

LONGEST_LINE = 16_384
"""Bytes looked at before a connection is the web site's, which refuses long lines itself."""


class FrontDoor(Protocol):
    """Waits for the request line."""

    _seen = b""

    def __init__(self, house: "FrontDoorFactory", address: IAddress | None) -> None:
        self._house = house
        self._address = address

    def connectionMade(self) -> None:
        """A slow client has no more time than a whole upgrade may take."""
        self._house.deadlines.add(self._too_slow)

    def dataReceived(self, data: bytes) -> None:
        """Decide once the first line is there."""
        self._seen += data
        line, found, _ = self._seen.partition(b"\r\n")
        if found or len(self._seen) > LONGEST_LINE:
            self._hand_on(self._house.choose(line))

    def connectionLost(self, reason: Any = None) -> None:
        """Gone before it said anything."""
        self._house.deadlines.remove(self._too_slow)

    def _hand_on(self, factory: Any) -> None:
        self._house.deadlines.remove(self._too_slow)
        transport: Any = self.transport
        protocol = factory.buildProtocol(self._address)
        if protocol is None:
            transport.abortConnection()
            return
        if isinstance(transport, ProtocolWrapper):
            transport.wrappedProtocol = protocol
        else:
            transport.protocol = protocol
        seen, self._seen = self._seen, b""
        protocol.makeConnection(transport)
        protocol.dataReceived(seen)

    def _too_slow(self) -> None:
        transport: Any = self.transport
        transport.abortConnection()


class FrontDoorFactory(Factory):
    """Chooses by URL path.

    :param paths: URL path to the factory of its peers.
    :param site: for everything else.
    :param patience: seconds until the request line must be there.
    """

    noisy = False

    def __init__(
        self, paths: Mapping[str, Any], site: Any, *, clock: IReactorTime, patience: float
    ) -> None:
        self._paths = {path.encode(): factory for path, factory in paths.items()}
        self._site = site
        self.deadlines = Deadlines(clock, patience)

    def doStart(self) -> None:
        """The site has a log and a clock to start."""
        super().doStart()
        self._site.doStart()

    def doStop(self) -> None:
        """Likewise."""
        self._site.doStop()
        super().doStop()

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A protocol that will hand its transport on."""
        return FrontDoor(self, addr)

    def choose(self, line: bytes) -> Any:
        """Who takes a connection that begins with *line*."""
        words = line.split(b" ")
        if len(words) == 3 and words[0] == b"GET":
            return self._paths.get(words[1].partition(b"?")[0], self._site)
        return self._site
