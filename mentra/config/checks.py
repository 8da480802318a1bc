"""What a value must be beyond its type: functions for ``Meta(extra={"check": ...})``."""

import ipaddress
import re

_ENDPOINT = re.compile(r"[A-Za-z][A-Za-z0-9]*:.")
_PORT = re.compile(r"(?:tcp6?|ssl|tls):(?:port=)?([^:]*)")


def networks(values: tuple[str, ...]) -> None:
    """Each value is an IP address or a network.

    :raises ValueError: one is not.
    """
    for value in values:
        try:
            ipaddress.ip_network(value)
        except ValueError as problem:
            raise ValueError(f"{problem}; the form is 10.0.0.0/8 or 10.1.2.3") from None


def proxies(values: tuple[str, ...]) -> None:
    """Each value is an IP address, a network or ``unix``.

    :raises ValueError: one is not.
    """
    try:
        networks(tuple(value for value in values if value != "unix"))
    except ValueError as problem:
        raise ValueError(f"{problem}, or unix") from None


def endpoint(value: str) -> None:
    """The value looks like a server endpoint string; a plugin's kind of endpoint does too.

    :raises ValueError: it does not.
    """
    example = "the form is tcp:8002:interface=127.0.0.1"
    if not _ENDPOINT.match(value):
        raise ValueError(f"{value!r} is not an endpoint string; {example}")
    port = _PORT.match(value)
    if port and not (port[1].isdecimal() and int(port[1]) <= 65_535):
        raise ValueError(f"{port[1]!r} is not a port from 0 to 65535; {example}")


def web_url(value: str) -> None:
    """The value is empty or starts with a web scheme.

    :raises ValueError: it does not.
    """
    if value and not re.match(r"https?://[^/\s]", value):
        raise ValueError(f"{value!r} is no URL; the form is https://glasses.example.org")


def host(value: str) -> None:
    """The value is empty or a host name, with a port perhaps, and nothing else of a URL.

    :raises ValueError: it does not.
    """
    if value and re.search(r"[\s/]|^:", value):
        raise ValueError(f"{value!r} is no host name; the form is glasses.example.org")
