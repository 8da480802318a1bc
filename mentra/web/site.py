"""The HTTP server of one port: routes, WebSockets, and how much of a request is read."""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from twisted.web.resource import IResource
from twisted.web.server import Request, Site

from mentra.extension import Access
from mentra.interfaces.services import ICatalogue, IServices
from mentra.web.access import Gate
from mentra.web.addresses import Networks
from mentra.web.cors import Cors
from mentra.web.observing import BUILT_IN_ROUTES
from mentra.web.tree import PATIENCE, Tree

LINGER = 1_048_576
"""Bytes of a refused body that are still read, so that its sender gets to see the answer."""

IDLE = 60.0
"""Seconds a connection may be silent between and within requests."""

MAIN_PORT = frozenset(Access) - {Access.CONTROL}


class BoundedRequest(Request):
    """Refuses a body over its path's bound: at the headers if they tell, else on the way."""

    _allowance: int | None = None
    _refused = False
    _read = 0

    def gotLength(self, length: int | None) -> None:  # noqa: N802 - twisted's own name
        """The headers are there; *length* is None for a chunked body."""
        channel: Any = self.channel
        # the one private name: without it every path gets the widest bound of all
        path = getattr(channel, "_path", None)
        self._allowance = channel.site.longest_body(path if isinstance(path, bytes) else None)
        super().gotLength(length)
        if length is not None and length > self._allowance:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 - twisted's own name
        """A piece of the body."""
        self._read += len(data)
        if self._refused:
            if self._read > LINGER:
                self.channel.loseConnection()
        elif self._allowance is not None and self._read > self._allowance:
            self._refuse()
        else:
            super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802 - twisted's own name
        """Everything is there; a refused request ends here."""
        if self._refused:
            self.channel.loseConnection()
        else:
            super().requestReceived(command, path, version)

    def render(self, resrc: Any) -> None:
        """As usual, without telling what the server is made of."""
        self.setHeader(b"Server", b"mentra")
        super().render(resrc)

    def _refuse(self) -> None:
        channel: Any = self.channel
        self._refused = True
        self._read = 0
        # no "100 Continue" after this
        self.requestHeaders.removeHeader(b"expect")
        message = f"over {self._allowance} bytes"
        body = msgspec.json.encode({"error": message, "code": "TOO_LARGE", "message": message})
        channel.transport.write(
            b"HTTP/1.1 413 Request Entity Too Large\r\nServer: mentra\r\nConnection: close\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )


class BoundedSite(Site):
    """A Site that logs no requests: their queries carry tokens."""

    noisy = False

    def __init__(self, tree: Tree, clock: Any) -> None:
        super().__init__(
            tree, BoundedRequest, timeout=IDLE, reactor=clock, parsePOSTFormSubmission=False
        )
        self._tree = tree

    def longest_body(self, path: bytes | None) -> int:
        """Bytes that a body sent to *path* may have; the widest bound of all for None."""
        return self._tree.widest_body if path is None else self._tree.longest_body(path)

    def startFactory(self) -> None:  # noqa: N802 - twisted's own name
        """Nothing: Site's own opens the log and wakes up every second for its time stamp."""

    def stopFactory(self) -> None:  # noqa: N802 - twisted's own name
        """Nothing was started."""

    def log(self, request: Any) -> None:
        """Nothing."""


def make_site(
    services: IServices,
    *,
    cors_origins: Collection[str] = (),
    trusted_proxies: Collection[str] = (),
    operator_networks: Collection[str] = (),
    extra: Mapping[bytes, IResource] | None = None,
    patience: float = PATIENCE,
) -> BoundedSite:
    """The site of the main port: the built-in routes, those of the catalogue, and *extra*.

    :param cors_origins: origins whose pages may read answers; ``*`` means any.
    :param trusted_proxies: addresses or ranges whose ``X-Forwarded-For`` is believed.
    :param operator_networks: who may call ``Access.OPERATOR`` routes, besides loopback.
    :param extra: resources (WebSockets) by URL path, e.g. ``b"/glasses-ws"``.
    :param patience: seconds a route may take to answer.
    :raises ConfigError: a bad range, or two owners of one path.
    """
    gate = Gate(
        services,
        served=MAIN_PORT,
        trusted_proxies=Networks.of(trusted_proxies),
        operator_networks=Networks.of(operator_networks),
    )
    routes = [one for one in ICatalogue(services).routes if one.access in MAIN_PORT]
    tree = Tree(
        services,
        (*BUILT_IN_ROUTES, *routes),
        gate=gate,
        cors=Cors(frozenset(cors_origins)),
        extra=extra,
        patience=patience,
    )
    return BoundedSite(tree, services.clock)
