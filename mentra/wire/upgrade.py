"""A request to open a connection, as a path's ``admit`` sees it."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from autobahn.websocket.types import ConnectionRequest
from zope.interface import implementer

from mentra.interfaces.messaging import IUpgrade

Network = IPv4Network | IPv6Network


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks as the configuration has them."""
    return tuple(ip_network(text, strict=False) for text in texts)


def client_address(peer: str, forwarded_for: str | None, trusted: Iterable[Network]) -> str:
    """Who is at the other end: the rightmost address that no trusted proxy has.

    :param peer: address of the socket's other end.
    :param forwarded_for: the ``X-Forwarded-For`` header; believed only if *peer* is trusted.
    """
    trusted = tuple(trusted)
    hops = [hop.strip() for hop in (forwarded_for or "").split(",") if hop.strip()]
    address = peer
    while hops and _is_in(address, trusted):
        address = hops.pop()
    return address


def _is_in(address: str, trusted: tuple[Network, ...]) -> bool:
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in trusted)


@implementer(IUpgrade)
class Upgrade:
    """Autobahn's request with the client's real address."""

    def __init__(self, request: ConnectionRequest, address: str) -> None:
        self._request = request
        self.address = address
        self.path: str = request.path

    def header(self, name: str) -> str | None:
        """The header's value; repeated ones come joined by commas."""
        value = self._request.headers.get(name.lower())
        return None if value is None else str(value)

    def query(self, name: str) -> str | None:
        """The query parameter's first value."""
        values = self._request.params.get(name)
        return str(values[0]) if values else None
