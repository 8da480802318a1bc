"""An echo server of Twisted and Autobahn as their documentation has it: ``stock_echo.py PORT``.

What ``wire_check.py`` compares with.  Nothing is tuned; the only options set are those that are
promises of ours as well: the largest message, and that a violation is answered by a close frame
instead of a dropped connection (unless ``--drop`` is given).  Port 0 takes a free one; the port is
printed once it listens.
"""

import argparse
import sys

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet import reactor  # noqa: TID251 - a program of its own
from twisted.internet.task import LoopingCall

MOST_BYTES = 16 * 1024 * 1024


class Echo(WebSocketServerProtocol):
    """Sends back what comes, and pings if asked to."""

    ping_interval = 0.0
    _pings: LoopingCall | None = None

    def onOpen(self) -> None:
        """Begin to ping; Autobahn's own pings come at whole seconds only."""
        if self.ping_interval:
            self._pings = LoopingCall(self.sendPing, b"alive?")
            self._pings.start(self.ping_interval)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """A closed connection is not pinged."""
        if self._pings is not None:
            self._pings.stop()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """As it came, text as text."""
        self.sendMessage(payload, isBinary)


def main() -> None:
    """Listen until a signal ends it."""
    parser = argparse.ArgumentParser(description="Stock Twisted and Autobahn echo server.")
    parser.add_argument("port", type=int)
    parser.add_argument("--ping", type=float, default=0, help="seconds between pings; 0 is none")
    parser.add_argument("--drop", action="store_true", help="answer violations as Autobahn does")
    options = parser.parse_args()
    factory = WebSocketServerFactory()
    factory.protocol = Echo
    Echo.ping_interval = options.ping
    factory.setProtocolOptions(
        failByDrop=options.drop,
        maxFramePayloadSize=MOST_BYTES,
        maxMessagePayloadSize=MOST_BYTES,
    )
    port = reactor.listenTCP(options.port, factory, interface="127.0.0.1")
    print(port.getHost().port, flush=True)
    sys.stdout.close()
    reactor.run()


if __name__ == "__main__":
    main()
