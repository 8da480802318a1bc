"""Which credentials an OpenCode server keeps: it has no call that tells, so its file is read."""

import os
from collections.abc import Awaitable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from mentra.errors import Refused
from mentra.interfaces.services import IThreads
from mentra.messages.opencode import ApiKeyAuth, AuthInfo, OAuthAuth

LONGEST = 16_777_216
"""Bytes that are read."""


class _Api(msgspec.Struct, frozen=True, tag="api"):
    key: str


class _OAuth(msgspec.Struct, frozen=True, tag="oauth"):
    access: str
    refresh: str
    expires: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class _WellKnown(msgspec.Struct, frozen=True, tag="wellknown"):
    key: str = ""
    token: str = ""


_Kind = _Api | _OAuth | _WellKnown


class CredentialsFile:
    """The server's ``auth.json``, read anew each time, in a thread."""

    def __init__(self, path: Path, threads: IThreads) -> None:
        self._path = path
        self._threads = threads

    def find(self, provider_id: str) -> Awaitable[AuthInfo]:
        """The credential of *provider_id*.

        :raises Refused: ``NOT_FOUND``, ``NOT_IMPLEMENTED`` (a kind that has no form here) or
            ``PARSE_ERROR``.
        """
        found: Awaitable[AuthInfo] = self._threads.run(partial(_find, self._path, provider_id))
        return found


def default_path(environ: Mapping[str, str]) -> Path:
    """Where a server of the same user keeps it."""
    data = environ.get("XDG_DATA_HOME", "")
    # a relative one counts for nothing.  Source: XDG Base Directory Specification
    folder = Path(data) if os.path.isabs(data) else Path.home() / ".local" / "share"
    return folder / "opencode" / "auth.json"


def _find(path: Path, provider_id: str) -> AuthInfo:
    try:
        with path.open("rb") as file:
            text = file.read(LONGEST)
    except FileNotFoundError as problem:
        raise _nothing(provider_id) from problem
    except OSError as problem:
        raise _unreadable(path, problem.strerror or "it cannot be read") from problem
    try:
        entries = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (ValueError, RecursionError) as problem:
        raise _unreadable(path, "it is no JSON object") from problem
    entry = entries.get(provider_id)
    if entry is None:
        raise _nothing(provider_id)
    return _credential(path, provider_id, bytes(entry))


def _credential(path: Path, provider_id: str, entry: bytes) -> AuthInfo:
    try:
        found = msgspec.json.decode(entry, type=_Kind)
    except (ValueError, RecursionError) as problem:
        if _strange(entry):
            raise _no_form(provider_id) from problem
        raise _unreadable(path, "an entry of it is no credential") from problem
    if isinstance(found, _Api):
        return AuthInfo(api_key=ApiKeyAuth(key=found.key))
    if isinstance(found, _OAuth):
        return AuthInfo(
            oauth=OAuthAuth(
                access_token=found.access, refresh_token=found.refresh, expires_at=found.expires
            )
        )
    raise _no_form(provider_id)


class _Type(msgspec.Struct, frozen=True):
    type: str


def _strange(entry: bytes) -> bool:
    """Whether it is of a kind that is not known."""
    try:
        kind = msgspec.json.decode(entry, type=_Type).type
    except (ValueError, RecursionError):
        return False
    return kind not in ("api", "oauth", "wellknown")


def _nothing(provider_id: str) -> Refused:
    return Refused("NOT_FOUND", f"no credential of {provider_id[:100]!r} is kept", where="provider")


def _no_form(provider_id: str) -> Refused:
    sentence = f"the credential of {provider_id[:100]!r} is of a kind that cannot be sent"
    return Refused("NOT_IMPLEMENTED", sentence, where="provider")


def _unreadable(path: Path, why: str) -> Refused:
    return Refused("PARSE_ERROR", f"{path} cannot be used: {why}", where="provider")
