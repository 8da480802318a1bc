"""Sessions of coding assistants and their transcripts: each function is one act within a
transaction."""

from typing import Any
from uuid import uuid4

import msgspec
from msgspec import UNSET
from sqlalchemy import Connection, Select, delete, func, select, update

from mentra.errors import Refused
from mentra.messages.channels.code import (
    UNKNOWN_SESSION,
    CodeAddEntry,
    CodeGetTranscript,
    CodeSearchTranscript,
    FoundEntry,
    Session,
    TranscriptEntry,
    TranscriptPage,
)
from mentra.messages.stamps import iso
from mentra.stores.channel_tables import CODE_SEARCH
from mentra.stores.channel_tables import code_entries as _entries
from mentra.stores.channel_tables import code_sessions as _sessions
from mentra.stores.experiences import storable
from mentra.stores.names import is_name
from mentra.stores.owners import require_owner
from mentra.stores.search import scope_of, snippet

LONGEST_ID = 128
"""Characters of an id that an assistant gives."""

_PARTS = ("tool_call_data", "file_edit_data", "compact_data")


class _Data(msgspec.Struct, omit_defaults=True):
    """What an entry has besides its text."""

    tool_call_data: Any = UNSET
    file_edit_data: Any = UNSET
    compact_data: Any = UNSET


# -- sessions --------------------------------------------------------------------------------


def sessions(connection: Connection, user_id: str) -> list[Session]:
    """A person's sessions, the last changed first."""
    if not is_name(user_id):
        return []
    newest = (_sessions.c.updated_at.desc(), _sessions.c.id.desc())
    theirs = select(_sessions).where(_sessions.c.user_id == user_id).order_by(*newest)
    return [_session(row) for row in connection.execute(theirs)]


def session(connection: Connection, user_id: str, session_id: str) -> Session | None:
    """A person's session, or None."""
    row = connection.execute(_theirs(user_id, session_id)).one_or_none()
    return None if row is None else _session(row)


def save_session(
    connection: Connection,
    user_id: str,
    session_id: str | None,
    project_path: str,
    status: str,
    now: float,
    most: int,
) -> Session:
    """Begin a session, or change it.

    :raises Refused: ``NO_SUCH_USER``, ``BAD_ID`` or ``TOO_MANY_SESSIONS``.
    """
    require_owner(connection, user_id)
    name = f"session_{uuid4().hex}" if session_id is None else require_id(session_id)
    values = {"project_path": storable(project_path), "status": status, "updated_at": now}
    if session(connection, user_id, name) is not None:
        connection.execute(update(_sessions).where(_sessions.c.session_id == name).values(values))
        return _required(connection, user_id, name)
    held = select(func.count()).where(_sessions.c.user_id == user_id)
    if (connection.scalar(held) or 0) >= most:
        raise Refused("TOO_MANY_SESSIONS", f"there are {most} sessions already")
    if connection.scalar(select(_sessions.c.id).where(_sessions.c.session_id == name)) is not None:
        raise Refused("BAD_ID", "this id is taken")
    row = {"session_id": name, "user_id": user_id, "created_at": now, "last_seq": 0, **values}
    connection.execute(_sessions.insert().values(row))
    return _required(connection, user_id, name)


def remove_session(connection: Connection, user_id: str, session_id: str) -> bool:
    """Forget a session and all that is in it; whether it was there."""
    if session(connection, user_id, session_id) is None:
        return False
    gone = delete(_sessions).where(_sessions.c.session_id == session_id)
    return connection.execute(gone).rowcount > 0


# -- transcripts -----------------------------------------------------------------------------


def add_entry(
    connection: Connection,
    user_id: str,
    new: CodeAddEntry,
    entry_id: str | None,
    now: float,
    most: int,
) -> TranscriptEntry:
    """Put an entry at the end, or write the one of that id anew.

    :raises Refused: ``NOT_FOUND``, ``BAD_ID`` or ``TRANSCRIPT_FULL``.
    """
    name = f"entry_{uuid4().hex}" if entry_id is None else require_id(entry_id)
    lock_session(connection, user_id, new.session_id, now)
    known = select(_entries).where(
        _entries.c.session_id == new.session_id, _entries.c.entry_id == name
    )
    before = connection.execute(known).one_or_none()
    values = _values(new, user_id)
    if before is None:
        seq = _next_seq(connection, new.session_id, most)
        row = {"entry_id": name, "seq": seq, "created_at": now, "is_compacted": False, **values}
    else:
        # a row is put in anew, for the index of words follows what comes and goes
        connection.execute(delete(_entries).where(_entries.c.id == before.id))
        row = {**before._mapping, **values}
    connection.execute(_entries.insert().values(row))
    if new.type == "compact_marker":
        earlier = (_entries.c.session_id == new.session_id) & (_entries.c.seq < row["seq"])
        connection.execute(update(_entries).where(earlier).values(is_compacted=True))
    return _entry(connection.execute(known).one())


def transcript(connection: Connection, user_id: str, query: CodeGetTranscript) -> TranscriptPage:
    """A page of a transcript."""
    if session(connection, user_id, query.session_id) is None:
        return TranscriptPage(entries=[], has_more=False)
    wanted = select(_entries).where(
        _entries.c.session_id == query.session_id, _entries.c.seq > query.since_seq
    )
    if query.types is not None:
        wanted = wanted.where(_entries.c.type.in_(query.types))
    if not query.include_compacted:
        wanted = wanted.where(~_entries.c.is_compacted)
    rows = connection.execute(wanted.order_by(_entries.c.seq).limit(query.limit + 1)).all()
    entries = [_entry(row) for row in rows[: query.limit]]
    if len(rows) <= query.limit:
        return TranscriptPage(entries=entries, has_more=False)
    return TranscriptPage(entries=entries, has_more=True, next_seq=entries[-1].seq)


def find(connection: Connection, user_id: str, query: CodeSearchTranscript) -> list[FoundEntry]:
    """Entries of a session that have every word, the best first."""
    if session(connection, user_id, query.session_id) is None:
        return []
    scopes = {"owner": scope_of(user_id), "scope": scope_of(query.session_id)}
    found = CODE_SEARCH.find(connection, query.query, scopes, query.limit)
    wanted = select(_entries).where(
        _entries.c.id.in_([one.id for one in found]), _entries.c.session_id == query.session_id
    )
    rows = {row.id: row for row in connection.execute(wanted)} if found else {}
    return [
        FoundEntry(
            entry=_entry(rows[one.id]),
            snippet=snippet(rows[one.id].text, query.query),
            rank=one.rank,
        )
        for one in found
        if one.id in rows
    ]


# -- what both need --------------------------------------------------------------------------


def require_id(name: str) -> str:
    """An id that can be one.

    :raises Refused: ``BAD_ID``.
    """
    if not is_name(name) or len(name) > LONGEST_ID:
        raise Refused("BAD_ID", f"an id has 1 to {LONGEST_ID} characters")
    return name


def lock_session(connection: Connection, user_id: str, session_id: str, now: float) -> None:
    """Have writers of a session take turns; it has changed *now*.

    :raises Refused: ``NOT_FOUND``.
    """
    mine = (_sessions.c.session_id == session_id) & (_sessions.c.user_id == user_id)
    touched = update(_sessions).where(mine).values(updated_at=now)
    known = is_name(user_id) and is_name(session_id)
    if not known or not connection.execute(touched).rowcount:
        raise Refused("NOT_FOUND", UNKNOWN_SESSION)


def _next_seq(connection: Connection, session_id: str, most: int) -> int:
    this_one = _sessions.c.session_id == session_id
    seq = int(connection.scalar(select(_sessions.c.last_seq).where(this_one)) or 0) + 1
    if seq > most:
        raise Refused("TRANSCRIPT_FULL", f"the transcript has {most} entries already")
    connection.execute(update(_sessions).where(this_one).values(last_seq=seq))
    return seq


def _theirs(user_id: str, session_id: str) -> Select[Any]:
    # what can be no name is nobody's
    known = is_name(user_id) and is_name(session_id)
    wanted = select(_sessions).where(_sessions.c.user_id == (user_id if known else ""))
    return wanted.where(_sessions.c.session_id == (session_id if known else ""))


def _required(connection: Connection, user_id: str, session_id: str) -> Session:
    found = session(connection, user_id, session_id)
    if found is None:
        raise Refused("NOT_FOUND", UNKNOWN_SESSION)
    return found


def _session(row: Any) -> Session:
    return Session(
        id=row.session_id,
        project_path=row.project_path,
        status=row.status,
        created_at=iso(row.created_at),
        updated_at=iso(row.updated_at),
    )


def _values(new: CodeAddEntry, user_id: str) -> dict[str, Any]:
    data = _Data(**{name: getattr(new, name) for name in _PARTS})
    return {
        "session_id": new.session_id,
        "owner": scope_of(user_id),
        "scope": scope_of(new.session_id),
        "type": new.type,
        "text": storable(new.content),
        "data": msgspec.json.encode(data).decode(),
        "restore_point_id": None if new.restore_point_id is UNSET else new.restore_point_id,
    }


def _entry(row: Any) -> TranscriptEntry:
    return msgspec.convert(
        {
            "id": row.entry_id,
            "sessionId": row.session_id,
            "type": row.type,
            "content": row.text,
            "timestamp": iso(row.created_at),
            "seq": row.seq,
            "isCompacted": row.is_compacted,
            **({} if row.restore_point_id is None else {"restorePointId": row.restore_point_id}),
            **_spelt(row.data),
        },
        TranscriptEntry,
    )


def _spelt(data: str) -> dict[str, Any]:
    kept: dict[str, Any] = msgspec.json.decode(data)
    spelling = dict(zip(_PARTS, ("toolCallData", "fileEditData", "compactData"), strict=True))
    return {spelling[name]: value for name, value in kept.items()}
