"""The file that tells programs of the same user where the bridge is, and what opens it."""

import os
import secrets
import socket
from pathlib import Path

import msgspec

from mentra.errors import ConfigError

FILE_NAME = "opencode.json"
"""In the state directory."""


class Handout(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says.

    :ivar port: on 127.0.0.1.
    """

    port: int
    token: str

    def __repr__(self) -> str:
        return f"Handout(port={self.port})"


def new_token() -> str:
    """A token that nobody can guess: 256 random bits."""
    return secrets.token_urlsafe(32)


def write(folder: Path, handout: Handout) -> None:
    """Put it into *folder*, whole or not at all, for its owner alone.

    :raises ConfigError: it cannot be written.
    """
    path = folder / FILE_NAME
    draft = path.with_name(f".{FILE_NAME}.{secrets.token_hex(8)}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.encode(handout) + b"\n")
        draft.replace(path)
    except OSError as problem:
        draft.unlink(missing_ok=True)
        raise ConfigError(f"{path}: {problem.strerror}; choose another --state-dir") from problem


def read(folder: Path) -> Handout | None:
    """What is in *folder*; None if no bridge runs with it.

    :raises ConfigError: it may not be read, or somebody else wrote it.
    """
    path = folder / FILE_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=Handout)
    except FileNotFoundError:
        return None
    except PermissionError as problem:
        raise ConfigError(
            f"{path} may not be read; run this as the user the server runs as"
        ) from problem
    except (OSError, ValueError) as problem:
        raise ConfigError(f"{path} is not what the server writes; start it again") from problem


def refuse_rivals(folder: Path) -> None:
    """See that no bridge runs with *folder*: its clients would not find it any more.

    :raises ConfigError: one does.
    """
    found = read(folder)
    if found is None:
        return
    try:
        socket.create_connection(("127.0.0.1", found.port), 1.0).close()
    except OSError:
        return  # it ended without a chance to take the file away
    raise ConfigError(
        f"another bridge runs with {folder}, on port {found.port}; stop it or choose another "
        "--state-dir"
    )


def remove(folder: Path, handout: Handout) -> None:
    """Take it away, unless another bridge has put its own there."""
    try:
        found = read(folder)
    except ConfigError:
        return
    if found == handout:
        (folder / FILE_NAME).unlink(missing_ok=True)
