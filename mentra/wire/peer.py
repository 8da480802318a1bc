"""One WebSocket connection."""

from typing import Any

from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from msgspec.json import encode as encode_json
from twisted.python.failure import Failure
from zope.interface import implementer

from mentra.correlation import current
from mentra.errors import Denied, Dismissed, Malformed
from mentra.extension import Admitted, Answer
from mentra.identity import Identity
from mentra.interfaces.messaging import IPeer
from mentra.messages import Fault, Message
from mentra.messages.subscriptions import StreamEvent
from mentra.wire.context import Context
from mentra.wire.fast_receive import LONGEST
from mentra.wire.lane import Lane
from mentra.wire.opening import OpeningProtocol
from mentra.wire.sending import OPEN
from mentra.wire.upgrade import Upgrade


@implementer(IPeer)
class Peer(OpeningProtocol):
    """Frames in, messages to the router; messages out, frames to the socket.

    Handshake, extensions, close, ping, fragments and errors are Autobahn's.  What all peers of a
    path share is in their factory.

    :ivar context: None until the connection is open.
    :ivar lane: there while a handler takes its time.
    :ivar messages: how many came.
    """

    __slots__ = (
        "_admitted", "_denial", "_pulse_group", "_rate_since", "address", "admitted", "identity",
        "opened_at", "peer_id",
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.peer_id = ""
        self.address = ""
        self.identity: Identity | None = None
        self.admitted: Admitted | None = None
        self.context: Context | None = None
        self.lane: Lane | None = None
        self.messages = 0
        self.opened_at = 0.0
        self._denial: Denied | None = None
        self._admitted = False
        self._pulse_group = -1
        self._rate_mark = 0
        self._rate_since = 0.0

    @property
    def path(self) -> str:
        """The path's name."""
        return self.factory.entrance.name

    @property
    def at_door(self) -> bool:
        """Whether it came through the path's own port."""
        return self.factory.at_door

    # -- opening

    def connectionMade(self) -> None:
        """Autobahn's part, then no Nagle delay."""
        super().connectionMade()
        self.peer_id = self.factory.next_id()
        if hasattr(self.transport, "setTcpNoDelay"):
            self.transport.setTcpNoDelay(True)
        self.factory.handshakes.add(self._out_of_time)

    def onConnect(self, request: ConnectionRequest) -> str | None:
        """Let the path decide, before the 101; the chosen subprotocol."""
        try:
            host = getattr(self.transport.getPeer(), "host", "")
            self.address = self.factory.client_address(host, request.headers.get("x-forwarded-for"))
            self.factory.admission.admit(self.address)
            self._admitted = True
            upgrade = Upgrade(request, self.address, self.factory.at_door)
            found = self.factory.entrance.admit(upgrade, self.factory.services)
            if type(found) is Admitted:
                self.admitted = found
                found = found.identity
            self.identity = found
            if self.identity is not None:
                self._count(self.identity)
        except Denied as denial:
            self._denial = denial
            raise ConnectionDeny(denial.status, "refused") from None
        except Dismissed as dismissal:
            body: dict[str, object] = {"type": "connection_error", "message": dismissal.message}
            self._denial = Denied(503, body)
            raise ConnectionDeny(503, "refused") from None
        return None if self.admitted is None else self.admitted.subprotocol

    def sendHttpErrorResponse(
        self,
        code: int,
        reason: str,
        responseHeaders: Any = None,  # noqa: N803 - Autobahn's name
    ) -> None:
        """Refuse the upgrade with a JSON body that says why."""
        body = encode_json(self._denial.body if self._denial else {"error": reason})
        lines = [f"HTTP/1.1 {code} {reason}", "Content-Type: application/json"]
        lines += [f"{name}: {value}" for name, value in responseHeaders or ()]
        if self._denial is not None and "retryAfter" in self._denial.body:
            lines.append(f"Retry-After: {self._denial.body['retryAfter']}")
        lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
        self.sendData("\r\n".join(lines).encode() + body)

    def onOpen(self) -> None:
        """Start what an open connection needs; nothing here may raise."""
        self._cancel_timer()
        factory = self.factory
        self.opened_at = self.last_seen = self._rate_since = factory.clock.seconds()
        self._rate_mark = factory.burst
        self._gather_again()
        if factory.fast and self._perMessageCompress is None:
            self.longest_fast = min(factory.limits.max_frame, LONGEST)
        self.context = Context(self, factory.services)
        self._pulse_group = factory.heartbeat.add(self)
        factory.peers.add(self)
        factory.metrics.opened(factory.entrance.name)
        # the outbox takes the place of the HTTP channel as the transport's producer
        if self.transport.producer is not None:
            self.transport.unregisterProducer()
        self.transport.registerProducer(self, True)
        self.slim_down()
        if self.identity is None and factory.limits.handshake_within is not None:
            self._start_timer(factory.limits.handshake_within, self._no_handshake)
        self._guarded(self._open_path)

    def _open_path(self) -> Answer:
        outcome: Any = self.factory.entrance.opened(self.context)
        return self._settle(outcome)

    def entered(self, identity: Identity) -> None:
        """The handshake is done; who it is counts from now on.

        :raises Dismissed: the user has too many connections.
        """
        if self.identity is None:
            self._count(identity)
            self._cancel_timer()
        self.identity = identity

    def _cancel_timer(self) -> None:
        self.factory.handshakes.remove(self._out_of_time)
        super()._cancel_timer()

    def _no_handshake(self) -> None:
        self.close(1008, "no handshake in time")

    def _count(self, identity: Identity) -> None:
        if self.factory.limits.counts_users:
            self.factory.admission.entered(identity.user_id)

    # -- receiving

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """A whole message by way of Autobahn."""
        if self.state == OPEN:
            self.take(payload, isBinary)

    def take(self, payload: bytes, is_binary: bool) -> None:
        """A whole message, text being valid UTF-8."""
        self.messages = number = self.messages + 1
        factory = self.factory
        if factory.leaving:
            return  # what comes after the stop began was never accepted
        if number > self._rate_mark and not self._within_rate():
            return
        decode = factory.decode
        try:
            message = decode(payload, is_binary)
        except Malformed as problem:
            factory.metrics.failed(factory.entrance.name, "dialect")
            self._reject(problem)
            return
        kind = type(message)
        # events of the many stream types share a class; there are no more types than we know
        factory.counts[kind if kind is not StreamEvent else message.stream_type] += 1
        lane = self.lane
        if lane is None or not lane.busy:
            self.handle(message)
        else:
            self._wait(lane, message)

    def handle(self, message: Message) -> None:
        """Route *message*; its answer is sent, an awaited one by the lane."""
        context: Any = self.context
        route = self.factory.route
        if context.session is None and type(message) not in self.factory.entrance.handshake:
            route = self.factory.entrance.premature
        context.number += 1
        try:
            outcome = route(message, context)
            if outcome is not None:
                answer = self._settle(outcome)
                if answer is not None:
                    self.send(answer)
        except Dismissed as dismissal:
            self.dismiss(dismissal)

    def _handle_in_turn(self, message: Message) -> None:
        """A message that had to wait: what was read is long dealt with."""
        before = current.set(self.context)
        try:
            self.handle(message)
        finally:
            current.reset(before)

    def _guarded(self, step: Any) -> None:
        """For what is not routed: a path's plugin may have bugs too."""
        try:
            answer = step()
            if answer is not None:
                self.send(answer)
        except Dismissed as dismissal:
            self.dismiss(dismissal)
        except Exception:  # noqa: BLE001 - a path's bug must not leave the connection unanswered
            self._broken(Failure())

    def _broken(self, failure: Failure) -> None:
        factory = self.factory
        factory.metrics.failed(factory.entrance.name, "path")
        factory.report(failure)
        self.close(1011, "Internal server error")

    def _settle(self, outcome: Any) -> Answer:
        if outcome is None or isinstance(outcome, Message):
            return outcome
        if self.lane is None:
            self.lane = Lane(
                self._handle_in_turn, self.send, self.dismiss, self._drained, self._broken
            )
        self.lane.run(outcome)
        return None

    def _wait(self, lane: Lane, message: Message) -> None:
        lane.put(message)
        waiting = len(lane)
        if waiting >= self.factory.limits.max_waiting:
            if self.reading:
                self.reading = False
                self.transport.pauseProducing()
            elif waiting > 2 * self.factory.limits.max_waiting:
                # only what Autobahn had already parsed can come this far
                self.close(1013, "too many messages waiting")

    def _drained(self) -> None:
        self.lane = None
        self._read_on()

    def _read_on(self) -> None:
        """Nothing waits any more."""
        if self.reading or self.state != OPEN:
            return
        self.reading = True
        held, self.held = self.held, b""
        if held:
            self.dataReceived(held)
        if self.reading:
            self.transport.resumeProducing()

    def _within_rate(self) -> bool:
        now = self.factory.clock.seconds()
        if now - self._rate_since < 10.0:
            self.close(1008, "too many messages")
            return False
        self._rate_since = now
        self._rate_mark = self.messages + self.factory.burst
        return True

    def _reject(self, problem: Malformed) -> None:
        self.send(
            problem.answer
            if isinstance(problem.answer, Message)
            else Fault(
                code="MALFORMED_MESSAGE",
                message=f"not a message of this path: {problem}"[:200],
                where="app" if self.path == "app" else "phone",
                retryable=False,
                # it was no message, so it is not one of those that the context counts
                correlation_id=f"{self.peer_id}.x{self.messages}",
            )
        )

    def onPong(self, payload: bytes) -> None:
        """A sign of life; perhaps the answer to our newest ping."""
        self.factory.heartbeat.ponged(payload)

    # -- the end

    def dismiss(self, dismissal: Dismissed) -> None:
        """Tell the peer why it must go, and close it."""
        if dismissal.code is not None:
            self.send(
                Fault(
                    code=dismissal.code,
                    message=dismissal.message,
                    where="cloud",
                    retryable=dismissal.close_code == 1013,
                )
            )
        self.close(dismissal.close_code, dismissal.reason)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """The connection is gone: end what it had going."""
        self._cancel_timer()
        factory, context = self.factory, self.context
        if self._admitted:
            self._admitted = False
            counted = self.identity if factory.limits.counts_users else None
            factory.admission.left(self.address, counted.user_id if counted else None)
        if context is None:
            return
        factory.peers.discard(self)
        factory.heartbeat.remove(self, self._pulse_group)
        factory.metrics.closed(factory.entrance.name, self.localCloseCode or code or 1005)
        if self.lane is not None:
            self.lane.close()
        self._guarded(lambda: factory.entrance.closed(context, code or 1005, reason or ""))
        context.session = None
        self._unsent = self.outbox = None
