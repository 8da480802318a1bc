"""Ports that paths have of their own."""

import errno
from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import gatherResults
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from mentra.addresses import LOOPBACK, Networks, address_of
from mentra.errors import ConfigError
from mentra.extension import Door

_LOOPBACK = Networks.of(LOOPBACK)

_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""What the machine says of an address that it does not have."""


class Doorkeeper(Factory):
    """Hands connections to the peers' factory; where only the machine itself may come, others are
    cut off unheard."""

    noisy = False

    def __init__(self, peers: Any, loopback_only: bool) -> None:
        self._peers = peers
        self._loopback_only = loopback_only

    def doStart(self) -> None:
        """The peers' factory may have to be ready."""
        super().doStart()
        self._peers.doStart()

    def doStop(self) -> None:
        """Likewise."""
        self._peers.doStop()
        super().doStop()

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A peer; None for strangers, whose connection is closed then."""
        if self._loopback_only:
            address = address_of(str(getattr(addr, "host", "")))
            if address is None or address not in _LOOPBACK:
                return None
        return self._peers.buildProtocol(addr)


class OwnPort(Service):
    """A path's own port.

    :param door: where it is.
    :param peers: the factory of its peers.
    :param backlog: connections the kernel holds.
    """

    _log = Logger()

    def __init__(self, door: Door, peers: Any, reactor: Any, backlog: int = 50) -> None:
        self._door = door
        self._factory = Doorkeeper(peers, door.loopback_only)
        self._reactor = reactor
        self._backlog = backlog
        self._ports: list[Any] = []

    def open(self) -> int:
        """Listen; the port that it became.

        :raises ConfigError: none is to be had.
        """
        door = self._door
        for number in range(door.port, door.port + door.tries):
            try:
                self._ports = self._bind(number)
            except CannotListenError as problem:
                if _errno_of(problem) != errno.EADDRINUSE:
                    raise ConfigError(_why_not(door, number, problem)) from problem
                continue
            port = int(self._ports[0].getHost().port)
            self._log.info("{setting}: listening on port {port}", setting=door.setting, port=port)
            return port
        last = door.port + door.tries - 1
        which = (
            f"port {last} is" if door.tries == 1 else f"all ports from {door.port} to {last} are"
        )
        raise ConfigError(f"{which} in use on {door.hosts[0]}; set {door.setting} to another one")

    def stopService(self) -> Any:
        """Listen no more."""
        super().stopService()
        ports, self._ports = self._ports, []
        return gatherResults([port.stopListening() for port in ports if port is not None])

    def _bind(self, number: int) -> list[Any]:
        """A listening port for each host, all of one number.

        :raises CannotListenError: for one of them it cannot be had.
        """
        ports: list[Any] = []
        for host in self._door.hosts:
            try:
                ports.append(self._listen(number, host))
            except CannotListenError as problem:
                if ports and _errno_of(problem) in _NOT_HERE:
                    continue
                for port in ports:
                    port.stopListening()
                raise
            number = int(ports[0].getHost().port)
        return ports

    def _listen(self, number: int, host: str) -> Any:
        listen: Callable[..., Any] = self._reactor.listenTCP
        return listen(number, self._factory, self._backlog, host)


def _errno_of(problem: CannotListenError) -> int | None:
    error: int | None = getattr(problem.socketError, "errno", None)
    return error


def _why_not(door: Door, number: int, problem: CannotListenError) -> str:
    why = getattr(problem.socketError, "strerror", None) or problem.socketError
    return f"cannot listen on port {number} of {problem.interface}: {why}; see {door.setting}"
