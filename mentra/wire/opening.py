"""Answers the plain request of a usual client for a WebSocket in one go.

Autobahn reads such a request with care for all that it might be, and turns to a Deferred to ask
who may come in; that is a fifth of what an upgrade costs.  Here a request that can only be read in
one way is read at once: ``GET`` and HTTP/1.1, each header once, nothing but printable ASCII, no
subprotocol, version 13, and nothing behind it.  Everything else is Autobahn's from the first byte.

Sets what Autobahn's ``processHandshake`` and ``succeedHandshake`` set, and calls its
``_parseExtensionsHeader`` and ``_onOpen``; ``AVAILABLE`` says whether it has them.
"""

import re
from base64 import b64encode
from hashlib import sha1
from typing import Any
from urllib.parse import parse_qs

from autobahn.twisted.websocket import WebSocketServerProtocol
from autobahn.websocket.types import ConnectionDeny, ConnectionRequest

from mentra.wire.fast_receive import ReceivingProtocol
from mentra.wire.sending import OPEN

END = b"\r\n\r\n"
VERSION = 13

AVAILABLE = (
    all(
        hasattr(WebSocketServerProtocol, name)
        for name in (
            "processHandshake", "succeedHandshake", "failHandshake", "_parseExtensionsHeader",
            "_onOpen", "_WS_MAGIC",
        )
    )
    and VERSION in WebSocketServerProtocol.SUPPORTED_PROTOCOL_VERSIONS
)  # fmt: skip

_MAGIC: bytes = getattr(WebSocketServerProtocol, "_WS_MAGIC", b"")

_target = re.compile(r"(/(?!/)[A-Za-z0-9/_.~-]*)(?:\?([^#]*))?").fullmatch
_host = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?").fullmatch
_key = re.compile(r"[A-Za-z0-9+/]{22}==").fullmatch
_origin = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{1,4})?").fullmatch

_CONNECTION = frozenset({"upgrade", "keep-alive, upgrade"})
_OFFERS = frozenset({"", "permessage-deflate", "permessage-deflate; client_max_window_bits"})
"""What browsers, phones and libraries offer; none of it is taken where nothing is compressed."""


class OpeningProtocol(ReceivingProtocol):
    """The opening of a connection."""

    __slots__ = ()

    def processHandshake(self) -> None:
        """Answer the request if it is a plain one, else leave it to Autobahn."""
        request = self._plain_request() if self.factory.opens_quickly else None
        if request is None:
            super().processHandshake()
            return
        try:
            chosen = self.onConnect(request)
        except ConnectionDeny as denial:
            self.failHandshake(str(denial.reason), denial.code)
        except Exception as problem:  # noqa: BLE001 - a path's bug costs this upgrade, as with Autobahn
            self.failHandshake(
                f"Internal server error: {problem}", ConnectionDeny.INTERNAL_SERVER_ERROR
            )
        else:
            if chosen is None:
                self._succeed()
            else:
                self.succeedHandshake(chosen)

    def _plain_request(self) -> ConnectionRequest | None:
        """What ``onConnect`` is to be asked, None if the request is not plain."""
        data = self.data
        if not data.isascii() or data.find(END) != len(data) - len(END):
            return None
        first, *lines = data[: -len(END)].decode().split("\r\n")
        headers = _headers_of(lines)
        words = first.split(" ")
        if headers is None or len(words) != 3 or not first.isprintable():
            return None
        method, target, version = words
        found = _target(target)
        if found is None or method != "GET" or version != "HTTP/1.1":
            return None
        host = _host(headers.get("host", ""))
        if host is None or not _asks_for_a_websocket(headers):
            return None
        origin, offers = headers.get("origin", ""), headers.get("sec-websocket-extensions")
        query = found[2]
        self.data = b""
        self.http_request_data = data
        self.http_status_line = first
        self.http_headers = headers
        self.http_request_uri = target
        self.http_request_path = found[1]
        self.http_request_params = parse_qs(query) if query else {}
        self.http_request_host = host[1]
        self.websocket_version = VERSION
        self.websocket_protocols: list[str] = []
        self.websocket_origin = origin
        self.websocket_extensions = self._parseExtensionsHeader(offers) if offers else []
        self._wskey = headers["sec-websocket-key"]
        return ConnectionRequest(
            self.peer, headers, self.http_request_host, self.http_request_path,
            self.http_request_params, VERSION, origin, self.websocket_protocols,
            self.websocket_extensions,
        )  # fmt: skip

    def _succeed(self) -> None:
        self.websocket_protocol_in_use: str | None = None
        self.websocket_extensions_in_use: list[Any] = []
        accept = b64encode(sha1(self._wskey.encode() + _MAGIC, usedforsecurity=False).digest())
        response = f"{self.factory.welcome}{accept.decode()}\r\n\r\n"
        self.sendData(response.encode())
        self.http_response_data = response
        self.state = OPEN
        self.inside_message = False
        self.current_frame = None
        self._onOpen()
        self.is_open.callback(None)


def welcome(server: str) -> str:
    """The answer of a *server* that lets in, up to the key's."""
    return (
        f"HTTP/1.1 101 Switching Protocols\r\nServer: {server}\r\n"
        "Upgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
    )


def _headers_of(lines: list[str]) -> dict[str, str] | None:
    """The headers by their names in lower case; None if one comes twice, or is none."""
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or not name or " " in name or name in headers or not line.isprintable():
            return None
        headers[name] = value.strip()
    return headers


def _asks_for_a_websocket(headers: dict[str, str]) -> bool:
    get = headers.get
    return (
        get("upgrade", "").lower() == "websocket"
        and get("connection", "").lower() in _CONNECTION
        and get("sec-websocket-version") == "13"
        and "sec-websocket-protocol" not in headers
        and _key(get("sec-websocket-key", "")) is not None
        and get("sec-websocket-extensions", "") in _OFFERS
        and ("origin" not in headers or _origin(headers["origin"]) is not None)
    )
