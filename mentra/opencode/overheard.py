"""What an OpenCode server says, as far as transcripts look at it.

Source: docs/protocol/opencode, "The server behind it".
"""

from typing import Any

import msgspec

from mentra.opencode.answers import Status, Struct


class Overheard(Struct, frozen=True, kw_only=True):
    """A session."""

    id: str
    directory: str | None = None


class About(Struct, frozen=True, kw_only=True):
    """An event of a session as such; older servers do not name it but within ``info``."""

    session_id: str | None = msgspec.field(name="sessionID", default=None)
    info: Overheard | None = None
    status: Status | None = None


class MessageInfo(Struct, frozen=True, kw_only=True):
    """A message without its parts."""

    id: str
    role: str
    summary: Any = None


class Spoken(Struct, frozen=True, kw_only=True):
    """A message is new, or has changed."""

    session_id: str = msgspec.field(name="sessionID")
    info: MessageInfo


class Span(Struct, frozen=True, kw_only=True):
    """Milliseconds since 1970; without an end it goes on."""

    start: int | float | None = None
    end: int | float | None = None


class State(Struct, frozen=True, kw_only=True):
    """How far a tool is."""

    status: str = ""
    input: msgspec.Raw = msgspec.Raw(b"{}")
    output: str | None = None
    title: str | None = None
    error: str | None = None
    metadata: msgspec.Raw = msgspec.Raw(b"{}")
    time: Span | None = None


class Piece(Struct, frozen=True, kw_only=True):
    """A part of a message, of any type.

    :ivar synthetic: the server wrote it for the model.
    """

    id: str
    type: str
    message_id: str = msgspec.field(name="messageID", default="")
    text: str = ""
    synthetic: bool = False
    ignored: bool = False
    time: Span | None = None
    tool: str = ""
    state: State | None = None
    files: tuple[str, ...] = ()


class PieceUpdated(Struct, frozen=True, kw_only=True):
    """A part is new, or has changed."""

    session_id: str = msgspec.field(name="sessionID")
    part: Piece


class WholeMessage(Struct, frozen=True, kw_only=True):
    """A message with its parts."""

    info: MessageInfo
    parts: tuple[Piece, ...] = ()
