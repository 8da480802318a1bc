"""What a browser page is shown of OpenCode's sessions: events in, acts on a store out.  No I/O.

Source: docs/opencode, "What is kept of sessions".
"""

import os
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import attrs
import msgspec
from msgspec import UNSET, UnsetType

from mentra.messages.channels.code import (
    CodeAddEntry,
    EntryType,
    FileEditData,
    Status,
    ToolCallData,
)
from mentra.opencode.answers import Event, read
from mentra.opencode.file_edits import edits_of
from mentra.opencode.overheard import (
    About,
    MessageInfo,
    Piece,
    PieceUpdated,
    Span,
    Spoken,
    State,
    WholeMessage,
)

LONGEST = 200_000
"""Characters that are kept of a text, of what a tool was given, and of what it brought."""

REMEMBERED = 2000
"""Messages, parts and sessions, of each, that are known at a time; the oldest are forgotten."""

CUT = "\n[...]"
"""What stands where more is left out."""

KeptT = TypeVar("KeptT")


@attrs.frozen
class SessionIs:
    """A session is so.

    :ivar directory: None: where it was, or else where the bridge works.
    """

    session_id: str
    status: Status
    directory: str | None = None


@attrs.frozen
class Told:
    """An entry of a transcript, which takes the place of an earlier one of that id.

    :ivar size: characters, roughly.
    """

    entry_id: str
    entry: CodeAddEntry
    size: int


Act = SessionIs | Told


class Memory(OrderedDict[str, KeptT], Generic[KeptT]):
    """Forgets the oldest."""

    def keep(self, key: str, value: KeptT) -> None:
        """Have *value* the newest."""
        self[key] = value
        self.move_to_end(key)
        if len(self) > REMEMBERED:
            self.popitem(last=False)


class Minutes:
    """Listens to every session of a server."""

    def __init__(self) -> None:
        self._types: Memory[EntryType] = Memory()
        self._states: Memory[tuple[str, int]] = Memory()
        self._edited: Memory[set[str]] = Memory()
        self._unended: Memory[list[str]] = Memory()
        self._hears: dict[str, Callable[[str], Iterator[Act]]] = {
            "session.created": self._session,
            "session.deleted": self._deleted,
            "session.status": self._status,
            "session.idle": self._is("paused"),
            "permission.asked": self._is("waiting_input"),
            "permission.replied": self._is("running"),
            "question.asked": self._is("waiting_input"),
            "question.replied": self._is("running"),
            "question.rejected": self._is("running"),
            "message.updated": self._message,
            "message.part.updated": self._part,
        }

    def hear(self, kind: str, text: str) -> list[Act]:
        """What follows from an event.

        :raises ValueError: it is not as expected.
        """
        heard = self._hears.get(kind)
        return [] if heard is None else list(heard(text))

    def catch_up(self, session_id: str, messages: list[WholeMessage]) -> list[Act]:
        """What follows from a session's messages, for what was missed."""
        acts: list[Act] = []
        for message in messages:
            self._know(message.info)
            for part in message.parts:
                acts += self._take(session_id, part)
        return acts

    # -- sessions

    def _session(self, text: str) -> Iterator[Act]:
        info = read(text, Event[About]).properties.info
        if info is not None:
            yield SessionIs(info.id, "paused", info.directory)

    def _deleted(self, text: str) -> Iterator[Act]:
        about = read(text, Event[About]).properties
        session_id = about.session_id if about.info is None else about.info.id
        if session_id is not None:
            yield SessionIs(session_id, "stopped")

    def _status(self, text: str) -> Iterator[Act]:
        about = read(text, Event[About]).properties
        if about.session_id is not None and about.status is not None:
            yield SessionIs(about.session_id, status_of(about.status.type))

    @staticmethod
    def _is(status: Status) -> Callable[[str], Iterator[Act]]:
        def heard(text: str) -> Iterator[Act]:
            session_id = read(text, Event[About]).properties.session_id
            if session_id is not None:
                yield SessionIs(session_id, status)

        return heard

    # -- messages

    def _message(self, text: str) -> Iterator[Act]:
        self._know(read(text, Event[Spoken]).properties.info)
        return iter(())

    def _know(self, info: MessageInfo) -> None:
        kind: EntryType = "user_input" if info.role == "user" else "assistant_output"
        # the server's summary of what has become too long for the model
        if info.role == "assistant" and info.summary is True:
            kind = "compact_marker"
        self._types.keep(info.id, kind)

    def _part(self, text: str) -> Iterator[Act]:
        heard = read(text, Event[PieceUpdated]).properties
        return self._take(heard.session_id, heard.part)

    def _take(self, session_id: str, part: Piece) -> Iterator[Act]:
        kind = self._types.get(part.message_id)
        # what began before we listened is read when there is a reason to
        if kind is None:
            return
        if part.type == "text":
            yield from self._text(session_id, part, kind)
        elif part.type == "tool" and part.state is not None:
            yield from self._tool(session_id, part, part.state)
        elif part.type == "patch":
            yield from self._patch(session_id, part)

    def _text(self, session_id: str, part: Piece, kind: EntryType) -> Iterator[Act]:
        # what a person says comes whole
        is_whole = kind == "user_input" or (part.time is not None and part.time.end is not None)
        hidden = part.synthetic or part.ignored or not part.text
        unended = self._unended.get(part.message_id, [])
        if not is_whole and part.id not in unended and part.id not in self._states:
            self._unended.keep(part.message_id, [*unended, part.id][-REMEMBERED:])
        elif is_whole and part.id in unended:
            unended.remove(part.id)
        if is_whole and not hidden and self._is_new(part, "text", len(part.text)):
            yield _told(part.id, session_id, kind, part.text)

    def _tool(self, session_id: str, part: Piece, state: State) -> Iterator[Act]:
        # what it shows while it runs is in what it has in the end
        if not self._is_new(part, state.status):
            return
        # a text before it may end after it, and has its place already
        for part_id in self._unended.pop(part.message_id, []):
            yield _told(part_id, session_id, self._types[part.message_id], "")
        output = _output_of(state)
        called = ToolCallData(
            name=part.tool[:256],
            input=_input_of(state),
            output=output,
            status=state.status[:64],
            duration=_duration(state.time),
        )
        title, size = state.title or part.tool, min(len(bytes(state.input)), LONGEST)
        size += 0 if output is UNSET else len(output)
        yield _told(part.id, session_id, "tool_call", title, size, tool_call_data=called)
        if state.status == "completed":
            edits = edits_of(part.tool, bytes(state.input), bytes(state.metadata))
            yield from self._edits(session_id, part, edits)

    def _patch(self, session_id: str, part: Piece) -> Iterator[Act]:
        """What a step has changed: also what commands did, and again what tools have told."""
        known = self._edited.get(part.message_id, set())
        if self._is_new(part, "patch"):
            others = [path for path in part.files if path and not _is_among(path, known)]
            edits = [FileEditData(path=path[:4096], operation="modify") for path in others]
            yield from self._edits(session_id, part, edits)

    def _edits(self, session_id: str, part: Piece, edits: list[FileEditData]) -> Iterator[Act]:
        for number, edit in enumerate(edits[:REMEMBERED], 1):
            if edit.diff is not UNSET and len(edit.diff) > LONGEST:
                edit = msgspec.structs.replace(edit, diff=UNSET)
            known = self._edited.get(part.message_id) or set()
            self._edited.keep(part.message_id, known | {edit.path})
            name = f"{part.id}.{number}"
            size = 0 if edit.diff is UNSET else len(edit.diff)
            yield _told(name, session_id, "file_edit", edit.path, size, file_edit_data=edit)

    def _is_new(self, part: Piece, state: str, size: int = 0) -> bool:
        is_new = self._states.get(part.id) != (state, size)
        self._states.keep(part.id, (state, size))
        return is_new


def status_of(kind: str) -> Status:
    """What a session that is ``busy``, ``retry`` or ``idle`` is for a page."""
    return "paused" if kind == "idle" else "running"


def _told(
    entry_id: str, session_id: str, kind: EntryType, content: str, size: int = 0, **more: Any
) -> Told:
    text = _cut(content)
    entry = CodeAddEntry(session_id=session_id, type=kind, content=text, **more)
    return Told(entry_id, entry, size + len(text))


def _input_of(state: State) -> Any:
    raw = bytes(state.input)
    return msgspec.json.decode(raw) if len(raw) <= LONGEST else _cut(raw.decode("utf-8", "replace"))


def _output_of(state: State) -> str | UnsetType:
    found = state.error if state.output is None else state.output
    return UNSET if found is None else _cut(found)


def _duration(time: Span | None) -> float | UnsetType:
    if time is None or time.start is None or time.end is None:
        return UNSET
    return max(0.0, float(time.end - time.start))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + CUT


def _is_among(path: str, known: set[str]) -> bool:
    """Tools may call a file by its path within the project."""
    return any(path == one or path.endswith(os.sep + one) for one in known)
