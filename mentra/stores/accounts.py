"""Passwords and pairing codes: each function is one act within a transaction.  User ids are
canonical already."""

import hashlib

from sqlalchemy import Connection, delete, select

from mentra.errors import NotThere
from mentra.stores import schema
from mentra.stores.names import is_name
from mentra.stores.rows import put


def set_password(connection: Connection, user_id: str, password_hash: str, now: float) -> None:
    """Keep the hash of a person's (new) password.

    :param now: POSIX seconds.
    :raises NotThere: no such user.
    """
    _require_user(connection, user_id)
    row = {"user_id": user_id, "password_hash": password_hash, "changed_at": now}
    put(connection, schema.passwords, row)


def password_hash(connection: Connection, user_id: str) -> str | None:
    """The hash; None without such a user, or without a password of theirs."""
    kept = schema.passwords
    found = select(kept.c.password_hash).where(kept.c.user_id == user_id)
    known: str | None = connection.scalar(found) if is_name(user_id) else None
    return known


def add_code(connection: Connection, user_id: str, code: str, expires_at: float) -> None:
    """Keep a pairing code; the one before is worth nothing from then on.

    :param expires_at: POSIX seconds.
    :raises NotThere: no such user.
    """
    _require_user(connection, user_id)
    row = {"user_id": user_id, "code_hash": code_hash(user_id, code), "expires_at": expires_at}
    put(connection, schema.pairing_codes, row)


def redeem(connection: Connection, user_id: str, code: str, now: float) -> bool:
    """Use a code up; whether it was this user's and still good.

    :param now: POSIX seconds.
    """
    if not is_name(user_id):
        return False
    codes = schema.pairing_codes
    # one statement: of two who come at once, one deletes the row
    used = delete(codes).where(
        codes.c.user_id == user_id,
        codes.c.code_hash == code_hash(user_id, code),
        codes.c.expires_at > now,
    )
    return connection.execute(used).rowcount > 0


def code_hash(user_id: str, code: str) -> str:
    """What is stored of a code.  So few digits can be tried out by whoever reads the database, in
    the minutes that the code is good; it keeps them out of logs and copies."""
    return hashlib.sha256(f"{code} {user_id}".encode()).hexdigest()


def _require_user(connection: Connection, user_id: str) -> None:
    users = schema.users
    # the lock keeps the user from being removed while the transaction lasts
    row = select(users.c.user_id).where(users.c.user_id == user_id).with_for_update(read=True)
    if not is_name(user_id) or connection.scalar(row) is None:
        raise NotThere("there is no such user")
