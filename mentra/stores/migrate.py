"""Brings a database up to the tables of this version."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import attrs
from sqlalchemy import Connection, Engine, inspect, text

from mentra.errors import StoreError
from mentra.stores.engine import Place, for_writing, make_upgrade_engine, transact
from mentra.stores.schema import REVISION


@attrs.frozen
class Scripts:
    """A folder of migrations, and the revision of the newest."""

    folder: Path
    newest: str


SCRIPTS = Scripts(Path(__file__).parent / "migrations", REVISION)


@attrs.frozen
class Upgrade:
    """What was done.

    :ivar before: revision the database was at; None if it had no tables of ours.
    :ivar copy: where it was copied to before; None if there was nothing to copy, or it is
        PostgreSQL.
    """

    before: str | None
    after: str
    copy: Path | None


def prepare(place: Place, scripts: Scripts = SCRIPTS) -> Upgrade | None:
    """See that the database can be used: upgrade a SQLite file, only look at PostgreSQL.

    :raises StoreError: it is newer than this version, or it is PostgreSQL and must be upgraded.
    """
    if place.file is not None:
        return upgrade(place, scripts)
    _in_transaction(place, lambda connection: _require_newest(connection, place, scripts))
    return None


def upgrade(place: Place, scripts: Scripts = SCRIPTS) -> Upgrade | None:
    """Bring the database up to the newest revision; None if it is there.

    All of it happens or nothing.  A SQLite file that has tables is copied beside itself first.

    :raises StoreError: it is newer than this version, or the database refused.
    """
    return _in_transaction(place, lambda connection: _upgrade(connection, place, scripts))


def _in_transaction(
    place: Place, function: Callable[[Connection], Upgrade | None]
) -> Upgrade | None:
    engine: Engine = make_upgrade_engine(place)
    try:
        return transact(for_writing(engine), function)
    finally:
        engine.dispose()


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _require_newest(connection: Connection, place: Place, scripts: Scripts) -> None:
    found = _revision(connection)
    if found == scripts.newest:
        return
    _require_known(found, place, scripts)
    raise StoreError(
        f"the tables of {place} are at revision {found or 'none'}, and this version needs "
        f"{scripts.newest}: make a backup, then run `mentra db upgrade`"
    )


def _require_known(revision: str | None, place: Place, scripts: Scripts) -> None:
    # only needed here and in _migrate, and it takes a while: most starts find the newest revision
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory(scripts.folder).walk_revisions()}
    if revision is not None and revision not in known:
        raise StoreError(
            f"the tables of {place} are at revision {revision}, which this version does not know: "
            "they were written by a newer mentra; install that, or restore a copy from before"
        )


def _upgrade(connection: Connection, place: Place, scripts: Scripts) -> Upgrade | None:
    if place.file is None:
        # of two commands started at once the second waits, and then finds nothing to do
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('mentra db upgrade'))"))
    before = _revision(connection)
    if before == scripts.newest:
        return None
    _require_known(before, place, scripts)
    copy = None
    if place.file is not None and inspect(connection).get_table_names():
        copy = _copy(place.file, scripts.newest)
    _migrate(connection, scripts)
    return Upgrade(before, scripts.newest, copy)


def _copy(file: Path, revision: str) -> Path:
    kept = file.with_name(f"{file.name}.before-{revision}")
    unfinished = kept.with_name(f"{kept.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        _back_up(file, unfinished)
        return unfinished.replace(kept)
    except (OSError, sqlite3.Error) as problem:
        raise StoreError(
            f"{file} cannot be copied to {kept} before its upgrade ({problem}): make room there"
        ) from None


def _back_up(file: Path, target: Path) -> None:
    # a connection of its own reads the file as it was when the transaction around us began
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)


def _migrate(connection: Connection, scripts: Scripts) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts.folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite":
        _require_whole(connection)


def _require_whole(connection: Connection) -> None:
    # the keys were not enforced while tables were rebuilt
    if connection.execute(text("PRAGMA foreign_key_check")).first() is not None:
        raise StoreError("the upgrade left rows that belong to nothing, so it was not made")
