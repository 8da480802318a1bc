"""Artifacts: each function is one act within a transaction."""

from typing import Any

import msgspec
from msgspec import UNSET
from sqlalchemy import Connection, delete, func, select, update

from mentra.errors import Refused
from mentra.messages.channels.artifact import UNKNOWN_ARTIFACT, Artifact, Manifest
from mentra.messages.stamps import iso
from mentra.stores.artifact_sources import Source
from mentra.stores.channel_tables import artifact_files as _files
from mentra.stores.channel_tables import artifacts as _artifacts
from mentra.stores.names import is_name
from mentra.stores.owners import require_owner
from mentra.stores.rows import put

_decode = msgspec.json.Decoder(Manifest).decode


def listed(connection: Connection, user_id: str) -> list[Artifact]:
    """A person's, by name."""
    if not is_name(user_id):
        return []
    rows = connection.execute(select(_artifacts).where(_artifacts.c.user_id == user_id)).all()
    names: dict[str, list[str]] = {}
    wanted = select(_files.c.artifact_id, _files.c.name).where(_files.c.user_id == user_id)
    for file in connection.execute(wanted):
        names.setdefault(file.artifact_id, []).append(file.name)
    found = [_artifact(row, names.get(row.artifact_id, [])) for row in rows]
    return sorted(found, key=lambda one: (one.name.casefold(), one.id))


def get(connection: Connection, user_id: str, artifact_id: str) -> Artifact | None:
    """It, or None."""
    if not (is_name(user_id) and is_name(artifact_id)):
        return None
    mine = (_artifacts.c.user_id == user_id) & (_artifacts.c.artifact_id == artifact_id)
    row = connection.execute(select(_artifacts).where(mine)).one_or_none()
    if row is None:
        return None
    theirs = (_files.c.user_id == user_id) & (_files.c.artifact_id == artifact_id)
    names = connection.execute(select(_files.c.name).where(theirs)).scalars()
    return _artifact(row, list(names))


def save(
    connection: Connection, user_id: str, source: Source, now: float, most: int
) -> tuple[Artifact, bool]:
    """Install it, or replace the one of its id, which stays enabled or not; it, and whether it is
    new.

    :param most: how many a person may have.
    :raises Refused: ``NO_SUCH_USER`` or ``TOO_MANY_ARTIFACTS``.
    """
    require_owner(connection, user_id)
    manifest = source.manifest
    before = get(connection, user_id, manifest.id)
    held = select(func.count()).select_from(_artifacts).where(_artifacts.c.user_id == user_id)
    if before is None and (connection.scalar(held) or 0) >= most:
        raise Refused("TOO_MANY_ARTIFACTS", f"there are {most} artifacts already: remove some")
    key = {"user_id": user_id, "artifact_id": manifest.id}
    row = {**key, "manifest": msgspec.json.encode(manifest).decode(), "updated_at": now}
    mine = (_artifacts.c.user_id == user_id) & (_artifacts.c.artifact_id == manifest.id)
    if before is None:
        put(connection, _artifacts, {**row, "enabled": True, "created_at": now})
    else:
        connection.execute(update(_artifacts).where(mine).values(row))
    theirs = (_files.c.user_id == user_id) & (_files.c.artifact_id == manifest.id)
    connection.execute(delete(_files).where(theirs))
    rows = [{**key, "name": name, "content": content} for name, content in source.files.items()]
    connection.execute(_files.insert(), rows)
    kept = get(connection, user_id, manifest.id)
    assert kept is not None
    return kept, before is None


def enable(connection: Connection, user_id: str, artifact_id: str, enabled: bool) -> Artifact:
    """Let it work, or not.

    :raises Refused: ``NOT_FOUND``.
    """
    if get(connection, user_id, artifact_id) is None:
        raise Refused("NOT_FOUND", UNKNOWN_ARTIFACT)
    mine = (_artifacts.c.user_id == user_id) & (_artifacts.c.artifact_id == artifact_id)
    connection.execute(update(_artifacts).where(mine).values(enabled=enabled))
    kept = get(connection, user_id, artifact_id)
    assert kept is not None
    return kept


def remove(connection: Connection, user_id: str, artifact_id: str) -> bool:
    """Delete it with its files; whether it was there."""
    if not (is_name(user_id) and is_name(artifact_id)):
        return False
    for table in (_files, _artifacts):
        mine = (table.c.user_id == user_id) & (table.c.artifact_id == artifact_id)
        gone = connection.execute(delete(table).where(mine)).rowcount > 0
    return gone


def contents(connection: Connection, user_id: str, artifact_id: str) -> dict[str, bytes]:
    """Its files, by name; empty where there is none of that id."""
    if not (is_name(user_id) and is_name(artifact_id)):
        return {}
    theirs = (_files.c.user_id == user_id) & (_files.c.artifact_id == artifact_id)
    rows = connection.execute(select(_files.c.name, _files.c.content).where(theirs))
    return {row.name: bytes(row.content) for row in rows}


def _artifact(row: Any, names: list[str]) -> Artifact:
    manifest = _decode(row.manifest)
    fields = msgspec.structs.asdict(manifest)
    return Artifact(
        **{name: value for name, value in fields.items() if value is not UNSET},
        status="installed" if row.enabled else "disabled",
        enabled=row.enabled,
        created_at=iso(row.created_at),
        updated_at=iso(row.updated_at),
        files=sorted(names),
    )
