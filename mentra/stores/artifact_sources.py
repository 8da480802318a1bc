"""Where artifacts come from: as they are sent, out of a folder, or out of a zip file."""

import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import attrs
import msgspec

from mentra.errors import Refused
from mentra.messages.channels.artifact import Inline, Manifest

MANIFEST = "manifest.json"

MOST_FILES = 200
"""Files of an artifact."""


@attrs.frozen
class Source:
    """An artifact, read.

    :ivar files: name to content, the manifest not among them.
    """

    manifest: Manifest
    files: dict[str, bytes]


def read_source(source: str | Inline, roots: tuple[Path, ...], most: int) -> Source:
    """The artifact that *source* is, or is at.  Waits for the disk.

    :param roots: folders that artifacts may come from.
    :param most: bytes that all of its files may have.
    :raises Refused: ``FORBIDDEN_FOLDER`` or ``BAD_ARTIFACT``.
    """
    if isinstance(source, Inline):
        files = {name: text.encode("utf-8", "replace") for name, text in source.files.items()}
        return _checked(Source(source.manifest, files), most)
    path = _allowed(source, roots)
    try:
        content = dict(_of_zip(path, most) if path.is_file() else _of_folder(path, most))
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as problem:
        raise Refused("BAD_ARTIFACT", f"it cannot be read: {type(problem).__name__}") from None
    text = content.pop(MANIFEST, None)
    if text is None:
        raise Refused("BAD_ARTIFACT", f"there is no {MANIFEST} in it")
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise Refused("BAD_ARTIFACT", f"its {MANIFEST} is wrong: {problem}") from None
    return _checked(Source(manifest, content), most)


def _allowed(source: str, roots: tuple[Path, ...]) -> Path:
    reason = "artifacts do not come from there: see [channels] artifact_roots"
    if "\0" in source or not os.path.isabs(source):
        raise Refused("FORBIDDEN_FOLDER", reason)
    try:
        path = Path(source).resolve(strict=True)
        inside = any(path.is_relative_to(root.resolve()) for root in roots)
    except (OSError, RuntimeError, ValueError):
        inside = False
    if not inside:
        raise Refused("FORBIDDEN_FOLDER", reason)
    return path


def _of_folder(folder: Path, most: int) -> Iterator[tuple[str, bytes]]:
    """Regular files of *folder*; links are left out."""
    left = most
    for number, name in enumerate(sorted(_names(folder))):
        if number >= MOST_FILES + 1:
            raise Refused("BAD_ARTIFACT", f"it has more than {MOST_FILES} files")
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            content = file.read(left + 1)
        left = _rest(left, content)
        yield name, content


def _names(folder: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder, followlinks=False):
        folders[:] = [one for one in folders if not one.startswith(".")]
        for name in files:
            path = Path(place, name)
            if stat.S_ISREG(path.lstat().st_mode):
                yield path.relative_to(folder).as_posix()


def _of_zip(path: Path, most: int) -> Iterator[tuple[str, bytes]]:
    left = most
    with zipfile.ZipFile(path) as archive:
        entries = [one for one in archive.infolist() if not one.is_dir()]
        if len(entries) > MOST_FILES + 1:
            raise Refused("BAD_ARTIFACT", f"it has more than {MOST_FILES} files")
        for entry in entries:
            # what an entry says of its size is no promise
            with archive.open(entry) as file:
                content = file.read(left + 1)
            left = _rest(left, content)
            yield entry.filename, content


def _rest(left: int, content: bytes) -> int:
    if len(content) > left:
        raise Refused("BAD_ARTIFACT", "it is too large")
    return left - len(content)


def _checked(source: Source, most: int) -> Source:
    if len(source.files) > MOST_FILES or sum(map(len, source.files.values())) > most:
        raise Refused("BAD_ARTIFACT", f"it has more than {MOST_FILES} files, or {most} bytes")
    for name in source.files:
        parts = PurePosixPath(name).parts
        strange = not parts or name.startswith("/") or ".." in parts or "\\" in name
        if strange or "\0" in name or len(name) > 255 or PurePosixPath(name).as_posix() != name:
            raise Refused("BAD_ARTIFACT", "a file's name leads out of it")
    ui = source.manifest.ui
    for needed in (source.manifest.entry, *((ui,) if isinstance(ui, str) else ())):
        if needed not in source.files:
            raise Refused("BAD_ARTIFACT", f"the file {needed!r} that the manifest names is missing")
    return source
