"""The sending half of a connection: gathers, writes through, queues, closes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autobahn.twisted.websocket import WebSocketServerProtocol
from twisted.internet.interfaces import IDelayedCall, IPushProducer
from zope.interface import implementer

from mentra.messages import GivesWay, Message
from mentra.wire.fast_receive import OPEN
from mentra.wire.frames import TEXT, header
from mentra.wire.outbox import Outbox
from mentra.wire.write_through import write_through

if TYPE_CHECKING:
    from mentra.wire.factory import PeerFactory

CLOSE_PATIENCE = 5.0
"""Seconds for the other side to answer a close frame, or to read what was sent before it."""


@implementer(IPushProducer)
class SendingProtocol(WebSocketServerProtocol):
    """Sends messages; Autobahn keeps handshake, close and control frames.

    What the frames of one read produce is gathered and leaves at its end.  While the transport
    has enough, frames wait in an outbox.
    """

    # Autobahn's annotations promise less than there is
    transport: Any
    factory: "PeerFactory"

    outbox: Outbox | None = None
    _unsent: list[bytes] | None = None
    _timer: IDelayedCall | None = None
    _writes_through: bool = False

    @property
    def alive(self) -> bool:
        """Whether sending makes sense."""
        return bool(self.state == OPEN)

    def send(self, message: Message) -> bool:
        """Send *message*; False if the connection is not open."""
        if self.state != OPEN:
            return False
        framed, kind = self.factory.frame_of(message)
        if self._perMessageCompress is not None:
            payload, is_binary = self.factory.encode(message)
            self.sendMessage(payload, is_binary)
        elif self.outbox is not None:
            self._queue(framed, kind, kind.gives_way)
        else:
            self._gather(framed)
        return True

    def splice(self, head: bytes, body: bytes, tail: bytes) -> bool:
        """Send a text frame of the three parts; False if the connection is not open."""
        if self.state != OPEN:
            return False
        if self._perMessageCompress is not None:
            self.sendMessage(head + body + tail, False)
            return True
        size = len(head) + len(body) + len(tail)
        if self.outbox is not None:
            framed = b"".join((header(TEXT, size), head, body, tail))
            self._queue(framed, None, GivesWay.CLOSE)
        elif (unsent := self._unsent) is not None:
            unsent += (header(TEXT, size), head, body, tail)
        else:
            self._unsent = [header(TEXT, size), head, body, tail]
            self._flush_soon()
        return True

    def ping(self, ping_frame: bytes) -> None:
        """Send a ready-made ping."""
        if self.state == OPEN and self.outbox is None:
            self._gather(ping_frame)

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """Autobahn's own frames: after ours, so that a close never overtakes an answer."""
        if self._unsent is not None:
            self.flush()
        self._write(data)

    def flush(self) -> None:
        """Send what was gathered."""
        unsent, self._unsent = self._unsent, None
        if unsent is not None and self.state == OPEN:
            self._write(unsent[0] if len(unsent) == 1 else b"".join(unsent))

    def _gather(self, framed: bytes) -> None:
        if self._unsent is not None:
            self._unsent.append(framed)
        else:
            self._unsent = [framed]
            self._flush_soon()

    def _flush_soon(self) -> None:
        batch = self.factory.batch
        if batch.is_open:
            batch.unsent.append(self)
        else:
            self.flush()

    def _write(self, data: bytes) -> None:
        if self._writes_through:
            write_through(self.transport, data)
        else:
            self.transport.write(data)

    # -- a receiver that does not keep up

    def pauseProducing(self) -> None:
        """The transport has enough: queue from now on."""
        if self.outbox is None:
            self.outbox = Outbox(self.factory.limits.max_queue)

    def resumeProducing(self) -> None:
        """The transport can take more."""
        outbox, self.outbox = self.outbox, None
        while outbox is not None and self.outbox is None:
            data = outbox.take()
            if data is None:
                return
            self._write(data)  # may pause us again
        if outbox is not None:
            self.outbox = outbox

    def stopProducing(self) -> None:
        """The connection is gone; ``onClose`` does the rest."""

    def _queue(self, data: bytes, kind: type[Message] | None, gives_way: GivesWay) -> None:
        if self.outbox is not None and not self.outbox.put(data, kind, gives_way):
            self.close(1013, "not reading fast enough")

    def _empty_outbox(self) -> None:
        outbox, self.outbox = self.outbox, None
        while outbox is not None and (data := outbox.take()) is not None:
            self.transport.write(data)

    # -- the end

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send what is queued, then the close frame."""
        if self.state != OPEN:
            return
        if code == 1013 and self.outbox is not None:
            self.outbox.clear()
        self._empty_outbox()
        self.sendCloseFrame(code=code, reasonUtf8=_at_most(reason, 123))
        self._start_timer(CLOSE_PATIENCE)

    def dropConnection(self, abort: bool = False) -> None:
        """As Autobahn does, but not for ever: a client that does not read is cut off."""
        super().dropConnection(abort)
        if not abort:
            self._start_timer(CLOSE_PATIENCE)

    def _start_timer(self, seconds: float, then: Callable[[], None] | None = None) -> None:
        """One deadline at a time; *then* is called at its end, or the connection aborted."""
        self._cancel_timer()
        self._timer = self.factory.clock.callLater(seconds, then or self._out_of_time)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            if self._timer.active():
                self._timer.cancel()
            self._timer = None

    def _out_of_time(self) -> None:
        self._timer = None
        self.transport.abortConnection()


def _at_most(text: str, size: int) -> bytes:
    """*text* as UTF-8, cut between characters."""
    return text.encode()[:size].decode(errors="ignore").encode()
