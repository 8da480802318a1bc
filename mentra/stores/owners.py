"""That what is kept for somebody has an owner."""

from sqlalchemy import Connection, select

from mentra.errors import Refused
from mentra.stores import schema
from mentra.stores.names import is_name


def require_owner(connection: Connection, user_id: str) -> None:
    """Let a known user by, and have writers of theirs take turns.

    :raises Refused: ``NO_SUCH_USER``.
    """
    users = schema.users
    row = select(users.c.user_id).where(users.c.user_id == user_id).with_for_update()
    if not is_name(user_id) or connection.scalar(row) is None:
        raise Refused("NO_SUCH_USER", "there is no such user")
