"""Where apps are told to connect, and from where the apps of the house do."""

import ipaddress
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from zope.interface import implementer

from mentra.interfaces.services import IPublicAddress

APP_PATH = "/app-ws"
_WEBSOCKET = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
_WEB = {"ws": "http", "wss": "https"}


@implementer(IPublicAddress)
class PublicAddress:
    """Made from what a sysadmin wrote, and without that from where the server listens.

    :param public_url: ``https://host[/prefix]``; wins over *public_host*.
    :param public_host: ``host[:port]`` or a URL; a bare host means wss, a loopback one ws.
    :param local_host: the same for system apps; a bare one means ws, for it is nearby.
    :param listening: ``host:port`` the server listens on, asked each time.
    :param tls: whether that is spoken there.
    :param system_networks: ranges that system apps connect from; none is anywhere.
    """

    def __init__(
        self,
        *,
        public_url: str = "",
        public_host: str = "",
        local_host: str = "",
        listening: Callable[[], str],
        tls: bool = False,
        system_networks: Iterable[str] = (),
    ) -> None:
        self._public = public_url or public_host
        self._local = local_host
        self._listening = listening
        self._tls = tls
        self._networks = tuple(ipaddress.ip_network(one, strict=False) for one in system_networks)

    def base_url(self) -> str:
        """``http://`` or ``https://``, without trailing slash."""
        scheme, colon, rest = self._public_base().partition(":")
        return _WEB[scheme] + colon + rest

    def local_url(self) -> str | None:
        """Made from where it listens, whatever a sysadmin wrote."""
        place = _reachable(self._listening())
        if not place.rpartition(":")[2].isdigit():
            return None
        return f"{'https' if self._tls else 'http'}://{place}"

    def app_websocket_url(self, system: bool) -> str:
        """The URL an app is told."""
        if system and self._local:
            return _websocket_base(self._local, "ws") + APP_PATH
        return self._public_base() + APP_PATH

    def is_system_address(self, address: str) -> bool:
        """Whether a system app may connect from *address*."""
        if not self._networks:
            return True
        try:
            asking = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(asking, ipaddress.IPv6Address) and asking.ipv4_mapped is not None:
            asking = asking.ipv4_mapped
        return any(
            asking.version == network.version and asking in network for network in self._networks
        )

    def _public_base(self) -> str:
        if not self._public:
            return _websocket_base(_reachable(self._listening()), "ws")
        host = urlsplit(f"//{self._public}").hostname if "://" not in self._public else None
        return _websocket_base(self._public, "ws" if host and _is_loopback(host) else "wss")


def _websocket_base(written: str, bare_scheme: str) -> str:
    scheme, separator, rest = written.strip().rstrip("/").rpartition("://")
    return f"{_WEBSOCKET[scheme.lower()] if separator else bare_scheme}://{rest}"


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reachable(listening: str) -> str:
    """*listening*, with the loopback address where it says "every address"."""
    host, _, port = listening.rpartition(":")
    return f"127.0.0.1:{port}" if host in ("", "*", "0.0.0.0", "::", "[::]") else listening
