"""Where datagrams arrive, and whose they are.  Source: docs/protocol/glasses, "Sound over UDP"."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger
from zope.interface import implementer

from mentra.errors import ConfigError
from mentra.extension import ComponentFactory
from mentra.glasses.udp.settings import UdpSettings
from mentra.interfaces.audio import IUdp
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.transports import IUdpPort

HEADER = 6
"""Bytes: four of the user's hash, two of the number."""

WHY = ("strange", "elsewhere", "rate", "sealed", "late")
"""Why a datagram is not taken: it is nobody's, comes from another address than the phone's others,
is one too many, does not open, or comes too late or twice."""

LONGEST = 4096
"""Bytes that are read of a datagram; sound comes in 1,022 and less."""


class Datagrams(DatagramProtocol):
    """Finds out whose a datagram is; one that is nobody's costs a look-up.

    :param links: who takes them, by the user's hash.
    :param strange: called for each that is nobody's.
    """

    noisy = False

    def __init__(self, links: dict[int, IUdp], strange: Callable[[], None]) -> None:
        self._links = links
        self._strange = strange

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        """One came from *addr*: host and port first of all."""
        link = self._links.get(int.from_bytes(datagram[:4], "big"))
        if link is None or len(datagram) < HEADER:
            self._strange()
            return
        sequence = int.from_bytes(datagram[4:HEADER], "big")
        link.received(sequence, datagram[HEADER:], addr[0])


class Drops(Collector):
    """Counts datagrams that were not taken, by reason."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(WHY, 0)

    def collect(self) -> Iterator[Metric]:
        """The counts."""
        family = CounterMetricFamily(
            "mentra_udp_dropped", "Datagrams that were not taken.", labels=["why"]
        )
        for why, count in self.counts.items():
            family.add_metric([why], count)
        yield family


@implementer(IUdpPort)
class UdpPort(Service):
    """Listens while the server runs, where a host for phones is configured.

    The services' clock must be a reactor then.
    """

    _log = Logger()

    def __init__(self, services: IServices) -> None:
        self._settings: UdpSettings = services.settings(UdpSettings)
        self._reactor: Any = services.clock
        self._links: dict[int, IUdp] = {}
        self._port: Any = None
        self._drops = Drops()
        services.metrics.registry.register(self._drops)

    @property
    def port(self) -> int | None:
        """The port it listens on."""
        return None if self._port is None else int(self._port.getHost().port)

    def startService(self) -> None:
        """Listen.

        :raises ConfigError: the port cannot be had.
        """
        settings = self._settings
        if settings.host:
            protocol = Datagrams(self._links, partial(self.dropped, "strange"))
            try:
                self._port = self._reactor.listenUDP(
                    settings.port, protocol, settings.interface, LONGEST
                )
            except CannotListenError as problem:
                where = f"{settings.interface or '*'}:{settings.port}"
                raise ConfigError(
                    f"cannot listen on UDP {where}: {problem.socketError}; name another with "
                    "[udp] port, or leave [udp] host empty"
                ) from problem
            self._log.info("sound is taken on UDP port {port}", port=self.port)
        super().startService()

    def stopService(self) -> Deferred[None] | None:
        """Listen no more."""
        super().stopService()
        port, self._port = self._port, None
        stopped: Deferred[None] | None = None if port is None else port.stopListening()
        return stopped

    def offer(self, session: IUserSession) -> dict[str, Any]:
        """What an acknowledgement says of it."""
        if self._port is None:
            return {}
        glasses = session.glasses
        asked = glasses.identity.asked_for if glasses is not None and glasses.identity else ()
        wanted = "udpEncryption" in asked
        # a phone that never registers needs no link
        link = IUdp(session) if wanted else session.built(IUdp)
        return {
            "udp_host": self._settings.host,
            "udp_port": self.port,
            "udp_encryption": None if link is None else link.secrecy(wanted),
        }

    def dropped(self, why: str) -> None:
        """A datagram was not taken."""
        self._drops.counts[why] += 1

    def register(self, user_hash: int, link: IUdp) -> bool:
        """Have datagrams go to *link*; two users may have one hash, and then the first has it."""
        return self._port is not None and self._links.setdefault(user_hash, link) is link

    def unregister(self, user_hash: int, link: IUdp) -> None:
        """No longer."""
        if self._links.get(user_hash) is link:
            del self._links[user_hash]


udp_port = ComponentFactory(IUdpPort, UdpPort)
