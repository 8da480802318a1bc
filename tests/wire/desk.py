"""A path whose requests have numbers and run side by side, for the tests of that."""

import json
from typing import Any, ClassVar

import attrs
from twisted.internet.defer import Deferred
from twisted.plugin import IPlugin
from zope.interface import implementer

from mentra.errors import Dismissed, Malformed
from mentra.extension import Answer, Asked, Limits, Places, handler
from mentra.identity import Identity
from mentra.interfaces.messaging import IPath, IPlaces, IRequestDialect, IWindowed
from mentra.messages import Fault, Message, Unknown


class Do(Message, frozen=True, kw_only=True, tag="do"):
    """Answered when the test says so, or at once."""

    what: str = "later"


class Long(Message, frozen=True, kw_only=True, tag="long"):
    """May take longer than others."""

    patience: ClassVar[float | None] = 300.0


class Out(Message, frozen=True, kw_only=True):
    """Whatever is sent."""

    spoken: ClassVar[bool] = False
    text: dict[str, Any]


class Done(Message, frozen=True, kw_only=True, tag="done"):
    what: str


@implementer(IRequestDialect)
class DeskDialect:
    """``{"id": 1, "what": "later"}``; without an id it is no request."""

    def decode(self, payload: bytes, is_binary: bool) -> Message | Asked:
        """A request."""
        try:
            fields = json.loads(payload)
            what = fields["what"]
        except (ValueError, KeyError) as problem:
            raise Malformed("nonsense", answer=Out(text={"bad": True})) from problem
        message = Long() if what == "long" else Do(what=what)
        return Asked(fields["id"], message) if "id" in fields else message

    def encode(self, message: Message) -> tuple[bytes, bool]:
        """What ``reply`` made, or an answer without a request."""
        text = message.text if isinstance(message, Out) else {"said": type(message).__name__}
        return json.dumps(text).encode(), False

    def reply(self, asked: Asked, answer: Answer) -> Message | None:
        """With the request's id."""
        if isinstance(answer, Fault):
            return Out(text={"id": asked.request_id, "error": answer.code})
        what = answer.what if isinstance(answer, Done) else None
        return Out(text={"id": asked.request_id, "answer": what})


BOUNDS = Limits(1000, 100_000, 1000.0, 4, pong_matters=False, side_by_side=3, counts_users=False)


@implementer(IPlugin, IPath, IPlaces, IWindowed)
@attrs.define(eq=False)
class DeskPath:
    """Anyone may enter, at the port of its own or at /desk.

    :ivar pending: by number, what the handler waits for.
    """

    at: Places = attrs.field(factory=lambda: Places(urls=("/desk",)))
    bounds: Limits = BOUNDS
    pending: list[Deferred[str]] = attrs.field(factory=list)
    seen: list[Any] = attrs.field(factory=list)
    ports: list[int] = attrs.field(factory=list)
    shut: bool = False

    name = "desk"
    urls = ()
    dialect = "desk"
    handshake = ()

    def limits(self, services: Any) -> Limits:
        """As given."""
        return self.bounds

    def places(self, services: Any) -> Places:
        """As given."""
        return self.at

    def listening(self, port: int, services: Any) -> None:
        """Kept."""
        self.ports.append(port)

    def admit(self, upgrade: Any, services: Any) -> Identity | None:
        """Everybody is the same person."""
        self.seen.append(upgrade.at_door)
        return Identity("ann@x.org")

    def opened(self, context: Any) -> Answer:
        """Nothing to say."""
        if not self.shut:
            context.enter(self, context.peer.identity)
        return None

    def premature(self, message: Message, context: Any) -> Answer:
        """Not yet."""
        return Fault(code="EARLY", message="not yet", where="cloud", retryable=False)

    def too_many(self, payload: bytes, retry_after: float, context: Any) -> Answer:
        """Told."""
        return Out(text={"tooMany": payload.decode(), "wait": retry_after})

    def farewell(self, context: Any) -> Answer:
        """Told."""
        return Out(text={"bye": True})

    def closed(self, context: Any, code: int, reason: str) -> None:
        """Kept."""
        self.seen.append(("closed", code))

    def handlers(self) -> tuple[object, ...]:
        """The path with its handlers."""

        @handler("desk", Do)
        def do(message: Do, context: Any) -> Any:
            self.seen.append((context.request_id, context.correlation_id.rpartition(".")[2]))
            if message.what == "now":
                return Done(what="now")
            if message.what == "nothing":
                return None
            if message.what == "go":
                raise Dismissed(4001, "go away")
            return self._later()

        @handler("desk", Long)
        def long(message: Long, context: Any) -> Any:
            return self._later()

        @handler("desk", Unknown)
        def unknown(message: Unknown, context: Any) -> Answer:
            return None

        return self, do, long, unknown

    async def _later(self) -> Done:
        waiting: Deferred[str] = Deferred()
        self.pending.append(waiting)
        return Done(what=await waiting)


DIALECT = {"desk": lambda path, router, services: DeskDialect()}
