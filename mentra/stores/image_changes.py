"""Groups and entries of pictures, changed and deleted: each function is one act within a
transaction.  User ids are canonical already; nobody reaches what is another's."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET
from sqlalchemy import ColumnElement, Connection, Table, delete, exists, select, update

from mentra.errors import Refused
from mentra.messages.channels.imagegen_changes import (
    HAS_IMAGES,
    IS_PENDING,
    UpdateEntry,
    UpdateGroup,
)
from mentra.messages.channels.images import (
    NOT_EMPTY,
    UNKNOWN_ENTRY,
    UNKNOWN_GROUP,
    QueueEntry,
    QueueGroup,
    Wanted,
)
from mentra.stores.experiences import storable
from mentra.stores.image_queue import PENDING, entry_of, group_of
from mentra.stores.image_tables import image_entries, image_groups, image_jobs, images
from mentra.stores.names import is_name

_groups, _entries, _jobs, _images = image_groups, image_entries, image_jobs, images

Edit = Callable[[Wanted], Wanted]


def change_group(
    connection: Connection, user_id: str, wanted: UpdateGroup, now: float
) -> QueueGroup:
    """Change what is not ``UNSET``.

    :raises Refused: ``NOT_FOUND``.
    """
    theirs = _mine(_groups, _groups.c.group_id, user_id, wanted.id)
    _required(connection, _groups, theirs, UNKNOWN_GROUP)
    values = _given(wanted, "collapsed", "sort_order")
    if isinstance(wanted.name, str):
        values["name"] = storable(wanted.name)
    connection.execute(update(_groups).where(theirs).values(updated_at=now, **values))
    return group_of(_required(connection, _groups, theirs, UNKNOWN_GROUP))


def remove_group(connection: Connection, user_id: str, group_id: str) -> bool:
    """Delete one that is empty; whether it was there.

    :raises Refused: ``NOT_EMPTY``.
    """
    theirs = _mine(_groups, _groups.c.group_id, user_id, group_id)
    if not _is_any(connection, _groups, theirs):
        return False
    if _is_any(connection, _entries, _entries.c.group_id == group_id):
        raise Refused("NOT_EMPTY", NOT_EMPTY)
    connection.execute(delete(_groups).where(theirs))
    return True


def change_entry(
    connection: Connection, user_id: str, wanted: UpdateEntry, edit: Edit, now: float
) -> QueueEntry:
    """Change what is not ``UNSET``.

    :param edit: makes what is wanted then out of what was; what it raises changes nothing.
    :raises Refused: ``NOT_FOUND``.
    """
    theirs = _mine(_entries, _entries.c.entry_id, user_id, wanted.id)
    row = _required(connection, _entries, theirs, UNKNOWN_ENTRY)
    values = _given(wanted, "enabled", "sort_order", "group_id")
    if isinstance(wanted.group_id, str):
        group = _mine(_groups, _groups.c.group_id, user_id, wanted.group_id)
        _required(connection, _groups, group, UNKNOWN_GROUP)
    made = edit(msgspec.json.decode(row.wanted, type=Wanted))
    values["wanted"] = msgspec.json.encode(made).decode()
    connection.execute(update(_entries).where(theirs).values(updated_at=now, **values))
    waiting = (_jobs.c.entry_id == wanted.id) & _jobs.c.state.in_(("queued", "paused"))
    expected = {
        "expected_batches": made.expected_batches,
        "expected_images": made.expected_images,
    }
    connection.execute(update(_jobs).where(waiting).values(expected))
    return entry_of(_required(connection, _entries, theirs, UNKNOWN_ENTRY))


def remove_entry(connection: Connection, user_id: str, entry_id: str) -> bool:
    """Delete one with its jobs; whether it was there.

    :raises Refused: ``WRONG_STATE`` or ``HAS_IMAGES``.
    """
    theirs = _mine(_entries, _entries.c.entry_id, user_id, entry_id)
    if not _is_any(connection, _entries, theirs):
        return False
    its_jobs = _jobs.c.entry_id == entry_id
    if _is_any(connection, _jobs, its_jobs & _jobs.c.state.in_(PENDING)):
        raise Refused("WRONG_STATE", IS_PENDING)
    ids = select(_jobs.c.job_id).where(its_jobs)
    if _is_any(connection, _images, _images.c.job_id.in_(ids)):
        raise Refused("HAS_IMAGES", HAS_IMAGES)
    connection.execute(delete(_entries).where(theirs))
    return True


def _mine(table: Table, column: Any, user_id: str, name: str) -> ColumnElement[bool]:
    # what can be no name is nobody's
    known = is_name(user_id) and is_name(name)
    mine: ColumnElement[bool] = (table.c.user_id == (user_id if known else "")) & (
        column == (name if known else "")
    )
    return mine


def _required(connection: Connection, table: Table, theirs: Any, unknown: str) -> Any:
    row = connection.execute(select(table).where(theirs).with_for_update()).one_or_none()
    if row is None:
        raise Refused("NOT_FOUND", unknown)
    return row


def _is_any(connection: Connection, table: Table, condition: Any) -> bool:
    return bool(connection.scalar(select(exists(select(table).where(condition)))))


def _given(wanted: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in names if getattr(wanted, name) is not UNSET}
