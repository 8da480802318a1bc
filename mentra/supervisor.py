"""Tells the service manager how we are: ready, alive, stopping.  Source: sd_notify(3).

Nothing happens where ``NOTIFY_SOCKET`` is not set.
"""

import socket
from collections.abc import Mapping

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger


class Supervisor(Service):
    """Feeds the watchdog from the event loop, so that a stuck loop is noticed.

    :param environ: where ``NOTIFY_SOCKET`` and ``WATCHDOG_USEC`` (microseconds) may be.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        microseconds = environ.get("WATCHDOG_USEC", "")
        self._interval = int(microseconds) / 2e6 if microseconds.isdigit() else 0.0
        self._loop = LoopingCall(self._tell, "WATCHDOG=1")
        self._loop.clock = clock

    def ready(self) -> None:
        """The server listens and answers."""
        self._tell("READY=1")
        if self._address and self._interval and not self._loop.running:
            done = self._loop.start(self._interval)
            done.addErrback(lambda failure: self._log.failure("watchdog unfed", failure=failure))

    def stopping(self) -> None:
        """A stop has begun; the watchdog is fed on until it is over."""
        self._tell("STOPPING=1")

    def stopService(self) -> None:
        """No more feeding."""
        super().stopService()
        if self._loop.running:
            self._loop.stop()

    def _tell(self, state: str) -> None:
        if not self._address:
            return
        # an abstract socket's name begins with a zero byte, written as @
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.setblocking(False)
            try:
                channel.sendto(state.encode(), address)
            except OSError as problem:
                self._log.warn("the service manager cannot be told: {why}", why=problem.strerror)
