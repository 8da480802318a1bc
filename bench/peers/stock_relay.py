"""The relay on Twisted and Autobahn as their documentation has it: ``stock_relay.py PORT``.

What a server on the same libraries costs when nobody has tuned anything; the secret comes in
``BENCH_SECRET``.
"""

import json
import os
import sys
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import jwt
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from twisted.internet import reactor  # noqa: TID251 - a program of its own

SECRET = os.environ.get("BENCH_SECRET", "")
Streams = defaultdict[str, list["Relay"]]
users: defaultdict[str, Streams] = defaultdict(lambda: defaultdict(list))


class Relay(WebSocketServerProtocol):
    """Glasses and apps alike; the path tells which."""

    user: str | None = None
    types: tuple[str, ...] = ()

    def onConnect(self, request: ConnectionRequest) -> None:
        """Let glasses in by their token; apps name themselves later."""
        if not request.path.startswith("/glasses-ws"):
            return
        try:
            token = request.headers.get("authorization", "")[7:]
            self.user = jwt.decode(token, SECRET, algorithms=["HS256"])["email"]
        except (jwt.InvalidTokenError, KeyError):
            raise ConnectionDeny(401) from None

    def onOpen(self) -> None:
        """Glasses are told that they are in."""
        self.streams = users[self.user or ""]
        if self.user is not None:
            self.sendMessage(b'{"type":"connection_ack"}')

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Pass on what glasses send, do what apps ask."""
        if self.user is None:
            self._from_app(json.loads(payload))
        elif isBinary:
            for app in self.streams["audio_chunk"]:
                app.sendMessage(payload, isBinary=True)
        else:
            self._from_glasses(json.loads(payload))

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """A closed app gets nothing more."""
        self._unsubscribe()

    def _from_glasses(self, message: dict[str, Any]) -> None:
        stream = message["type"]
        envelope = {"type": "data_stream", "sessionId": self.user, "streamType": stream}
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        out = json.dumps({**envelope, "data": message, "timestamp": now}).encode()
        for app in self.streams[stream]:
            app.sendMessage(out)

    def _from_app(self, message: dict[str, Any]) -> None:
        if message["type"] == "tpa_connection_init":
            user = message["sessionId"].removesuffix("-" + message["packageName"])
            self.streams = users[user]
            self.sendMessage(b'{"type":"tpa_connection_ack"}')
        elif message["type"] == "subscription_update":
            self._unsubscribe()
            self.types = tuple(message["subscriptions"])
            for name in self.types:
                self.streams[name].append(self)
        elif message["type"] == "ping":
            self.sendMessage(b'{"type":"pong"}')

    def _unsubscribe(self) -> None:
        for name in self.types:
            self.streams[name].remove(self)
        self.types = ()


def main() -> None:
    """Listen until a signal ends it."""
    factory = WebSocketServerFactory()
    factory.protocol = Relay
    factory.setProtocolOptions(failByDrop=False)
    reactor.listenTCP(int(sys.argv[1]), factory, backlog=2048, interface="127.0.0.1")
    reactor.run()


if __name__ == "__main__":
    main()
