"""A bound port before anybody is behind it."""

from typing import Any

from twisted.internet.interfaces import IAddress, IProtocol
from twisted.internet.protocol import Factory


class Doorway(Factory):
    """Leaves connections waiting in the kernel until it is opened with the factory for them."""

    noisy = False

    def __init__(self) -> None:
        self._inner: Factory | None = None
        self._port: Any = None

    def bound(self, port: Any) -> None:
        """The port it is the factory of; nothing is accepted yet."""
        self._port = port
        port.stopReading()

    def open(self, factory: Factory) -> None:
        """Let *factory* take what waits, and what comes from now on."""
        self._inner = factory
        factory.doStart()
        if self._port is not None and not self._port.disconnected:
            self._port.startReading()

    def doStop(self) -> None:
        """The port is closed."""
        super().doStop()
        if self._inner is not None:
            self._inner.doStop()

    def buildProtocol(self, addr: IAddress | None) -> IProtocol | None:  # type: ignore[override] # twisted's annotation is a private class
        """The inner factory's protocol; None closes the connection."""
        return None if self._inner is None else self._inner.buildProtocol(addr)


def with_backlog(listen: str, backlog: int) -> str:
    """The endpoint string with our backlog, where the kind has one and nobody chose another.

    Twisted's own of 50 turns a storm of connections into seconds of SYN retries.
    """
    kind = listen.partition(":")[0]
    if kind in ("tcp", "tcp6", "ssl") and "backlog=" not in listen:
        return f"{listen}:backlog={backlog}"
    return listen
