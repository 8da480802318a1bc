"""People, their installs, settings and running apps: each function is one act within a
transaction.  User ids are canonical already."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, delete, select, update

from mentra.errors import NotThere
from mentra.records import Install, User
from mentra.stores import experiences, schema
from mentra.stores.apps import require_app
from mentra.stores.names import is_name, require_name
from mentra.stores.rows import add, put
from mentra.stores.settings import from_text, merged, to_text


def load(connection: Connection, user_id: str) -> User | None:
    """The user with all that is theirs, or None."""
    if not is_name(user_id):
        return None
    users = schema.users
    row = connection.execute(select(users).where(users.c.user_id == user_id)).one_or_none()
    if row is None:
        return None
    return User(
        user_id=row.user_id,
        created_at=row.created_at,
        installs=_installs(connection, user_id),
        running_apps=_running(connection, user_id),
        settings=from_text(row.settings),
        app_settings=_app_settings(connection, user_id),
        whereabouts=experiences.whereabouts(connection, user_id),
        glasses_models=experiences.glasses_models(connection, user_id),
        onboarded=experiences.onboarded(connection, user_id),
    )


def _installs(connection: Connection, user_id: str) -> tuple[Install, ...]:
    installs = schema.installs
    rows = connection.execute(
        select(installs).where(installs.c.user_id == user_id).order_by(installs.c.id)
    )
    return tuple(
        Install(
            package_name=row.package_name,
            installed_at=row.installed_at,
            last_active_at=row.last_active_at,
        )
        for row in rows
    )


def _running(connection: Connection, user_id: str) -> tuple[str, ...]:
    running = schema.running_apps
    rows = connection.execute(
        select(running.c.package_name).where(running.c.user_id == user_id).order_by(running.c.id)
    )
    return tuple(rows.scalars())


def _app_settings(connection: Connection, user_id: str) -> dict[str, dict[str, Any]]:
    kept = schema.app_settings
    rows = connection.execute(select(kept).where(kept.c.user_id == user_id))
    return {row.package_name: from_text(row.settings) for row in rows}


def create(connection: Connection, user_id: str, now: float) -> User:
    """The user, made if need be.

    :param now: POSIX seconds.
    :raises mentra.errors.StoreError: *user_id* cannot be a name.
    """
    require_name(user_id)
    add(connection, schema.users, {"user_id": user_id, "created_at": now, "settings": "{}"})
    user = load(connection, user_id)
    if user is None:
        # another process removed it within this very moment
        raise NotThere("there is no such user")
    return user


def all_ids(connection: Connection) -> tuple[str, ...]:
    """All user ids, sorted."""
    # databases sort by rules of their own
    return tuple(sorted(connection.execute(select(schema.users.c.user_id)).scalars()))


def remove(connection: Connection, user_id: str, now: float) -> tuple[bool, float | None]:
    """Delete a person's data and revoke every token issued until *now*.

    Returns whether there was anything, and up to when tokens are revoked (never earlier than
    before; None if *user_id* cannot be a name).
    """
    if not is_name(user_id):
        return False, None
    revocations = schema.revocations
    earlier = select(revocations.c.revoked_before).where(revocations.c.user_id == user_id)
    revoked_before = max(now, connection.scalar(earlier) or 0.0)
    put(connection, revocations, {"user_id": user_id, "revoked_before": revoked_before})
    gone = connection.execute(delete(schema.users).where(schema.users.c.user_id == user_id))
    return gone.rowcount > 0, revoked_before


def read_revocations(connection: Connection) -> dict[str, float]:
    """User id to the POSIX seconds up to which tokens are revoked."""
    rows = connection.execute(select(schema.revocations))
    return {row.user_id: row.revoked_before for row in rows}


def install(connection: Connection, user_id: str, package_name: str, now: float) -> bool:
    """Put an app on the user's list; whether it was new.

    :param now: POSIX seconds.
    :raises NotThere: no such user or app.
    """
    require_both(connection, user_id, package_name)
    row = {"user_id": user_id, "package_name": package_name, "installed_at": now}
    return add(connection, schema.installs, row)


def uninstall(connection: Connection, user_id: str, package_name: str) -> bool:
    """Take an app off the list, with its settings; whether it was there."""
    if not (is_name(user_id) and is_name(package_name)):
        return False
    _delete(connection, schema.app_settings, user_id, package_name)
    _delete(connection, schema.running_apps, user_id, package_name)
    return _delete(connection, schema.installs, user_id, package_name)


def set_running(connection: Connection, user_id: str, package_name: str, running: bool) -> None:
    """Whether to start the app with the user's next session.

    :raises NotThere: it shall run, and there is no such user or app.
    """
    if running:
        require_both(connection, user_id, package_name)
        row = {"user_id": user_id, "package_name": package_name}
        add(connection, schema.running_apps, row)
    elif is_name(user_id) and is_name(package_name):
        _delete(connection, schema.running_apps, user_id, package_name)


def touch(connection: Connection, user_id: str, package_name: str, now: float) -> None:
    """Note the time of an install's last start or stop; nothing if it is not installed."""
    if is_name(user_id) and is_name(package_name):
        installs = schema.installs
        connection.execute(
            update(installs)
            .where(installs.c.user_id == user_id, installs.c.package_name == package_name)
            .values(last_active_at=now)
        )


def save_settings(
    connection: Connection, user_id: str, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Merge *changes* into the user's settings (None deletes a key); all of them.

    :raises NotThere: no such user.
    :raises mentra.errors.StoreError: a value is not JSON.
    """
    text = to_text(merged(from_text(_locked_settings(connection, user_id)), changes))
    users = schema.users
    connection.execute(update(users).where(users.c.user_id == user_id).values(settings=text))
    return from_text(text)


def save_app_settings(
    connection: Connection, user_id: str, package_name: str, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """The same for the user's settings of one app.

    :raises NotThere: no such user or app.
    :raises mentra.errors.StoreError: a value is not JSON.
    """
    require_both(connection, user_id, package_name)
    kept = schema.app_settings
    before = connection.scalar(
        select(kept.c.settings).where(
            kept.c.user_id == user_id, kept.c.package_name == package_name
        )
    )
    text = to_text(merged(from_text(before or "{}"), changes))
    row = {"user_id": user_id, "package_name": package_name, "settings": text}
    put(connection, kept, row)
    return from_text(text)


def require_both(connection: Connection, user_id: str, package_name: str) -> None:
    """Let a known user and a known app by, and keep both while the transaction lasts.

    :raises NotThere: one is unknown.
    """
    _locked_settings(connection, user_id)
    require_app(connection, package_name)


def _locked_settings(connection: Connection, user_id: str) -> str:
    # the lock on the person's row makes writers of one person take turns
    users = schema.users
    row = select(users.c.settings).where(users.c.user_id == user_id).with_for_update()
    text: str | None = connection.scalar(row) if is_name(user_id) else None
    if text is None:
        raise NotThere("there is no such user")
    return text


def _delete(connection: Connection, table: Table, user_id: str, package_name: str) -> bool:
    gone = delete(table).where(table.c.user_id == user_id, table.c.package_name == package_name)
    return connection.execute(gone).rowcount > 0
