"""What people have set for their pages: each function is one act within a transaction."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, select

from mentra.stores import channel_tables as tables
from mentra.stores.names import is_name
from mentra.stores.owners import require_owner
from mentra.stores.rows import put
from mentra.stores.settings import from_text, to_text

Edit = Callable[[dict[str, Any]], dict[str, Any]]

_kept = tables.page_settings


def read(connection: Connection, user_id: str) -> dict[str, Any]:
    """What the person has set; empty without such a person."""
    if not is_name(user_id):
        return {}
    text = connection.scalar(select(_kept.c.settings).where(_kept.c.user_id == user_id))
    return from_text(text or "{}")


def change(
    connection: Connection, user_id: str, edit: Edit
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Have *edit* make new settings of the old; both.

    :raises mentra.errors.Refused: ``NO_SUCH_USER``, or what *edit* raises.
    """
    require_owner(connection, user_id)
    before = read(connection, user_id)
    text = to_text(edit(before))
    put(connection, _kept, {"user_id": user_id, "settings": text})
    return before, from_text(text)
