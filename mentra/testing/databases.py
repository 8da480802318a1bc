"""A database that answers at once."""

import sqlite3
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event
from twisted.internet.defer import Deferred, execute

from mentra.stores import schema
from mentra.stores.engine import transact

T = TypeVar("T")


class MemoryDatabase:
    """SQLite in memory with our tables, for the stores that want
    :class:`mentra.stores.database.Transactions`; what they ask is done when they ask."""

    def __init__(self) -> None:
        first = _first_engine()
        self._engine = Engine(
            StaticPool(_connected),
            first.dialect,
            first.url,
            execution_options={"compiled_cache": _COMPILED},
        )
        event.listen(self._engine, "begin", lambda one: one.exec_driver_sql("BEGIN"))

    def read(self, function: Callable[[Connection], T]) -> Deferred[T]:
        """What *function* returns."""
        return execute(transact, self._engine, function)

    def write(
        self,
        function: Callable[[Connection], T],
        *,
        lane: str = "",
        committed: Callable[[T], object] = lambda result: None,
    ) -> Deferred[T]:
        """What *function* returns; nothing was changed if it failed."""

        def act() -> T:
            result = transact(self._engine, function)
            committed(result)
            return result

        return execute(act)

    def close(self) -> None:
        """Let go of it."""
        self._engine.dispose()


# SQLAlchemy writes a statement's SQL once for each dialect object, which takes it longer than
# SQLite takes to do it: so all databases share theirs
_COMPILED: dict[Any, Any] = {}


@cache
def _first_engine() -> Engine:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    # a dialect asks what the database can do when it first connects
    engine.connect().close()
    return engine


def _connected() -> Any:
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")
    connection.deserialize(_tables())
    return connection


@cache
def _tables() -> bytes:
    """An empty database with the tables, for they take a while to make."""
    kept: list[bytes] = []
    engine = create_engine("sqlite://", poolclass=StaticPool)
    schema.metadata.create_all(engine)
    raw = engine.raw_connection()
    driver: Any = raw.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    kept.append(driver.serialize())
    raw.close()
    engine.dispose()
    return kept[0]
