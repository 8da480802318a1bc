"""What apps keep about their users, text by text: each function is one act within a transaction."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, select

from mentra.errors import Refused
from mentra.stores import schema
from mentra.stores.names import is_name
from mentra.stores.rows import put
from mentra.stores.settings import from_text, merged, to_text
from mentra.stores.users import require_both


def read(connection: Connection, user_id: str, package_name: str) -> dict[str, str]:
    """Everything an app keeps about a user; empty if there is nothing, or no such user or app."""
    if not (is_name(user_id) and is_name(package_name)):
        return {}
    kept = schema.simple_storage
    text = connection.scalar(
        select(kept.c.data).where(kept.c.user_id == user_id, kept.c.package_name == package_name)
    )
    return from_text(text or "{}")


def merge(
    connection: Connection,
    user_id: str,
    package_name: str,
    changes: Mapping[str, str | None],
    most: int,
) -> None:
    """Put *changes* (None deletes) into what the app keeps.

    :param most: characters that keys and texts may have together.
    :raises mentra.errors.NotThere: no such user or app.
    :raises Refused: ``STORAGE_FULL``; nothing was changed.
    """
    require_both(connection, user_id, package_name)
    before = read(connection, user_id, package_name)
    after = grown(before, changes, most)
    row = {"user_id": user_id, "package_name": package_name, "data": to_text(after)}
    put(connection, schema.simple_storage, row)


def clear(connection: Connection, user_id: str, package_name: str) -> None:
    """Delete everything the app keeps; that there is nothing is fine."""
    if is_name(user_id) and is_name(package_name):
        kept = schema.simple_storage
        connection.execute(
            delete(kept).where(kept.c.user_id == user_id, kept.c.package_name == package_name)
        )


def grown(
    before: Mapping[str, str], changes: Mapping[str, str | None], most: int
) -> dict[str, str]:
    """*before* with *changes*.

    :raises Refused: ``STORAGE_FULL``: it would have more than *most* characters, and more than
        before.
    """
    after = merged(before, changes)
    size = _size(after)
    if size > most and size > _size(before):
        raise Refused("STORAGE_FULL", f"all keys and values have at most {most} characters")
    return after


def _size(data: Mapping[str, str]) -> int:
    return sum(len(key) + len(value) for key, value in data.items())
