"""A database that answers at once."""

import sqlite3
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, StaticPool, create_engine, event
from twisted.internet.defer import Deferred, execute

from mentra.stores import schema
from mentra.stores.engine import transact

T = TypeVar("T")


class MemoryDatabase:
    """SQLite in memory with our tables, for the stores that want
    :class:`mentra.stores.database.Transactions`; what they ask is done when they ask."""

    def __init__(self) -> None:
        self._engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        event.listen(self._engine, "connect", _connected)
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


def _connected(connection: Any, record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")
    connection.deserialize(_tables())


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
