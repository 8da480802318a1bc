"""Groups, entries and jobs of pictures: each function is one act within a transaction.  User ids
are canonical already; nobody reaches what is another's."""

from collections.abc import Collection
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, Table, func, select, update

from mentra.errors import Refused
from mentra.messages.channels.imagegen import ListJobs
from mentra.messages.channels.images import (
    DEFAULT_GROUP,
    DISABLED,
    TOO_MANY,
    UNKNOWN_ENTRY,
    UNKNOWN_GROUP,
    UNKNOWN_JOB,
    WRONG_STATE,
    Job,
    JobStats,
    QueueEntry,
    QueueGroup,
    Wanted,
)
from mentra.messages.stamps import iso
from mentra.stores.experiences import storable
from mentra.stores.image_tables import image_entries, image_groups, image_jobs
from mentra.stores.names import is_name
from mentra.stores.owners import require_owner

_groups, _entries, _jobs = image_groups, image_entries, image_jobs

PENDING = ("queued", "running", "paused")
"""States of jobs that are not over."""


# -- groups and entries ----------------------------------------------------------------------


def groups(connection: Connection, user_id: str, now: float) -> list[QueueGroup]:
    """A person's groups, in their order; the first is made if there is none.

    :raises Refused: ``NO_SUCH_USER``.
    """
    require_owner(connection, user_id)
    wanted = select(_groups).where(_groups.c.user_id == user_id)
    rows = connection.execute(wanted.order_by(_groups.c.sort_order, _groups.c.id)).all()
    if not rows:
        return [_add_group(connection, user_id, DEFAULT_GROUP, now, 0)]
    return [group_of(row) for row in rows]


def create_group(
    connection: Connection, user_id: str, name: str, now: float, most: int
) -> QueueGroup:
    """Make one, after the others.

    :raises Refused: ``NO_SUCH_USER`` or ``TOO_MANY``.
    """
    held = groups(connection, user_id, now)
    if len(held) >= most:
        raise Refused("TOO_MANY", f"{TOO_MANY}: at most {most} groups")
    return _add_group(connection, user_id, name, now, held[-1].sort_order + 1)


def entries(connection: Connection, user_id: str, group_id: str) -> list[QueueEntry]:
    """A group's entries, in their order."""
    if not is_name(user_id):
        return []
    theirs = (_entries.c.user_id == user_id) & (_entries.c.group_id == group_id)
    wanted = select(_entries).where(theirs).order_by(_entries.c.sort_order, _entries.c.id)
    return [entry_of(row) for row in connection.execute(wanted)]


def create_entry(
    connection: Connection, user_id: str, group_id: str, wanted: Wanted, now: float, most: int
) -> QueueEntry:
    """Put one at the end of a group.

    :param most: entries of one person.
    :raises Refused: ``NOT_FOUND`` or ``TOO_MANY``.
    """
    require_owner(connection, user_id)
    group = (_groups.c.group_id == group_id) & (_groups.c.user_id == user_id)
    if connection.scalar(select(_groups.c.id).where(group)) is None:
        raise Refused("NOT_FOUND", UNKNOWN_GROUP)
    if _count(connection, _entries, user_id) >= most:
        raise Refused("TOO_MANY", f"{TOO_MANY}: at most {most} entries")
    last = connection.scalar(
        select(func.max(_entries.c.sort_order)).where(_entries.c.group_id == group_id)
    )
    row = {
        "entry_id": f"entry_{uuid4().hex}",
        "user_id": user_id,
        "group_id": group_id,
        "wanted": msgspec.json.encode(
            msgspec.convert(wanted, Wanted, from_attributes=True)
        ).decode(),
        "enabled": True,
        "sort_order": 0 if last is None else last + 1,
        "created_at": now,
        "updated_at": now,
    }
    connection.execute(_entries.insert().values(row))
    return entry_of(_row(connection, _entries, _entries.c.entry_id, row["entry_id"]))


# -- jobs ------------------------------------------------------------------------------------


def create_job(connection: Connection, user_id: str, entry_id: str, now: float, most: int) -> Job:
    """Have an entry wait for its turn.

    :param most: jobs of one person that are not over.
    :raises Refused: ``NOT_FOUND``, ``DISABLED`` or ``TOO_MANY``.
    """
    require_owner(connection, user_id)
    wanted = _wanted(connection, user_id, entry_id)
    enabled = select(_entries.c.enabled).where(_entries.c.entry_id == entry_id)
    if not connection.scalar(enabled):
        raise Refused("DISABLED", DISABLED)
    held = select(func.count()).where(_jobs.c.user_id == user_id, _jobs.c.state.in_(PENDING))
    if (connection.scalar(held) or 0) >= most:
        raise Refused("TOO_MANY", f"{TOO_MANY}: at most {most} jobs wait or run")
    row = {
        "job_id": f"job_{uuid4().hex}",
        "user_id": user_id,
        "entry_id": entry_id,
        "state": "queued",
        "created_at": now,
        "successful_batches": 0,
        "failed_batches": 0,
        "total_images": 0,
        "expected_batches": wanted.expected_batches,
        "expected_images": wanted.expected_images,
    }
    connection.execute(_jobs.insert().values(row))
    return job(connection, user_id, str(row["job_id"]))


def job(connection: Connection, user_id: str, job_id: str) -> Job:
    """A person's job.

    :raises Refused: ``NOT_FOUND``.
    """
    return _job(_job_row(connection, user_id, job_id))


def jobs(connection: Connection, user_id: str, asked: ListJobs) -> list[Job]:
    """A person's jobs, the newest first."""
    if not is_name(user_id):
        return []
    wanted = select(_jobs).where(_jobs.c.user_id == user_id)
    if asked.entry_id is not None:
        wanted = wanted.where(_jobs.c.entry_id == asked.entry_id)
    if asked.states is not None:
        wanted = wanted.where(_jobs.c.state.in_(asked.states))
    rows = connection.execute(wanted.order_by(_jobs.c.id.desc()).limit(asked.limit))
    return [_job(row) for row in rows]


def requeue(connection: Connection) -> list[tuple[str, str]]:
    """Have what was running wait for its turn; whose waits and which, the oldest first."""
    connection.execute(update(_jobs).where(_jobs.c.state == "running").values(state="queued"))
    wanted = select(_jobs.c.user_id, _jobs.c.job_id).where(_jobs.c.state == "queued")
    rows = connection.execute(wanted.order_by(_jobs.c.id))
    return [(row.user_id, row.job_id) for row in rows]


def begin(
    connection: Connection, user_id: str, job_id: str, now: float
) -> tuple[Job, Wanted] | None:
    """Its turn has come; None if it does not wait any more."""
    started = func.coalesce(_jobs.c.started_at, now)
    waiting = (
        (_jobs.c.job_id == job_id) & (_jobs.c.user_id == user_id) & (_jobs.c.state == "queued")
    )
    begun = update(_jobs).where(waiting).values(state="running", started_at=started)
    if not connection.execute(begun).rowcount:
        return None
    row = _job_row(connection, user_id, job_id)
    return _job(row), _wanted(connection, user_id, row.entry_id)


def move(
    connection: Connection,
    user_id: str,
    job_id: str,
    state: str,
    allowed: Collection[str],
    now: float,
) -> Job:
    """Put a job into *state*, if it is in one of *allowed*.

    :raises Refused: ``NOT_FOUND`` or ``WRONG_STATE``.
    """
    over = state not in PENDING
    values: dict[str, Any] = {"state": state, "finished_at": now if over else None}
    if state == "queued":
        # what failed before is tried anew
        values |= {"failed_batches": 0, "last_error": None}
    fits = (_jobs.c.job_id == job_id) & (_jobs.c.user_id == user_id) & _jobs.c.state.in_(allowed)
    if not connection.execute(update(_jobs).where(fits).values(values)).rowcount:
        held = job(connection, user_id, job_id)
        raise Refused("WRONG_STATE", f"{WRONG_STATE}: it is {held.state}")
    return job(connection, user_id, job_id)


def count_batch(connection: Connection, job_id: str, images: int, error: str | None) -> None:
    """A batch of a job is over."""
    done = error is None
    values: dict[str, Any] = {
        "successful_batches": _jobs.c.successful_batches + int(done),
        "failed_batches": _jobs.c.failed_batches + int(not done),
        "total_images": _jobs.c.total_images + images,
    }
    if error is not None:
        values["last_error"] = storable(error)
    connection.execute(update(_jobs).where(_jobs.c.job_id == job_id).values(values))


def batch_failed(connection: Connection, user_id: str, job_id: str, error: str) -> Job:
    """A batch of a person's job has brought nothing.

    :raises Refused: ``NOT_FOUND``.
    """
    job(connection, user_id, job_id)
    count_batch(connection, job_id, 0, error)
    return job(connection, user_id, job_id)


# -- rows ------------------------------------------------------------------------------------


def _add_group(
    connection: Connection, user_id: str, name: str, now: float, place: int
) -> QueueGroup:
    row = {
        "group_id": f"group_{uuid4().hex}",
        "user_id": user_id,
        "name": storable(name),
        "collapsed": False,
        "sort_order": place,
        "created_at": now,
        "updated_at": now,
    }
    connection.execute(_groups.insert().values(row))
    return group_of(_row(connection, _groups, _groups.c.group_id, row["group_id"]))


def _row(connection: Connection, table: Table, column: Any, value: Any) -> Any:
    return connection.execute(select(table).where(column == value)).one()


def _count(connection: Connection, table: Table, user_id: str) -> int:
    return connection.scalar(select(func.count()).where(table.c.user_id == user_id)) or 0


def _wanted(connection: Connection, user_id: str, entry_id: str) -> Wanted:
    theirs = (_entries.c.entry_id == entry_id) & (_entries.c.user_id == user_id)
    text = connection.scalar(select(_entries.c.wanted).where(theirs))
    if text is None:
        raise Refused("NOT_FOUND", UNKNOWN_ENTRY)
    return msgspec.json.decode(text, type=Wanted)


def _job_row(connection: Connection, user_id: str, job_id: str) -> Any:
    theirs = (_jobs.c.job_id == job_id) & (_jobs.c.user_id == user_id)
    row = connection.execute(select(_jobs).where(theirs)).one_or_none()
    if row is None:
        raise Refused("NOT_FOUND", UNKNOWN_JOB)
    return row


def group_of(row: Any) -> QueueGroup:
    """The group of a row."""
    return QueueGroup(
        id=row.group_id, name=row.name, collapsed=row.collapsed, sort_order=row.sort_order,
        created_at=iso(row.created_at), updated_at=iso(row.updated_at),
    )  # fmt: skip


def entry_of(row: Any) -> QueueEntry:
    """The entry of a row."""
    wanted = msgspec.json.decode(row.wanted, type=Wanted)
    return QueueEntry(
        **msgspec.structs.asdict(wanted),
        id=row.entry_id,
        group_id=row.group_id,
        enabled=row.enabled,
        sort_order=row.sort_order,
        created_at=iso(row.created_at),
        updated_at=iso(row.updated_at),
    )


def _job(row: Any) -> Job:
    stats = JobStats(
        total_batches=row.successful_batches + row.failed_batches,
        successful_batches=row.successful_batches,
        failed_batches=row.failed_batches,
        total_images=row.total_images,
        expected_batches=row.expected_batches,
        expected_images=row.expected_images,
    )
    return Job(
        id=row.job_id, queue_entry_id=row.entry_id, state=row.state,
        created_at=iso(row.created_at), started_at=_moment(row.started_at),
        finished_at=_moment(row.finished_at), stats=stats, last_error=row.last_error,
    )  # fmt: skip


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else iso(seconds)
