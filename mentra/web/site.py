"""The HTTP server of one port: routes and WebSockets."""

from collections.abc import Collection, Mapping
from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.web.resource import IResource
from twisted.web.server import Request, Site

from mentra.addresses import Networks, Proxies
from mentra.errors import Denied
from mentra.extension import Access
from mentra.interfaces.services import ICatalogue, IServices
from mentra.interfaces.web import IRoute
from mentra.web.access import Gate
from mentra.web.channel import BoundedChannel, BoundedRequest
from mentra.web.cors import Cors
from mentra.web.documents import document_routes
from mentra.web.observing import BUILT_IN_ROUTES
from mentra.web.start_page import start_page_routes
from mentra.web.tree import PATIENCE, Tree

IDLE = 60.0
"""Seconds a connection may be silent between and within requests."""

MAIN_PORT = frozenset(Access) - {Access.CONTROL}

MAX_CONNECTIONS = 5000
"""HTTP connections at a time; WebSockets have a bound of their own."""


class BoundedSite(Site):
    """A Site that logs no requests: their queries carry tokens."""

    noisy = False
    protocol: Any = BoundedChannel

    def __init__(self, tree: Tree, clock: Any, max_connections: int = MAX_CONNECTIONS) -> None:
        super().__init__(
            tree, BoundedRequest, timeout=IDLE, reactor=clock, parsePOSTFormSubmission=False
        )
        self._tree = tree
        self._max_connections = max_connections
        self._open: set[object] = set()

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A channel; None if there are too many."""
        if len(self._open) >= self._max_connections:
            return None
        channel = super().buildProtocol(addr)
        self._open.add(channel)
        return channel

    def forget(self, channel: object) -> None:
        """*channel* is closed, or is no HTTP any more."""
        self._open.discard(channel)

    def acceptableProtocols(self) -> list[bytes]:  # noqa: N802 - twisted's own name
        """What TLS clients may choose: what the bounds are made for."""
        return [b"http/1.1"]

    def longest_body(self, path: bytes | None) -> int:
        """Bytes that a body sent to *path* may have; the widest bound of all for None."""
        return self._tree.widest_body if path is None else self._tree.longest_body(path)

    def denial(self, path: bytes | None, request: Request) -> Denied | None:
        """Why a long body of *request*, of which the headers are there, is not to be read."""
        return None if path is None else self._tree.denial(path, request)

    def startFactory(self) -> None:  # noqa: N802 - twisted's own name
        """Nothing: Site's own opens the log and wakes up every second for its time stamp."""

    def stopFactory(self) -> None:  # noqa: N802 - twisted's own name
        """Nothing was started."""

    def log(self, request: Any) -> None:
        """Nothing."""


def main_routes(catalogue: ICatalogue) -> tuple[IRoute, ...]:
    """Every route of the main port: the built-in ones, those of *catalogue*, and the page and
    the documents about them."""
    routes = [one for one in catalogue.routes if one.access in MAIN_PORT]
    others = (*BUILT_IN_ROUTES, *routes)
    others = (*others, *start_page_routes(others))
    return (*others, *document_routes(catalogue, others))


def make_site(
    services: IServices,
    *,
    cors_origins: Collection[str] = (),
    trusted_proxies: Collection[str] = (),
    operator_networks: Collection[str] = (),
    extra: Mapping[bytes, IResource] | None = None,
    patience: float = PATIENCE,
    max_connections: int = MAX_CONNECTIONS,
) -> BoundedSite:
    """The site of the main port: the built-in routes, those of the catalogue, and *extra*.

    :param cors_origins: origins whose pages may read answers; ``*`` means any.
    :param trusted_proxies: addresses or ranges whose ``X-Forwarded-For`` is believed, and ``unix``.
    :param operator_networks: who may call ``Access.OPERATOR`` routes, besides loopback.
    :param extra: resources (WebSockets) by URL path, e.g. ``b"/glasses-ws"``.
    :param patience: seconds a route may take to answer.
    :param max_connections: that speak HTTP; one more is closed at once.
    :raises ConfigError: a bad range, or two owners of one path.
    """
    gate = Gate(
        services,
        served=MAIN_PORT,
        trusted_proxies=Proxies.of(trusted_proxies),
        operator_networks=Networks.of(operator_networks),
    )
    tree = Tree(
        services,
        main_routes(ICatalogue(services)),
        gate=gate,
        cors=Cors(frozenset(cors_origins)),
        extra=extra,
        patience=patience,
    )
    return BoundedSite(tree, services.clock, max_connections)
