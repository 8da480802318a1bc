"""Prompts of a fake OpenCode server: what the model does with them is for a test to say."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
from twisted.web.server import Request

if TYPE_CHECKING:
    from mentra.testing.opencode import FakeOpencode


@attrs.frozen
class Canned:
    """An answer that a test prepared."""

    status: int
    body: bytes
    content_type: str = "application/json"


@attrs.define(eq=False)
class Prompt:
    """A message that was posted, and waits for its run to end.

    :ivar body: as it came.
    :ivar message_id: of the model's message that is being made.
    """

    server: "FakeOpencode"
    session_id: str
    body: dict[str, Any]
    request: Request
    user_id: str
    message_id: str = ""
    parts: list[dict[str, Any]] = attrs.field(factory=list)
    is_over: bool = False

    def event(self, kind: str, **properties: Any) -> None:
        """Something happens in its session."""
        self.server.event(kind, sessionID=self.session_id, **properties)

    def begin(self) -> None:
        """The model begins a message."""
        self.message_id = self.server.new_id("msg")
        self.parts = []
        self.server.busy[self.session_id] = {"type": "busy"}
        self.event("session.status", status={"type": "busy"})
        self.event("message.updated", info=self.info())

    def info(self, **more: Any) -> dict[str, Any]:
        """The model's message, without its parts."""
        made = {
            "id": self.message_id, "role": "assistant", "parentID": self.user_id,
            "sessionID": self.session_id, "cost": 0.5,
            "tokens": {"input": 5, "output": 7, "reasoning": 0, "cache": {"read": 0, "write": 0}},
        }  # fmt: skip
        return made | more

    def part(self, kind: str, **fields: Any) -> dict[str, Any]:
        """A part is new; as events tell it."""
        made = {
            "id": self.server.new_id("prt"), "type": kind, "messageID": self.message_id,
            "sessionID": self.session_id, **fields,
        }  # fmt: skip
        self.parts.append(made)
        self.update(made)
        return made

    def update(self, part: dict[str, Any], **changes: Any) -> None:
        """A part has changed."""
        part.update(changes)
        self.event("message.part.updated", part=part, time=1)

    def speak(self, *pieces: str, kind: str = "text") -> dict[str, Any]:
        """The model says something, from its beginning to its end."""
        part = self.part(kind, text="", time={"start": 1})
        for piece in pieces:
            self.delta(part, piece)
        self.update(part, text="".join(pieces), time={"start": 1, "end": 2})
        return part

    def delta(self, part: Mapping[str, Any], piece: str) -> None:
        """A part grows."""
        self.event(
            "message.part.delta", messageID=self.message_id, partID=part["id"], field="text",
            delta=piece,
        )  # fmt: skip

    def step(self, finish: str = "tool-calls") -> None:
        """The message is finished, and another one follows."""
        self.event("message.updated", info=self.info(finish=finish))
        self.server.keep(self.session_id, self.info(finish=finish), self.parts)

    def end(self, **info: Any) -> None:
        """The run is over."""
        info = info or {"finish": "stop"}
        self.event("message.updated", info=self.info(**info))
        self.idle()
        self.answer(**info)

    def idle(self) -> None:
        """The session has nothing to do any more."""
        self.server.busy.pop(self.session_id, None)
        self.event("session.status", status={"type": "idle"})
        self.event("session.idle")

    def answer(self, **info: Any) -> None:
        """The request ends with the last message."""
        whole = self.server.keep(self.session_id, self.info(**info), self.parts)
        self.finish(Canned(200, as_json(whole)))

    def finish(self, answer: Canned) -> None:
        """The request ends so."""
        if not self.is_over:
            self.is_over = True
            self.server.busy.pop(self.session_id, None)
            self.request.write(send(self.request, answer))
            self.request.finish()
            self.server.after_write()

    def abort(self) -> None:
        """Somebody stops it."""
        self.end(error={"name": "MessageAbortedError", "data": {"message": "Aborted"}})

    def gone(self, _: object) -> None:
        """Whoever asked is not there any more; the run goes on all the same."""
        self.is_over = True


def error(status: int, name: str, message: str) -> Canned:
    """How the server says that something is wrong."""
    return Canned(status, as_json({"name": name, "data": {"message": message}}))


def as_json(value: Any) -> bytes:
    """*value* as the server writes it."""
    return json.dumps(value).encode()


def send(request: Request, answer: Canned) -> bytes:
    """The body, when status and type are set."""
    request.setResponseCode(answer.status)
    request.setHeader("content-type", answer.content_type)
    return answer.body
