"""Where a server is, as the configuration writes it."""

import re
from urllib.parse import urlsplit

import attrs

_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[^\s/:\[\]]+):(?P<port>\d{1,5})")


@attrs.frozen
class Place:
    """Where a connection leads.

    :ivar host: name or IP address; empty for a Unix socket.
    :ivar path: of a Unix socket.
    """

    host: str = ""
    port: int = 0
    tls: bool = False
    path: str = ""


def place_of(address: str) -> Place:
    """Where *address* leads, in the forms of :meth:`IDial.endpoint`.

    :raises ValueError: it is none; the sentence says which forms there are.
    """
    if address.startswith("unix:") and len(address) > len("unix:"):
        return Place(path=address.removeprefix("unix:"))
    scheme, separator, rest = address.partition("://")
    try:
        if separator and scheme in _PORTS:
            parts = urlsplit(address)
            if parts.hostname:
                port = parts.port or _PORTS[scheme]
                return Place(parts.hostname, port, tls=scheme in ("https", "wss"))
        plain = _HOST_AND_PORT.fullmatch(rest.rstrip("/") if scheme == "tcp" else address)
        if plain and 0 < int(plain["port"]) <= 65_535:
            return Place(plain["host"].strip("[]"), int(plain["port"]))
    except ValueError:
        # what urlsplit cannot read
        pass
    raise ValueError("it is no address: the forms are host:port, unix:PATH and URLs")


def is_address(value: str) -> None:
    """The value is empty or leads somewhere: for ``Meta(extra={"check": ...})``.

    :raises ValueError: it does not.
    """
    if value:
        place_of(value)
