"""Sends on the socket at once, where Twisted would wait for its next poll.

``transport.write`` arms the poller, returns to the reactor, polls, sends and disarms: three system
calls where one will do.  While nothing is queued, bytes may be offered to the socket right away,
and only what it does not take given to ``transport.write``.  Order is safe because anything queued
forces the queue; an error is left for ``transport.write`` to meet.

Reads ``dataBuffer``, ``_tempDataBuffer``, ``connected`` and ``socket`` of Twisted's plain TCP and
Unix connections; a transport that has them not, or is of another kind, such as TLS, is left alone.
"""

from collections.abc import Callable
from typing import Any

from twisted.internet import tcp, unix

PLAIN: tuple[type, ...] = (tcp.Server, unix.Server)
NEEDED = ("dataBuffer", "_tempDataBuffer", "connected", "socket")


def can_write_through(transport: object) -> bool:
    """Whether *transport* is of a kind that :func:`quick_way` knows."""
    return type(transport) in PLAIN and all(hasattr(transport, name) for name in NEEDED)


def quick_way(transport: Any) -> Callable[[bytes], int] | None:
    """What sends on *transport*, for which :func:`can_write_through` holds, as much as goes at
    once, and returns how many bytes that was; None while anything is queued.

    To be used until it takes less than it is given, or raises ``OSError``.
    """
    if not transport.connected or transport.dataBuffer or transport._tempDataBuffer:
        return None
    send: Callable[[bytes], int] = transport.socket.send
    return send
