"""What coding assistants did: sessions, their transcripts, and files to go back to."""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from mentra.messages.channels import Record, Request

Name = Annotated[str, Meta(min_length=1, max_length=128)]
Path = Annotated[str, Meta(min_length=1, max_length=4096)]
Text = Annotated[str, Meta(max_length=4_000_000)]
Limit = Annotated[int, Meta(ge=1, le=1000)]

Status = Literal["starting", "running", "waiting_input", "paused", "stopped"]
EntryType = Literal[
    "user_input",
    "assistant_output",
    "tool_call",
    "tool_result",
    "file_edit",
    "compact_marker",
    "system_message",
]


class Session(Record, frozen=True, kw_only=True):
    """An assistant at work in a project.  Times are ISO 8601, UTC.

    :ivar project_path: the project's folder.
    :ivar updated_at: of its last entry or change.
    """

    id: str
    project_path: str
    status: Status
    created_at: str
    updated_at: str


class ToolCallData(Record, frozen=True, kw_only=True):
    """A tool was called.

    :ivar status: as the assistant calls it, such as ``running`` or ``completed``.
    :ivar duration: milliseconds.
    """

    name: Annotated[str, Meta(max_length=256)]
    input: Any
    output: Any = UNSET
    status: Annotated[str, Meta(max_length=64)]
    duration: float | UnsetType = UNSET


class FileEditData(Record, frozen=True, kw_only=True):
    """A file was changed.

    :ivar additions: lines, likewise deletions.
    """

    path: Path
    operation: Literal["create", "modify", "delete", "rename"]
    diff: Text | UnsetType = UNSET
    additions: int | UnsetType = UNSET
    deletions: int | UnsetType = UNSET


class TranscriptEntry(Record, frozen=True, kw_only=True):
    """A piece of a transcript.

    :ivar seq: its number, from 1.
    :ivar compact_data: of a marker: whatever is known of what was left out.
    :ivar is_compacted: whether a later marker stands for it.
    """

    id: str
    session_id: str
    type: EntryType
    content: str
    timestamp: str
    seq: int
    tool_call_data: ToolCallData | UnsetType = UNSET
    file_edit_data: FileEditData | UnsetType = UNSET
    compact_data: dict[str, Any] | UnsetType = UNSET
    restore_point_id: str | UnsetType = UNSET
    is_compacted: bool


class TranscriptPage(Record, frozen=True, kw_only=True):
    """Some entries, oldest first.

    :ivar next_seq: what ``sinceSeq`` has to be for the next page.
    """

    entries: list[TranscriptEntry]
    has_more: bool
    next_seq: int | UnsetType = UNSET


class FoundEntry(Record, frozen=True, kw_only=True):
    """An entry that was found.

    :ivar snippet: the text around the first word that fits.
    :ivar rank: higher is better.
    """

    entry: TranscriptEntry
    snippet: str
    rank: float


class RestorePoint(Record, frozen=True, kw_only=True):
    """Files as they were.

    :ivar total_size: bytes.
    """

    id: str
    session_id: str
    description: str
    timestamp: str
    transcript_entry_id: str | UnsetType = UNSET
    total_size: int
    file_count: int


class RestoreResult(Record, frozen=True, kw_only=True):
    """What was done, or would be; paths as in the restore point.

    :ivar skipped_files: they are the same already, their content is gone, or their path leads out
        of the folder.
    """

    restored_files: list[str]
    skipped_files: list[str]


class FileContent(Record, frozen=True, kw_only=True):
    """A file to be kept.

    :ivar path: relative to the project.
    :ivar content: base64.
    :ivar mode: permissions, such as 420 (0o644).
    """

    path: Path
    content: Annotated[bytes, Meta(examples=["cHJpbnQoMSk="])]
    mode: Annotated[int, Meta(ge=0, le=0o777)] = 0o644


UNKNOWN_SESSION = "there is no such session"


class CodeListSessions(Request, frozen=True, kw_only=True, tag="code:list-sessions"):
    """Sessions, the last changed first."""

    answers: ClassVar[Any] = list[Session]


class CodeGetSession(Request, frozen=True, kw_only=True, tag="code:get-session"):
    """A session; null where there is none of that id."""

    answers: ClassVar[Any] = Session | None
    id: Name


class CodeCreateSession(Request, frozen=True, kw_only=True, tag="code:create-session"):
    """Begin a session."""

    answers: ClassVar[Any] = Session
    refusals: ClassVar[tuple[str, ...]] = ("there are too many sessions",)
    project_path: Path
    status: Status = "starting"


class CodeAddEntry(Request, frozen=True, kw_only=True, tag="code:add-entry"):
    """Put an entry at the end of a transcript.

    A ``compact_marker`` stands for everything before it.
    """

    answers: ClassVar[Any] = TranscriptEntry
    refusals: ClassVar[tuple[str, ...]] = (UNKNOWN_SESSION, "the transcript is full")
    session_id: Name
    type: EntryType
    content: Text
    tool_call_data: ToolCallData | UnsetType = UNSET
    file_edit_data: FileEditData | UnsetType = UNSET
    compact_data: dict[str, Any] | UnsetType = UNSET
    restore_point_id: Name | UnsetType = UNSET


class CodeGetTranscript(Request, frozen=True, kw_only=True, tag="code:get-transcript"):
    """A page of a transcript; an empty one where there is no such session.

    :ivar since_seq: entries after that number.
    :ivar types: of those types alone.
    :ivar include_compacted: those as well that a marker stands for.
    """

    answers: ClassVar[Any] = TranscriptPage
    session_id: Name
    types: list[EntryType] | None = None
    since_seq: Annotated[int, Meta(ge=0)] = 0
    limit: Limit = 100
    include_compacted: bool = False


class CodeSearchTranscript(Request, frozen=True, kw_only=True, tag="code:search-transcript"):
    """Entries that have all the words, the best first."""

    answers: ClassVar[Any] = list[FoundEntry]
    session_id: Name
    query: Annotated[str, Meta(max_length=2000)]
    limit: Limit = 20


class CodeListRestorePoints(Request, frozen=True, kw_only=True, tag="code:list-restore-points"):
    """What one can go back to, the newest first."""

    answers: ClassVar[Any] = list[RestorePoint]
    session_id: Name


class CodeCreateRestorePoint(Request, frozen=True, kw_only=True, tag="code:create-restore-point"):
    """Keep files as they are."""

    answers: ClassVar[Any] = RestorePoint
    refusals: ClassVar[tuple[str, ...]] = (UNKNOWN_SESSION, "there is no room for so much")
    session_id: Name
    description: Annotated[str, Meta(max_length=10_000)]
    files: Annotated[list[FileContent], Meta(max_length=10_000)]
    transcript_entry_id: Name | UnsetType = UNSET


class CodeRestore(Request, frozen=True, kw_only=True, tag="code:restore"):
    """Write files as they were.

    :ivar target_dir: an absolute path, inside of what the server's configuration allows.
    :ivar files: these alone; left out: all.
    :ivar dry_run: only say what would be done.
    """

    answers: ClassVar[Any] = RestoreResult
    refusals: ClassVar[tuple[str, ...]] = (
        "there is no such restore point",
        "the folder is not one where files may be restored",
    )
    patience: ClassVar[float | None] = 120.0
    restore_point_id: Name
    target_dir: Path
    files: list[Path] | None = None
    dry_run: bool = False
