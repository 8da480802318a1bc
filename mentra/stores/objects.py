"""Files by what is in them: each content is kept once, under its SHA-256."""

import hashlib
import os
import secrets
from collections.abc import Collection
from pathlib import Path

FOLDER = "objects"

YOUNG = 3600.0
"""Seconds in which an object may be waiting for whoever will refer to it."""


class Objects:
    """A folder of contents.  Waits for the disk: to be used in threads.

    :param folder: made when needed, for its owner alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Keep *content*; its hash.  It is on the disk when this returns."""
        name = hashlib.sha256(content).hexdigest()
        path = self._path(name)
        if not path.exists():
            self._write(path, content)
        else:
            # whoever clears up shall not take it for forgotten
            os.utime(path)
        return name

    def get(self, name: str) -> bytes | None:
        """The content of that hash; None if it is not here, or is damaged."""
        try:
            content = self._path(name).read_bytes()
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == name else None

    def sweep(self, wanted: Collection[str], now: float) -> int:
        """Delete what nobody wants and was there for a while; how many.

        :param now: wall time, POSIX seconds.
        """
        gone = 0
        for path in self._folder.glob("??/*"):
            try:
                if path.name not in wanted and path.stat().st_mtime < now - YOUNG:
                    path.unlink()
                    gone += 1
            except FileNotFoundError:
                continue
        return gone

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name

    def _write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        sync(path.parent)


def sync(folder: Path) -> None:
    """See that what was made in *folder* outlives a crash."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
