"""Takes whole small frames straight out of what one read brought.

Autobahn's parser does many things for a frame that the usual one does not need.  Here the received
bytes are walked with an index: each final, unfragmented, masked text or binary frame of minimal
length under the limit is cut and unmasked in one go.  Everything from the first frame on that is
anything else goes to Autobahn's own parser, which reports errors exactly as it always does.

Reads Autobahn's ``state``, ``data``, ``current_frame`` and ``inside_message`` and calls its
``_dataReceived``; ``AVAILABLE`` says whether it has them.
"""

from typing import Any, Protocol

from autobahn.twisted.websocket import WebSocketServerProtocol

from mentra.wire.frames import BINARY, TEXT
from mentra.wire.unmask import unmask

OPEN = WebSocketServerProtocol.STATE_OPEN
LONGEST = 65_535
"""Longer frames are Autobahn's: they need 64 bits of length and more than one read anyway."""

AVAILABLE = hasattr(WebSocketServerProtocol, "_dataReceived") and OPEN == 3


class Receiver(Protocol):
    """What is needed of a peer."""

    state: int
    data: bytes
    current_frame: Any
    inside_message: bool
    held: bytes
    reading: bool
    longest_fast: int

    def _dataReceived(self, data: bytes) -> None:  # noqa: N802 - Autobahn's name
        """Autobahn's way in."""

    def take(self, payload: bytes, is_binary: bool) -> None:
        """A whole message."""


def receive(peer: Receiver, data: bytes) -> None:
    """Give *peer* each message in *data*; keep a frame that has not wholly arrived in ``held``.

    When taking a message made the peer stop reading, the rest is held back untouched.
    """
    if peer.data or peer.state != OPEN or peer.current_frame is not None or peer.inside_message:
        peer._dataReceived(data)
        return
    if peer.held:
        data = peer.held + data
        peer.held = b""
    position, size = 0, len(data)
    while position < size:
        payload, end = _cut(data, position, size, peer.longest_fast)
        if payload is None:
            if end:  # not wholly here yet
                peer.held = data[position:]
            else:
                peer._dataReceived(data[position:])
            return
        is_binary = data[position] == BINARY
        if not is_binary and not payload.isascii() and not _is_utf8(payload):
            peer._dataReceived(data[position:])
            return
        position = end
        peer.take(payload, is_binary)
        if peer.state != OPEN or not peer.reading:
            _set_aside(peer, data[position:])
            return


def _cut(data: bytes, position: int, size: int, longest: int) -> tuple[bytes | None, int]:
    """The payload of the frame at *position* and where the next begins; ``(None, 1)`` if more
    bytes are needed, ``(None, 0)`` if the frame is not for us."""
    if data[position] not in (TEXT, BINARY):
        return None, 0
    if size - position < 2:
        return None, 1
    length = data[position + 1] - 128  # masked, or else negative
    start = position + 6
    if length == 126:
        if size - position < 4:
            return None, 1
        length = data[position + 2] << 8 | data[position + 3]
        start = position + 8
        if length < 126:
            return None, 0
    elif not 0 <= length < 126:
        return None, 0
    if length > longest:
        return None, 0
    end = start + length
    if end > size:
        return None, 1
    return unmask(data[start - 4 : start], data[start:end]), end


def _is_utf8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def _set_aside(peer: Receiver, rest: bytes) -> None:
    if not rest:
        return
    if peer.state == OPEN:
        peer.held = rest
    else:  # closing: Autobahn looks for the answer to our close frame
        peer._dataReceived(rest)
