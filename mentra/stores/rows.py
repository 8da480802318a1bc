"""Insert statements both databases understand, which SQLAlchemy spells once for each."""

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert(connection: Connection, table: Table, row: dict[str, Any]) -> Any:
    """An insert statement of the connection's dialect, which knows ``ON CONFLICT``."""
    dialect: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table).values(row)


def put(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Add *row*, or replace what has the same primary key."""
    adding = insert(connection, table, row)
    keys = [column.name for column in table.primary_key]
    changed = {name: adding.excluded[name] for name in row if name not in keys}
    connection.execute(adding.on_conflict_do_update(index_elements=keys, set_=changed))


def add(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Add *row* unless there is one like it; whether it was added."""
    adding = insert(connection, table, row).on_conflict_do_nothing()
    # inserted rows are counted on demand only, and not where the new row's number is fetched
    done = connection.execute(adding.inline(), execution_options={"preserve_rowcount": True})
    return done.rowcount > 0
