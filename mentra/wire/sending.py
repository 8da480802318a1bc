"""The sending half of a connection: gathers, writes through, queues, closes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autobahn.twisted.websocket import WebSocketServerProtocol
from twisted.internet.interfaces import IDelayedCall, IPushProducer
from zope.interface import implementer

from mentra.messages import GivesWay, Message
from mentra.wire.batch import Batch
from mentra.wire.frames import TEXT, TEXT_HEADERS, header
from mentra.wire.lean import LeanProtocol
from mentra.wire.outbox import Outbox
from mentra.wire.write_through import can_write_through, quick_way

if TYPE_CHECKING:
    from mentra.wire.factory import PeerFactory

CONNECTING = WebSocketServerProtocol.STATE_CONNECTING
OPEN = WebSocketServerProtocol.STATE_OPEN

CLOSE = 8
"""The opcode of a close frame."""

CLOSE_PATIENCE = 5.0
"""Seconds for the other side to answer a close frame, or to read what was sent before it."""


@implementer(IPushProducer)
class SendingProtocol(LeanProtocol):
    """Sends messages; Autobahn keeps handshake, close and control frames.

    What the frames of one read produce is gathered and leaves at its end.  While the transport
    has enough, frames wait in an outbox.

    :ivar outbox: what waits, None while the transport takes what it gets.
    """

    __slots__ = ("_timer", "_writes_through", "outbox")

    # Autobahn's annotations promise less than there is
    transport: Any
    factory: "PeerFactory"

    def __init__(self) -> None:
        self._state = CONNECTING
        # where frames are gathered; None: they take another way, or none at all
        self._batch: Batch | None = None
        self._unsent: list[bytes] | None = None
        self._writes_through = False
        self._quick_way: Callable[[bytes], int] | None = None
        self._timer: IDelayedCall | None = None
        self.outbox: Outbox | None = None
        super().__init__()

    @property
    def state(self) -> int:
        """Autobahn's state; once it is not open any more, nothing is gathered."""
        return self._state

    @state.setter
    def state(self, state: int) -> None:
        """Autobahn says how it is."""
        self._state = state
        self._batch = None

    @property
    def alive(self) -> bool:
        """Whether sending makes sense."""
        return self._state == OPEN

    def send(self, message: Message) -> bool:
        """Send *message*; False if the connection is not open."""
        batch = self._batch
        if batch is None:
            return self._send_otherwise(message)
        factory = self.factory
        if message is not factory.last_message:
            factory.make_frame(message)
        unsent = self._unsent
        if unsent is not None:
            unsent.append(factory.last_frame)
        else:
            self._unsent = [factory.last_frame]
            if batch.began is None:
                self.flush()
            else:
                batch.unsent.append(self)
        return True

    def splice(self, head: bytes, body: bytes) -> bool:
        """Send a text frame of the two parts; False if the connection is not open."""
        batch = self._batch
        if batch is None:
            return self._splice_otherwise(head + body)
        try:
            beginning = TEXT_HEADERS[len(head) + len(body)]
        except IndexError:
            beginning = header(TEXT, len(head) + len(body))
        unsent = self._unsent
        if unsent is not None:
            unsent += (beginning, head, body)
        else:
            self._unsent = [beginning, head, body]
            if batch.began is None:
                self.flush()
            else:
                batch.unsent.append(self)
        return True

    def _send_otherwise(self, message: Message) -> bool:
        if self._state != OPEN:
            return False
        factory = self.factory
        if self._perMessageCompress is not None:
            self.sendMessage(*factory.encode(message))
        else:
            if message is not factory.last_message:
                factory.make_frame(message)
            self._queue(factory.last_frame, type(message), message.gives_way)
        return True

    def _splice_otherwise(self, text: bytes) -> bool:
        if self._state != OPEN:
            return False
        if self._perMessageCompress is not None:
            self.sendMessage(text, False)
        else:
            self._queue(header(TEXT, len(text)) + text, None, GivesWay.CLOSE)
        return True

    def ping(self, ping_frame: bytes) -> None:
        """Send a ready-made ping."""
        if self._state == OPEN and self.outbox is None:
            self.sendData(ping_frame)

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """Autobahn's own frames: after ours, so that a close never overtakes an answer."""
        if self.outbox is not None:
            if data[0] & 15 != CLOSE:
                self._queue(data, None, GivesWay.CLOSE)
                return
            self._empty_outbox()
        unsent = self._unsent
        self._unsent = [data] if unsent is None else [*unsent, data]
        if self._state == CONNECTING and self.factory.batch.began is not None:
            # the answer to an upgrade leaves together with the welcome
            if unsent is None:
                self.factory.batch.unsent.append(self)
            return
        self.flush()

    def flush(self) -> None:
        """Send what was gathered: at once, as far as it goes, the rest by the transport."""
        unsent, self._unsent = self._unsent, None
        if unsent is None:
            return
        data = b"".join(unsent)
        send = self._quick_way
        if send is None and self._writes_through:
            send = self._quick_way = quick_way(self.transport)
        if send is not None:
            try:
                sent = send(data)
            except OSError:
                sent = 0  # the transport will meet it too
            if sent == len(data):
                return
            self._quick_way = None
            data = data[sent:]
        self.transport.write(data)

    def connectionMade(self) -> None:
        """What is sent goes the quick way from the beginning, if the transport has one."""
        super().connectionMade()
        self._writes_through = self.factory.fast and can_write_through(self.transport)

    def _gather_again(self) -> None:
        if self._state == OPEN and self._perMessageCompress is None:
            self._batch = self.factory.batch

    # -- a receiver that does not keep up

    def pauseProducing(self) -> None:
        """The transport has enough: queue from now on."""
        if self.outbox is None:
            self.flush()  # comes before whatever waits from now on
            self.outbox = Outbox(self.factory.limits.max_queue)
            self._batch = None

    def resumeProducing(self) -> None:
        """The transport can take more."""
        outbox, self.outbox = self.outbox, None
        while outbox is not None and self.outbox is None:
            data = outbox.take()
            if data is None:
                self._gather_again()
                return
            self.sendData(data)  # may pause us again
        if outbox is not None:
            self.outbox = outbox

    def stopProducing(self) -> None:
        """The connection is gone; ``onClose`` does the rest."""

    def _queue(self, data: bytes, kind: type[Message] | None, gives_way: GivesWay) -> None:
        if self.outbox is not None and not self.outbox.put(data, kind, gives_way):
            self.close(1013, "not reading fast enough")

    def _empty_outbox(self) -> None:
        outbox, self.outbox = self.outbox, None
        if outbox is not None:
            # in one piece: the transport may say at any write that it has enough
            self._unsent = list(iter(outbox.take, None))
            self.flush()

    # -- the end

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send what is queued, then the close frame."""
        if self.state != OPEN:
            return
        if code == 1013 and self.outbox is not None:
            self.outbox.clear()
        self._empty_outbox()
        self.sendCloseFrame(code=code, reasonUtf8=_at_most(reason, 123))

    def sendCloseFrame(
        self,
        code: int | None = None,
        reasonUtf8: bytes | None = None,  # noqa: N803 - Autobahn's name
        isReply: bool = False,  # noqa: N803 - Autobahn's name
    ) -> None:
        """As Autobahn does, but whoever does not answer is cut off, violators too."""
        super().sendCloseFrame(code, reasonUtf8, isReply)
        self._start_timer(CLOSE_PATIENCE)

    def dropConnection(self, abort: bool = False) -> None:
        """As Autobahn does, but not for ever: a client that does not read is cut off."""
        self.flush()
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
