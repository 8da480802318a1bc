"""Whose request it is: the client's IP address, behind trusted proxies the forwarded one."""

import ipaddress
import socket
from collections.abc import Collection, Iterable
from functools import lru_cache

import attrs

from mentra.errors import ConfigError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOOPBACK = ("127.0.0.0/8", "::1/128")
NEAR = (
    *LOOPBACK,
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7",
    "169.254.0.0/16", "fe80::/10",
)  # fmt: skip
"""This machine, private networks (RFC 1918, RFC 4193) and the link's own addresses."""
UNIX = "unix"
"""What stands among trusted proxies for those that connect through a Unix socket."""


def address_of(text: str) -> Address | None:
    """The address in *text*, an IPv4 one inside IPv6 taken out; None if it is none."""
    bare = text.strip().strip("[]")
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


@attrs.frozen
class Networks:
    """Address ranges."""

    ranges: tuple[Network, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Networks":
        """Ranges written as ``10.0.0.0/8`` or as single addresses.

        :raises ConfigError: one of them is neither.
        """
        try:
            return cls(tuple(ipaddress.ip_network(text, strict=False) for text in texts))
        except ValueError as problem:
            raise ConfigError(f"{problem}; write a range as 10.0.0.0/8") from problem

    def __contains__(self, address: object) -> bool:
        return any(
            isinstance(address, Address) and address.version == network.version
            and address in network
            for network in self.ranges
        )  # fmt: skip


_near = Networks.of(NEAR)


def is_near(text: str) -> bool:
    """Whether *text* is an address of this machine, of a private network or of the link."""
    return address_of(text) in _near


def addresses_of(host: str) -> tuple[str, ...]:
    """The addresses of a name as this machine knows it; empty if it knows none.  It waits."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


@attrs.frozen
class Proxies:
    """Whose word it is believed for whom they ask.

    :ivar unix: whether those are that connect through a Unix socket.
    """

    networks: Networks = Networks(())
    unix: bool = False

    @classmethod
    def of(cls, texts: Collection[str]) -> "Proxies":
        """Ranges as of :class:`Networks`, and ``unix``.

        :raises ConfigError: one of them is neither.
        """
        return cls(Networks.of(text for text in texts if text != UNIX), unix=UNIX in texts)


@attrs.frozen
class Client:
    """Where a request comes from.

    :ivar address: IP address, as text; empty for a Unix socket whose other end is not trusted.
    :ivar certain: False if a proxy that nobody trusts stands between: then *address* is the
        proxy's and opens nothing.
    """

    address: str
    certain: bool


@lru_cache(maxsize=4096)
def _read(peer: str) -> tuple[Address | None, str]:
    """The address, and how it is written; most connections come from where others came from."""
    address = address_of(peer)
    return address, peer if address is None else str(address)


def client_of(peer: str, forwarded: str | None, trusted: Proxies) -> Client:
    """Who asks.

    :param peer: the other end of the connection, an IP address; empty for a Unix socket.
    :param forwarded: the joined ``X-Forwarded-For`` headers; None without any.
    :param trusted: proxies that are believed; the last address they do not vouch for is the client.
    """
    address, known = _read(peer)
    if forwarded is None:
        return Client(known, certain=address is not None)
    # whoever has an address is judged by it alone
    believed = address in trusted.networks if peer else trusted.unix
    if not believed:
        return Client(known, certain=False)
    for text in reversed(forwarded.split(",")):
        hop = address_of(text)
        if hop is None:
            return Client(known, certain=False)
        known = str(hop)
        if hop not in trusted.networks:
            break
    return Client(known, certain=True)
