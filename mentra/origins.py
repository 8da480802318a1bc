"""Which web pages may talk to us: browsers say whose page it is in the ``Origin`` header."""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether *host*, a name or an address, is this very machine."""
    bare = host.strip("[]").rstrip(".").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


def may_come(origin: str | None, allowed: Collection[str]) -> bool:
    """Whether a client that says *origin* may come: None is no browser, pages of this machine are
    welcome, others only if they are among *allowed*, written ``https://example.org``."""
    if origin is None or origin in allowed:
        return True
    try:
        return is_loopback(urlsplit(origin).hostname or "")
    except ValueError:
        return False
