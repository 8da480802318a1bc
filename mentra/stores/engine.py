"""Which database, and an engine for it: SQLite or PostgreSQL."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import attrs
import msgspec
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from mentra.errors import StoreError
from mentra.stores.whereabouts import Gate, keep

T = TypeVar("T")

FILE_NAME = "mentra.db"
BUSY_SECONDS = 10.0
"""How long to wait for another process that writes to the same SQLite file."""

WAL_ATTEMPTS = 20
"""How often another process may be in the way while a new file is made ready."""
CONNECT_SECONDS = 10
"""How long to wait for a PostgreSQL server to answer."""

ATTEMPTS = 5
"""How often a transaction is tried that PostgreSQL gives up in favour of another one."""

_POSTGRESQL = "postgresql+psycopg"
_GIVEN_UP = ("40001", "40P01")  # serialization_failure, deadlock_detected


@attrs.frozen
class Place:
    """Where a store is.

    :ivar url: SQLAlchemy URL, of a dialect and driver that we know.
    :ivar file: the SQLite file, absolute; None for PostgreSQL.
    :ivar gate: what approves of where connections go; None: nothing has to.
    """

    url: URL
    file: Path | None
    gate: Gate | None = None

    def __str__(self) -> str:
        return str(self.file or self.url.render_as_string(hide_password=True))


def locate(url: str | None, state_dir: Path, gate: Gate | None = None) -> Place:
    """The store that *url* names; None is the SQLite file in *state_dir*.

    :param gate: approves of where connections go.

    :raises StoreError: it names none that we know.
    """
    if not url:
        return _file_place(state_dir / FILE_NAME)
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # the text may hold a password, so it is not repeated
        raise StoreError("the store's URL cannot be read: write postgresql://HOST/NAME") from None
    if parsed.drivername in ("postgresql", "postgres", _POSTGRESQL):
        return Place(parsed.set(drivername=_POSTGRESQL), None, gate)
    path = parsed.database or ""
    if parsed.drivername in ("sqlite", "sqlite+pysqlite") and path not in ("", ":memory:"):
        return _file_place(Path(path))
    raise StoreError(
        f"no store can be made of {parsed.render_as_string(hide_password=True)}: "
        "use postgresql://HOST/NAME, or no URL for a SQLite file in the state directory"
    )


def _file_place(path: Path) -> Place:
    file = path.expanduser().absolute()
    return Place(URL.create("sqlite", database=str(file)), file)


def make_engine(place: Place, connections: int) -> Engine:
    """An engine that opens at most *connections*; a missing SQLite file is made, mode 0600.

    Transactions only read unless :func:`for_writing` was asked for.

    :raises StoreError: the driver is not installed, or the file cannot be made.
    """
    if place.file is None:
        return _postgresql(place, pool_size=connections, max_overflow=0, pool_pre_ping=True)
    return _sqlite(place.file, place.url, pool_size=connections, max_overflow=0)


def make_upgrade_engine(place: Place) -> Engine:
    """An engine for migrations: on SQLite without foreign keys, for rebuilding a table drops it."""
    if place.file is None:
        return _postgresql(place, poolclass=NullPool)
    engine = _sqlite(place.file, place.url, poolclass=NullPool)
    event.listen(
        engine, "connect", lambda connection, record: _pragma(connection, "foreign_keys=OFF")
    )
    return engine


def for_writing(engine: Engine) -> Engine:
    """*engine*, with transactions that write."""
    return engine.execution_options(mentra_writes=True)


def transact(engine: Engine, function: Callable[[Connection], T]) -> T:
    """What *function* returns, once the transaction it ran in is on the disk.

    It is called again, a few times at most, if the database took the transaction back because it
    was in another process's way.

    :raises StoreError: the database could not do it; nothing was changed.
    """
    left = ATTEMPTS
    while True:
        left -= 1
        try:
            with engine.begin() as connection:
                return function(connection)
        # "from None": the database's own text may quote rows, and rows hold e-mail addresses
        except DBAPIError as problem:
            if not left or getattr(problem.orig, "sqlstate", None) not in _GIVEN_UP:
                raise _broken(engine, problem.orig) from None
        except sqlite3.Error as problem:
            # while connecting, before SQLAlchemy wraps anything
            raise _broken(engine, problem) from None
        except (SQLAlchemyError, msgspec.MsgspecError) as problem:
            raise _broken(engine, f"{type(problem).__name__} in its data") from None


def _broken(engine: Engine, reason: object) -> StoreError:
    where = engine.url.render_as_string(hide_password=True)
    first_line = str(reason).strip().partition("\n")[0]
    return StoreError(f"the store {where} failed: {first_line}; see to the database, try again")


# -- PostgreSQL ------------------------------------------------------------------------------


def _postgresql(place: Place, **options: Any) -> Engine:
    try:
        engine = create_engine(
            place.url,
            hide_parameters=True,
            connect_args={} if "connect_timeout" in place.url.query else _PATIENCE,
            **options,
        )
    except ImportError as problem:
        raise StoreError(
            f"PostgreSQL needs its driver ({problem}): pip install mentra[postgresql]"
        ) from None
    event.listen(engine, "begin", _begin_postgresql)
    if place.gate is not None:
        keep(engine, place.gate)
    return engine


_PATIENCE = {"connect_timeout": CONNECT_SECONDS}


def _begin_postgresql(connection: Connection) -> None:
    if not connection.get_execution_options().get("mentra_writes"):
        # what is read in several statements must fit together
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


# -- SQLite ----------------------------------------------------------------------------------


def _sqlite(file: Path, url: URL, **options: Any) -> Engine:
    _make_file(file)
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        **options,
    )
    event.listen(engine, "connect", _connected_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_file(file: Path) -> None:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as problem:
        raise StoreError(
            f"the store {file} cannot be opened ({problem.strerror}): "
            "give a state directory that this user may write to"
        ) from None


def _connected_sqlite(connection: sqlite3.Connection, record: object) -> None:
    # begin and commit are said by us, so that schema changes are part of a transaction too
    connection.isolation_level = None
    if _with_write_ahead_log(connection) != ("wal",):
        raise StoreError(
            "the SQLite file cannot have a write-ahead log (a network share?): "
            "use a local directory"
        )
    # in WAL mode anything less may lose the last commits with the power
    _pragma(connection, "synchronous=FULL")
    _pragma(connection, "foreign_keys=ON")


def _with_write_ahead_log(connection: sqlite3.Connection) -> object:
    """Change the journal's mode, which does not wait for others as everything else does."""
    for _ in range(WAL_ATTEMPTS):
        try:
            return _pragma(connection, "journal_mode=WAL")
        except sqlite3.OperationalError:
            # another process is opening the new file too; this waits until it is done
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    return _pragma(connection, "journal_mode=WAL")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("mentra_writes")
    # a transaction that begins by reading and writes later can fail with "database is locked"
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _pragma(connection: sqlite3.Connection, pragma: str) -> Any:
    return connection.execute(f"PRAGMA {pragma}").fetchone()
