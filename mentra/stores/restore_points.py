"""Files that one can go back to: each function is one act within a transaction."""

from typing import Any
from uuid import uuid4

import attrs
from msgspec import UNSET
from sqlalchemy import Connection, func, select

from mentra.errors import Refused
from mentra.messages.channels.code import CodeCreateRestorePoint, RestorePoint
from mentra.messages.stamps import iso
from mentra.stores.channel_tables import code_files as _files
from mentra.stores.channel_tables import code_restore_points as _points
from mentra.stores.channel_tables import code_sessions as _sessions
from mentra.stores.code import lock_session, session
from mentra.stores.experiences import storable
from mentra.stores.names import is_name


@attrs.frozen
class Stored:
    """A file whose content is among the objects."""

    path: str
    object_hash: str
    mode: int
    size: int


def listed(connection: Connection, user_id: str, session_id: str) -> list[RestorePoint]:
    """A session's, the newest first."""
    if session(connection, user_id, session_id) is None:
        return []
    theirs = select(_points).where(_points.c.session_id == session_id)
    return [_point(row) for row in connection.execute(theirs.order_by(_points.c.id.desc()))]


def add(
    connection: Connection,
    user_id: str,
    new: CodeCreateRestorePoint,
    files: list[Stored],
    now: float,
    most: int,
) -> RestorePoint:
    """Remember files that are among the objects already.

    :param most: bytes that all restore points of a person may have together.
    :raises Refused: ``NOT_FOUND`` or ``NO_ROOM``.
    """
    lock_session(connection, user_id, new.session_id, now)
    size = sum(one.size for one in files)
    taken = (
        select(func.coalesce(func.sum(_points.c.total_size), 0))
        .join(_sessions, _sessions.c.session_id == _points.c.session_id)
        .where(_sessions.c.user_id == user_id)
    )
    if int(connection.scalar(taken) or 0) + size > most:
        raise Refused("NO_ROOM", f"restore points of one person have at most {most} bytes")
    name = f"restore_{uuid4().hex}"
    entry = new.transcript_entry_id
    row = {
        "restore_point_id": name,
        "session_id": new.session_id,
        "description": storable(new.description),
        "created_at": now,
        "entry_id": None if entry is UNSET else storable(str(entry)),
        "total_size": size,
        "file_count": len(files),
    }
    connection.execute(_points.insert().values(row))
    rows = [
        {"restore_point_id": name, "number": number, **attrs.asdict(one)}
        for number, one in enumerate(files)
    ]
    if rows:
        connection.execute(_files.insert(), rows)
    return _point(connection.execute(_named(name)).one())


def files_of(connection: Connection, user_id: str, restore_point_id: str) -> list[Stored]:
    """Its files, in their order.

    :raises Refused: ``NOT_FOUND``.
    """
    known = is_name(restore_point_id)
    row = connection.execute(_named(restore_point_id)).one_or_none() if known else None
    if row is None or session(connection, user_id, row.session_id) is None:
        raise Refused("NOT_FOUND", "there is no such restore point")
    wanted = select(_files).where(_files.c.restore_point_id == restore_point_id)
    return [
        Stored(one.path, one.object_hash, one.mode, one.size)
        for one in connection.execute(wanted.order_by(_files.c.number))
    ]


def hashes(connection: Connection) -> frozenset[str]:
    """Of every object that some restore point refers to."""
    return frozenset(connection.execute(select(_files.c.object_hash).distinct()).scalars())


def _named(name: str) -> Any:
    return select(_points).where(_points.c.restore_point_id == name)


def _point(row: Any) -> RestorePoint:
    return RestorePoint(
        id=row.restore_point_id,
        session_id=row.session_id,
        description=row.description,
        timestamp=iso(row.created_at),
        transcript_entry_id=UNSET if row.entry_id is None else row.entry_id,
        total_size=row.total_size,
        file_count=row.file_count,
    )
