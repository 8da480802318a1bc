"""Writes files into a folder, and never outside of it: no link on the way is followed."""

import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

import attrs

from mentra.errors import Refused


@attrs.frozen
class KeptFile:
    """A file as it was.

    :ivar path: relative, with slashes.
    :ivar content: reads it; None if it is gone.
    :ivar mode: permissions.
    """

    path: str
    content: Callable[[], bytes | None]
    mode: int


def allowed_folder(target: str, roots: Iterable[Path]) -> Path:
    """The folder that *target* means, all links followed, if it is in one of *roots*.

    :raises Refused: ``FORBIDDEN_FOLDER``.
    """
    reason = "this is not a folder where files may be restored: see [channels] restore_roots"
    if "\0" in target or not os.path.isabs(target):
        raise Refused("FORBIDDEN_FOLDER", reason)
    try:
        folder = Path(target).resolve()
        inside = any(folder.is_relative_to(root.resolve()) for root in roots)
    except (OSError, RuntimeError, ValueError):
        inside = False
    if not inside:
        raise Refused("FORBIDDEN_FOLDER", reason)
    return folder


def restore(
    folder: Path, files: Sequence[KeptFile], *, dry_run: bool
) -> tuple[list[str], list[str]]:
    """Write *files* into *folder*, which is made if need be; paths restored and paths skipped.

    :param dry_run: only find out.
    :raises Refused: ``FORBIDDEN_FOLDER``: the folder cannot be made or entered.
    """
    restored: list[str] = []
    skipped: list[str] = []
    try:
        if not dry_run:
            folder.mkdir(parents=True, exist_ok=True)
        with _opened(folder, None) as root:
            for file in files:
                done = _restore_one(root, file, dry_run)
                (restored if done else skipped).append(file.path)
    except FileNotFoundError:
        # in a dry run: everything would be new
        for file in files:
            fits = _parts(file.path) is not None and file.content() is not None
            (restored if fits else skipped).append(file.path)
    except OSError as problem:
        raise Refused(
            "FORBIDDEN_FOLDER", f"the folder cannot be used: {problem.strerror}"
        ) from None
    return restored, skipped


def _restore_one(root: int, file: KeptFile, dry_run: bool) -> bool:
    parts = _parts(file.path)
    content = None if parts is None else file.content()
    if parts is None or content is None:
        return False
    *folders, name = parts
    try:
        with _walk(root, folders, make=not dry_run) as parent:
            if _is_same(parent, name, content, file.mode):
                return False
            if not dry_run:
                _write(parent, name, content, file.mode)
            return True
    except FileNotFoundError:
        return dry_run
    except OSError:
        # a link or a file stands where a folder should be, or a folder where the file should
        return False


def _parts(path: str) -> tuple[str, ...] | None:
    """The names in *path*; None if it leads anywhere but down."""
    pure = PurePosixPath(path)
    parts = pure.parts
    if not parts or pure.is_absolute() or ".." in parts or "\0" in path or "\\" in path:
        return None
    return parts


@contextmanager
def _opened(path: str | Path, parent: int | None) -> Iterator[int]:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    descriptor = os.open(path, flags, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _walk(root: int, folders: list[str], *, make: bool) -> Iterator[int]:
    """Down from *root*; each folder is opened as what it is, not as what a link makes of it."""
    if not folders:
        yield root
        return
    if make:
        with suppress(FileExistsError):
            os.mkdir(folders[0], dir_fd=root)
    with _opened(folders[0], root) as inner, _walk(inner, folders[1:], make=make) as last:
        yield last


def _is_same(parent: int, name: str, content: bytes, mode: int) -> bool:
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=parent)
    except FileNotFoundError:
        return False
    with open(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError("no file")
        alike = stat.S_IMODE(status.st_mode) == mode and status.st_size == len(content)
        return alike and file.read(len(content) + 1) == content


def _write(parent: int, name: str, content: bytes, mode: int) -> None:
    draft = f".{secrets.token_hex(8)}.restoring"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(draft, flags, 0o600, dir_fd=parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(draft, name, src_dir_fd=parent, dst_dir_fd=parent)
    except OSError:
        with suppress(OSError):
            os.unlink(draft, dir_fd=parent)
        raise
