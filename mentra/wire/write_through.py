"""Sends on the socket at once, where Twisted would wait for its next poll.

``transport.write`` arms the poller, returns to the reactor, polls, sends and disarms: three system
calls where one will do.  If nothing is queued, the bytes are offered to the socket right away, and
only the rest is given to ``transport.write``.  Order is safe because anything queued forces the
queue; an error is left for ``transport.write`` to meet.

Reads Twisted's ``dataBuffer``, ``_tempDataBuffer``, ``disconnecting``, ``disconnected`` and
``socket`` of plain TCP and Unix connections; ``AVAILABLE`` says whether they have them.  Never used
with TLS.
"""

from typing import Any

from twisted.internet import tcp, unix
from twisted.internet.abstract import FileDescriptor

AVAILABLE = hasattr(FileDescriptor, "dataBuffer") and all(
    name in FileDescriptor.__init__.__code__.co_names for name in ("_tempDataBuffer",)
)

PLAIN: tuple[type, ...] = (tcp.Server, unix.Server)


def can_write_through(transport: object) -> bool:
    """Whether *transport* is of a kind that :func:`write_through` knows."""
    return AVAILABLE and type(transport) in PLAIN


def write_through(transport: Any, data: bytes) -> None:
    """Send *data* on a transport for which :func:`can_write_through` holds."""
    if not (
        transport.dataBuffer
        or transport._tempDataBuffer
        or transport.disconnecting
        or transport.disconnected
    ):
        try:
            sent = transport.socket.send(data)
        except OSError:
            sent = 0
        if sent == len(data):
            return
        data = data[sent:]
    transport.write(data)
