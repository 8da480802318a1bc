"""What an OpenCode server says, as far as anybody here looks at it.

Source: docs/protocol/opencode, "The server behind it".
"""

import json
from functools import cache
from typing import Any, Generic, TypeVar

import msgspec


class Struct(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what comes from the server; fields that are not named are ignored."""


def read(text: bytes | str, kind: Any) -> Any:
    """What is in a JSON *text*, as *kind*.

    :raises ValueError: it is not.
    """
    try:
        return _decoder(kind).decode(text)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError):
        # JavaScript writes half of a character where a text is cut within it
        return msgspec.convert(_mended(json.loads(text)), type=kind, strict=True)
    except RecursionError as problem:
        raise ValueError("nested too deeply") from problem


@cache
def _decoder(kind: Any) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(kind)


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_mended(key): _mended(one) for key, one in value.items()}
    return [_mended(one) for one in value] if isinstance(value, list) else value


# -- sessions and agents ---------------------------------------------------------------------------


class Times(Struct, frozen=True, kw_only=True):
    """Milliseconds since 1970."""

    created: int | float = 0
    updated: int | float = 0


class Session(Struct, frozen=True, kw_only=True):
    """A session; older servers have its times at the top."""

    id: str
    title: str | None = None
    directory: str | None = None
    time: Times | None = None
    created_at: int | float = msgspec.field(name="createdAt", default=0)
    updated_at: int | float = msgspec.field(name="updatedAt", default=0)


class Agent(Struct, frozen=True, kw_only=True):
    """An agent; older servers say ``builtIn``."""

    name: str
    description: str | None = None
    mode: str | None = None
    native: bool | None = None
    built_in: bool | None = msgspec.field(name="builtIn", default=None)
    color: str | None = None


class Providers(Struct, frozen=True, kw_only=True):
    """Of six megabytes what matters."""

    connected: tuple[str, ...]


class Health(Struct, frozen=True, kw_only=True):
    """The server is there."""

    healthy: bool = False
    version: str = ""


class Status(Struct, frozen=True, kw_only=True):
    """What a session does: ``busy``, ``idle`` or ``retry``, with the attempt's number."""

    type: str
    attempt: int = 0


# -- messages --------------------------------------------------------------------------------------


class ErrorData(Struct, frozen=True, kw_only=True):
    """What an error is about."""

    message: str | None = None


class Error(Struct, frozen=True, kw_only=True):
    """An error, in whichever of its forms."""

    name: str | None = None
    tag: str | None = msgspec.field(name="_tag", default=None)
    message: str | None = None
    data: ErrorData | None = None

    def sentence(self) -> str | None:
        """What it says for people."""
        told = self.data.message if self.data is not None else None
        return told or self.message or self.name or self.tag


class Tokens(Struct, frozen=True, kw_only=True):
    """How much was read and written."""

    input: int | float = 0
    output: int | float = 0


class Info(Struct, frozen=True, kw_only=True):
    """A message without its parts."""

    id: str
    role: str = "assistant"
    parent_id: str | None = msgspec.field(name="parentID", default=None)
    summary: Any = None
    finish: str | None = None
    error: Error | None = None
    tokens: Tokens | None = None
    cost: int | float | None = None


class ToolMetadata(Struct, frozen=True, kw_only=True):
    """What a running tool has to show."""

    output: Any = None


class ToolState(Struct, frozen=True, kw_only=True):
    """How far a tool is."""

    status: str = ""
    input: msgspec.Raw = msgspec.Raw(b"{}")
    output: str | None = None
    title: str | None = None
    error: str | None = None
    metadata: ToolMetadata | None = None


class PartTimes(Struct, frozen=True, kw_only=True):
    """When it ended, in milliseconds since 1970; None: not yet."""

    end: int | float | None = None


class Part(Struct, frozen=True, kw_only=True):
    """A part of a message, of any type."""

    id: str
    type: str
    message_id: str = msgspec.field(name="messageID", default="")
    text: str = ""
    time: PartTimes | None = None
    tool: str = ""
    call_id: str = msgspec.field(name="callID", default="")
    state: ToolState | None = None


class Whole(Struct, frozen=True, kw_only=True):
    """A message with its parts."""

    info: Info
    parts: tuple[Part, ...] = ()


# -- events ----------------------------------------------------------------------------------------


class Where(Struct, frozen=True, kw_only=True):
    """Which session an event is about."""

    session_id: str | None = msgspec.field(name="sessionID", default=None)


class Head(Struct, frozen=True, kw_only=True):
    """What is looked at of every event."""

    type: str
    properties: Where = Where()


class MessageUpdated(Struct, frozen=True, kw_only=True):
    """A message is new, or has changed."""

    info: Info


class PartUpdated(Struct, frozen=True, kw_only=True):
    """A part is new, or has changed."""

    part: Part


class PartDelta(Struct, frozen=True, kw_only=True):
    """A part has grown."""

    message_id: str = msgspec.field(name="messageID")
    part_id: str = msgspec.field(name="partID")
    field: str
    delta: str


class SessionStatus(Struct, frozen=True, kw_only=True):
    """A session begins to do something else."""

    status: Status


class SessionIdle(Struct, frozen=True, kw_only=True):
    """A session has nothing to do any more."""


class SessionError(Struct, frozen=True, kw_only=True):
    """Something went wrong in a session."""

    error: Error | None = None


class Child(Struct, frozen=True, kw_only=True):
    """A session as events tell it."""

    id: str
    parent_id: str | None = msgspec.field(name="parentID", default=None)


class SessionCreated(Struct, frozen=True, kw_only=True):
    """A session is new; that of a sub-agent has a parent."""

    info: Child


class ToolReference(Struct, frozen=True, kw_only=True):
    """The use of a tool that something is about."""

    call_id: str | None = msgspec.field(name="callID", default=None)


class PermissionAsked(Struct, frozen=True, kw_only=True):
    """A tool waits for consent."""

    id: str
    session_id: str = msgspec.field(name="sessionID")
    permission: str = ""
    patterns: tuple[str, ...] = ()
    metadata: msgspec.Raw = msgspec.Raw(b"{}")
    tool: ToolReference | None = None


class Option(Struct, frozen=True, kw_only=True):
    """One of the answers that are offered."""

    label: str
    description: str = ""


class Question(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of the things that the model wants to know.

    :ivar multiple: whether several options may be chosen.
    :ivar custom: whether something else may be said; None: the server's default, which is yes.
    """

    question: str
    header: str = ""
    options: tuple[Option, ...] = ()
    multiple: bool = False
    custom: bool | None = None


class QuestionAsked(Struct, frozen=True, kw_only=True):
    """The model asks the user something, and waits."""

    id: str
    session_id: str = msgspec.field(name="sessionID")
    questions: tuple[Question, ...] = ()
    tool: ToolReference | None = None


PropertiesT = TypeVar("PropertiesT")


class Event(Struct, Generic[PropertiesT], frozen=True, kw_only=True):
    """An event as a whole."""

    properties: PropertiesT


EVENTS: dict[str, Any] = {
    "message.updated": Event[MessageUpdated],
    "message.part.updated": Event[PartUpdated],
    "message.part.delta": Event[PartDelta],
    "session.status": Event[SessionStatus],
    "session.idle": Event[SessionIdle],
    "session.error": Event[SessionError],
    "session.created": Event[SessionCreated],
    "permission.asked": Event[PermissionAsked],
    "question.asked": Event[QuestionAsked],
}
"""What the events that matter look like, by type; there are many others."""
