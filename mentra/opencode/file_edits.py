"""Which files a tool of OpenCode has changed, by what it was given and what it says of it."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from mentra.messages.channels.code import FileEditData
from mentra.opencode.answers import Struct, read

LONGEST_PATH = 4096
"""Characters of a path."""


class Given(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a tool was given."""

    file_path: str = ""
    old_string: str | None = None


class FileDiff(Struct, frozen=True, kw_only=True):
    """What an edit has changed, lines."""

    additions: int | UnsetType = UNSET
    deletions: int | UnsetType = UNSET


class Patched(Struct, frozen=True, kw_only=True, rename="camel"):
    """One of the files of a patch."""

    file_path: str = ""
    type: str = ""
    move_path: str | None = None
    patch: str | None = None
    diff: str | None = None
    additions: int | UnsetType = UNSET
    deletions: int | UnsetType = UNSET


class Shown(Struct, frozen=True, kw_only=True):
    """What a tool says when it is done.

    :ivar exists: whether the file that was written was there before.
    """

    diff: str | UnsetType = UNSET
    filediff: FileDiff = FileDiff()
    exists: bool | None = None
    files: tuple[Patched, ...] = ()


Operation = Literal["create", "modify", "delete", "rename"]
_OPERATIONS: dict[str, Operation] = {"add": "create", "delete": "delete", "move": "rename"}


def edits_of(tool: str, given: bytes, shown: bytes) -> list[FileEditData]:
    """What *tool* has changed; nothing if it changes no files, or says it in another way.

    :param given: JSON, likewise *shown*.
    """
    if tool not in ("edit", "multiedit", "write", "patch", "apply_patch"):
        return []
    said, done = _read(given, Given()), _read(shown, Shown())
    if done.files:
        return [_patched(one) for one in done.files if one.file_path]
    if not said.file_path:
        return []
    is_new = said.old_string == "" if tool == "edit" else done.exists is False
    edit = FileEditData(
        path=said.file_path[:LONGEST_PATH],
        operation="create" if is_new else "modify",
        diff=done.diff,
        additions=done.filediff.additions,
        deletions=done.filediff.deletions,
    )
    return [edit]


def _patched(one: Patched) -> FileEditData:
    diff = one.diff if one.patch is None else one.patch
    return FileEditData(
        path=(one.move_path or one.file_path)[:LONGEST_PATH],
        operation=_OPERATIONS.get(one.type, "modify"),
        diff=UNSET if diff is None else diff,
        additions=one.additions,
        deletions=one.deletions,
    )


def _read(text: bytes, otherwise: Any) -> Any:
    try:
        return read(text, type(otherwise))
    except (ValueError, msgspec.MsgspecError):
        return otherwise
