"""Takes whole small frames straight out of what one read brought.

Autobahn's parser does many things for a frame that the usual one does not need.  Here the received
bytes are walked with an index: each final, unfragmented, masked text or binary frame of minimal
length under the limit is cut and unmasked in one go.  Everything from the first frame on that is
anything else goes to Autobahn's own parser, which reports errors exactly as it always does.

Reads Autobahn's ``state``, ``data``, ``current_frame`` and ``inside_message`` and calls its
``_dataReceived``; ``AVAILABLE`` says whether it has them.
"""

from struct import Struct
from typing import Any

from autobahn.twisted.websocket import WebSocketServerProtocol

from mentra.correlation import current
from mentra.wire.frames import BINARY, TEXT
from mentra.wire.sending import OPEN, SendingProtocol
from mentra.wire.unmask import unmask

set_cause, reset_cause = current.set, current.reset

LONGEST = 65_535
"""Longer frames are Autobahn's: they need 64 bits of length and more than one read anyway."""

MASKED = 0x80
MASKED_WITH_16_BITS = MASKED | 126

head_of = Struct("!BBH4s").unpack_from
"""First byte, mask bit and length, 16 bits of length, mask: of a frame that has all of these."""

SIZE_OF_HEAD = 8

AVAILABLE = hasattr(WebSocketServerProtocol, "_dataReceived") and OPEN == 3


class ReceivingProtocol(SendingProtocol):
    """The receiving half of a connection.

    :ivar held: the beginning of a frame that has not wholly arrived, or what nobody may look at
        before the peer reads again.
    :ivar reading: False while messages have to wait.
    :ivar longest_fast: the longest frame that is cut here, bytes; 0 leaves all to Autobahn.
    :ivar last_seen: clock seconds of the last read.
    """

    __slots__ = ("longest_fast",)

    context: Any  # what handlers are given; a Cause besides

    def __init__(self) -> None:
        super().__init__()
        self.current_frame: Any = None
        self.inside_message = False
        self.held = b""
        self.reading = True
        self.longest_fast = 0
        self.last_seen = 0.0
        # longest_fast, but 0 while Autobahn is in the middle of something
        self._longest_now = 0

    def dataReceived(self, data: bytes) -> None:
        """What one read brought; what it makes us send leaves at its end, or at that of the event
        loop's turn."""
        factory = self.factory
        batch, seconds = factory.batch, factory.seconds
        alone = batch.began is None
        if alone:
            batch.begin()
        self.last_seen = seconds()
        before = set_cause(self.context)
        try:
            if self._longest_now and self._state == OPEN:
                self._receive(data)
            else:
                self._leave_to_autobahn(data)
        finally:
            reset_cause(before)
            if alone:
                batch.end()

    def take(self, payload: bytes, is_binary: bool) -> None:
        """A whole message, text being valid UTF-8."""
        raise NotImplementedError

    def _receive(self, data: bytes) -> None:
        """Take each message in *data*; keep a frame that has not wholly arrived."""
        if self.held:
            data = self.held + data
            self.held = b""
        position, size = 0, len(data)
        # less than a head is nothing that we know; a frame with so little in it is Autobahn's
        while size - position >= SIZE_OF_HEAD:
            opcode, second, length, mask = head_of(data, position)
            if second == MASKED_WITH_16_BITS:
                start = position + SIZE_OF_HEAD
                if length < 126 or length > self._longest_now:
                    break
            elif MASKED <= second < MASKED_WITH_16_BITS:
                start = position + 6
                length = second - MASKED
                mask = data[start - 4 : start]
            else:
                break
            if opcode != TEXT and opcode != BINARY:
                break
            end = start + length
            if end > size:
                self.held = data[position:]
                return
            payload = unmask(data[start:end], mask)
            if opcode == TEXT and not payload.isascii() and not _is_utf8(payload):
                break
            position = end
            self.take(payload, opcode == BINARY)
            if self._state != OPEN or not self.reading:
                self._set_aside(data[position:])
                return
        if position < size:
            self._leave_to_autobahn(data[position:])

    def _leave_to_autobahn(self, data: bytes) -> None:
        if self.held:
            data = self.held + data
            self.held = b""
        self._dataReceived(data)
        # what it has begun it goes on with
        between = not self.data and self.current_frame is None and not self.inside_message
        self._longest_now = self.longest_fast if between else 0

    def _set_aside(self, rest: bytes) -> None:
        if not rest:
            return
        if self._state == OPEN:
            self.held = rest
        else:  # closing: Autobahn looks for the answer to our close frame
            self._dataReceived(rest)


def _is_utf8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True
