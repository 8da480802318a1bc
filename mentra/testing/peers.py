"""A peer that keeps what it was sent."""

import itertools

import attrs
from zope.interface import implementer

from mentra.extension import Admitted
from mentra.identity import Identity
from mentra.interfaces.messaging import IPeer
from mentra.messages import Message

_numbers = itertools.count(1)


@implementer(IPeer)
@attrs.define(eq=False)
class FakePeer:
    """An open connection that goes nowhere.

    :ivar sent: messages sent, in order; a spliced frame is its two parts joined: bytes.
    :ivar close_code: None until it was closed from this side.
    """

    path: str = "glasses"
    identity: Identity | None = None
    address: str = "127.0.0.1"
    alive: bool = True
    opened_at: float = 0.0
    last_seen: float = 0.0
    messages: int = 0
    at_door: bool = False
    sent: list[Message | bytes] = attrs.field(factory=list)
    close_code: int | None = None
    close_reason: str = ""
    admitted: Admitted | None = None
    peer_id: str = attrs.field(factory=lambda: f"fake-{next(_numbers)}")

    def send(self, message: Message) -> bool:
        """Keep *message*; False once closed."""
        if self.alive:
            self.sent.append(message)
        return self.alive

    def splice(self, head: bytes, body: bytes) -> bool:
        """Keep the parts, joined; False once closed."""
        if self.alive:
            self.sent.append(head + body)
        return self.alive

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Be closed; the first call counts."""
        if self.alive:
            self.alive = False
            self.close_code, self.close_reason = code, reason

    def take(self) -> list[Message | bytes]:
        """What was sent since the last call."""
        taken, self.sent = self.sent, []
        return taken
