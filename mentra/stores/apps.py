"""Apps, their keys and their servers: each function is one act within a transaction."""

from collections import defaultdict

import msgspec
from sqlalchemy import Connection, delete, select

from mentra.errors import NotThere
from mentra.records import App, AppServer
from mentra.stores import schema
from mentra.stores.names import is_name, require_name
from mentra.stores.registry import Snapshot, hash_of, tidied, with_newest
from mentra.stores.rows import put


def read_all(connection: Connection) -> Snapshot:
    """Everything about every app."""
    keys: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for row in connection.execute(select(schema.app_keys).order_by(schema.app_keys.c.id)):
        keys[row.package_name] += (row.key_hash,)
    return Snapshot(
        apps={
            row.package_name: msgspec.json.decode(row.record, type=App)
            for row in connection.execute(select(schema.apps))
        },
        keys=dict(keys),
        servers={
            row.package_name: msgspec.json.decode(row.record, type=AppServer)
            for row in connection.execute(select(schema.app_servers))
        },
    )


def save(connection: Connection, app: App) -> App:
    """Add or replace *app*; its keys stay.  Returns it as it was kept.

    :raises mentra.errors.StoreError: its package name is none.
    """
    require_name(app.package_name)
    kept = tidied(app)
    record = msgspec.json.encode(kept).decode()
    put(connection, schema.apps, {"package_name": kept.package_name, "record": record})
    return kept


def remove(connection: Connection, package_name: str) -> bool:
    """Forget an app and all that hangs off it; whether it was there."""
    if not is_name(package_name):
        return False
    gone = delete(schema.apps).where(schema.apps.c.package_name == package_name)
    return connection.execute(gone).rowcount > 0


def add_key(connection: Connection, package_name: str, api_key: str, now: float) -> tuple[str, ...]:
    """Make *api_key* the newest key; the hashes of the keys that are alive then, oldest first.

    :param now: POSIX seconds.
    :raises NotThere: no such app.
    """
    require_app(connection, package_name)
    keys = schema.app_keys
    rows = connection.execute(
        select(keys.c.key_hash).where(keys.c.package_name == package_name).order_by(keys.c.id)
    )
    newest = hash_of(api_key)
    live = with_newest(rows.scalars(), newest)
    # the newest is put in again, so that its row is the last
    older = keys.c.key_hash.in_(live[:-1])
    connection.execute(delete(keys).where(keys.c.package_name == package_name, ~older))
    connection.execute(
        keys.insert().values(package_name=package_name, key_hash=newest, created_at=now)
    )
    return live


def register_server(connection: Connection, server: AppServer) -> AppServer:
    """Remember *server* as its app's.

    :raises NotThere: no such app.
    """
    require_app(connection, server.package_name)
    record = msgspec.json.encode(server).decode()
    put(connection, schema.app_servers, {"package_name": server.package_name, "record": record})
    return server


def require_app(connection: Connection, package_name: str) -> None:
    """Let a known app by, and keep it from being removed while the transaction lasts.

    :raises NotThere: it is unknown.
    """
    found = (
        select(schema.apps.c.package_name)
        .where(schema.apps.c.package_name == package_name)
        .with_for_update(read=True, key_share=True)
    )
    if not is_name(package_name) or connection.scalar(found) is None:
        raise NotThere(f"there is no app {package_name}")
