"""An echo server of Twisted and Autobahn as their documentation has it: ``stock_echo.py PORT``.

What ``wire_check.py`` compares with.  Nothing is tuned; the only options set are those that are
promises of ours as well: the largest message, and that a violation is answered by a close frame
instead of a dropped connection.  Port 0 takes a free one; the port is printed once it listens.
"""

import argparse
import sys

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet import reactor  # noqa: TID251 - a program of its own

MOST_BYTES = 16 * 1024 * 1024


class Echo(WebSocketServerProtocol):
    """Sends back what comes."""

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """As it came, text as text."""
        self.sendMessage(payload, isBinary)


def main() -> None:
    """Listen until a signal ends it."""
    parser = argparse.ArgumentParser(description="Stock Twisted and Autobahn echo server.")
    parser.add_argument("port", type=int)
    parser.add_argument("--ping", type=float, default=0, help="seconds between pings; 0 is none")
    options = parser.parse_args()
    factory = WebSocketServerFactory()
    factory.protocol = Echo
    factory.setProtocolOptions(
        failByDrop=False,
        maxFramePayloadSize=MOST_BYTES,
        maxMessagePayloadSize=MOST_BYTES,
        autoPingInterval=options.ping,
        autoPingTimeout=30 if options.ping else 0,
    )
    port = reactor.listenTCP(options.port, factory, interface="127.0.0.1")
    print(port.getHost().port, flush=True)
    sys.stdout.close()
    reactor.run()


if __name__ == "__main__":
    main()
