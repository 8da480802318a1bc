"""Tokens of other services: each function is one act within a transaction.  They are encrypted and
decrypted here, in the store's thread, with the key file as it is at that moment."""

from collections.abc import Callable
from typing import Any

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Connection, delete, func, select, update

from mentra.errors import Refused, StoreError
from mentra.stores import channel_tables as tables
from mentra.stores.names import is_name
from mentra.stores.owners import require_owner
from mentra.stores.rows import put as put_row

KeyText = Callable[[], str]
"""Reads the key file: Fernet keys, one a line, the newest first."""

_kept = tables.credentials


def ring_of(text: str) -> MultiFernet:
    """What encrypts with the first key, and decrypts with any.

    :raises StoreError: it is no list of keys.
    """
    try:
        return MultiFernet([Fernet(line) for line in text.split()])
    except ValueError:
        raise StoreError(
            "the key file of the credentials is damaged: put it back from a backup"
        ) from None


def keys(connection: Connection, user_id: str) -> list[str]:
    """A person's keys, sorted."""
    if not is_name(user_id):
        return []
    found = connection.execute(select(_kept.c.name).where(_kept.c.user_id == user_id))
    return sorted(found.scalars())


def metadata(connection: Connection, user_id: str, key: str) -> tuple[bool, dict[str, Any] | None]:
    """Whether it is there, and what was said about it."""
    row = _row(connection, user_id, key)
    if row is None:
        return False, None
    return True, None if row.metadata is None else msgspec.json.decode(row.metadata)


def put(
    connection: Connection,
    user_id: str,
    key: str,
    token: str,
    about: dict[str, Any] | None,
    most: int,
    key_text: KeyText,
    now: float,
) -> None:
    """Keep a token.

    :raises Refused: ``NO_SUCH_USER``, ``BAD_KEY`` or ``TOO_MANY_CREDENTIALS``.
    """
    if not is_name(key):
        raise Refused("BAD_KEY", "a key has 1 to 512 bytes without NUL")
    require_owner(connection, user_id)
    others = select(func.count()).where(_kept.c.user_id == user_id, _kept.c.name != key)
    if (connection.scalar(others) or 0) >= most:
        raise Refused("TOO_MANY_CREDENTIALS", f"there are {most} already: delete some")
    row = {
        "user_id": user_id,
        "name": key,
        "sealed": ring_of(key_text()).encrypt(token.encode()).decode(),
        "metadata": None if about is None else msgspec.json.encode(about).decode(),
        "changed_at": now,
    }
    put_row(connection, _kept, row)


def remove(connection: Connection, user_id: str, key: str) -> bool:
    """Forget one; whether it was there."""
    if not (is_name(user_id) and is_name(key)):
        return False
    gone = delete(_kept).where(_kept.c.user_id == user_id, _kept.c.name == key)
    return connection.execute(gone).rowcount > 0


def token(connection: Connection, user_id: str, key: str, key_text: KeyText) -> str | None:
    """The token, or None.

    :raises Refused: ``CREDENTIAL_UNREADABLE``.
    """
    row = _row(connection, user_id, key)
    if row is None:
        return None
    try:
        return ring_of(key_text()).decrypt(row.sealed).decode()
    except InvalidToken:
        raise Refused(
            "CREDENTIAL_UNREADABLE", "the key of this credential is gone: enter it anew"
        ) from None


def reseal(connection: Connection, ring: MultiFernet) -> tuple[int, int]:
    """Encrypt everything with the newest key; how many, and how many could not be read."""
    done = lost = 0
    # locked, so that nobody changes one meanwhile
    rows = connection.execute(select(_kept).with_for_update()).all()
    for row in rows:
        try:
            sealed = ring.rotate(row.sealed.encode()).decode()
        except InvalidToken:
            lost += 1
            continue
        this_one = (_kept.c.user_id == row.user_id) & (_kept.c.name == row.name)
        connection.execute(update(_kept).where(this_one).values(sealed=sealed))
        done += 1
    return done, lost


def _row(connection: Connection, user_id: str, key: str) -> Any:
    if not (is_name(user_id) and is_name(key)):
        return None
    wanted = select(_kept).where(_kept.c.user_id == user_id, _kept.c.name == key)
    return connection.execute(wanted).one_or_none()
