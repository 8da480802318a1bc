"""Full-text search in a column: FTS5 on SQLite, ``tsvector`` on PostgreSQL.

The index follows its table by triggers, or is a generated column, so whoever writes rows need not
know of it.  Rows are looked for within one *scope*, a word that stands in each of them.
"""

import hashlib
import re

import attrs
from sqlalchemy import Connection, Table, event, text
from sqlalchemy.schema import DDL

MOST_WORDS = 32
"""Words of a query that are looked for."""

MOST_RANKED = 1000
"""Rows that are ranked, the newest of those that fit."""

SNIPPET = 160
"""Characters of a snippet."""

_WORD = re.compile(r"\w+")


@attrs.frozen
class Found:
    """A row that fits.

    :ivar id: its number.
    :ivar rank: higher is better.
    """

    id: int
    rank: float


@attrs.frozen
class Index:
    """An index of the column ``text`` of *table*, whose rows are numbered by ``id``.

    :ivar scopes: columns by which the search may be narrowed; the first one always is.
    """

    table: str
    scopes: tuple[str, ...]

    @property
    def name(self) -> str:
        """Of the virtual table on SQLite."""
        return f"{self.table}_search"

    def statements(self, dialect: str) -> tuple[str, ...]:
        """What makes it."""
        if dialect != "sqlite":
            return (
                f"ALTER TABLE {self.table} ADD COLUMN search tsvector "
                "GENERATED ALWAYS AS (to_tsvector('english', text)) STORED",
                f"CREATE INDEX ix_{self.table}_search ON {self.table} USING gin (search)",
            )
        columns = ("text", *self.scopes)
        listed = ", ".join(columns)
        new, old = (", ".join(f"{row}.{name}" for name in columns) for row in ("new", "old"))
        return (
            f"CREATE VIRTUAL TABLE {self.name} USING fts5({listed}, content='{self.table}', "
            "content_rowid='id', tokenize='porter unicode61')",
            f"CREATE TRIGGER {self.name}_insert AFTER INSERT ON {self.table} BEGIN INSERT INTO "
            f"{self.name}(rowid, {listed}) VALUES (new.id, {new}); END",
            f"CREATE TRIGGER {self.name}_delete AFTER DELETE ON {self.table} BEGIN INSERT INTO "
            f"{self.name}({self.name}, rowid, {listed}) VALUES ('delete', old.id, {old}); END",
        )

    def attach(self, table: Table) -> None:
        """Have it made with *table*."""
        for dialect in ("sqlite", "postgresql"):
            for statement in self.statements(dialect):
                # a statement is no format string
                ddl = DDL(statement.replace("%", "%%")).execute_if(dialect=dialect)
                event.listen(table, "after_create", ddl)

    def find(
        self, connection: Connection, query: str, scopes: dict[str, str], limit: int
    ) -> list[Found]:
        """The rows that have every word of *query*, in any of its forms, the best first.

        :param scopes: what stands in columns that the search is narrowed by.
        """
        words = words_of(query)
        if not words:
            return []
        if connection.dialect.name == "sqlite":
            return self._find_sqlite(connection, words, scopes, limit)
        return self._find_postgresql(connection, words, scopes, limit)

    def _find_sqlite(
        self, connection: Connection, words: list[str], scopes: dict[str, str], limit: int
    ) -> list[Found]:
        # only word characters are left, so quotes are all that it takes
        terms = [f'{column} : "{value}"' for column, value in scopes.items()]
        terms += [f'text : "{word}"' for word in words]
        weights = ", ".join(["1.0"] + ["0.0"] * len(self.scopes))
        rows = connection.execute(
            text(
                f"SELECT id, rank FROM (SELECT rowid AS id, -bm25({self.name}, {weights}) AS rank "
                f"FROM {self.name} WHERE {self.name} MATCH :terms ORDER BY rowid DESC "
                f"LIMIT {MOST_RANKED}) ORDER BY rank DESC, id DESC LIMIT :most"
            ),
            {"terms": " AND ".join(terms), "most": limit},
        )
        return [Found(row.id, row.rank) for row in rows]

    def _find_postgresql(
        self, connection: Connection, words: list[str], scopes: dict[str, str], limit: int
    ) -> list[Found]:
        narrowed = " AND ".join(f"{column} = :{column}" for column in scopes)
        rows = connection.execute(
            text(
                "SELECT id, ts_rank(search, terms) AS rank FROM (SELECT id, search, terms FROM "
                f"{self.table}, plainto_tsquery('english', :terms) AS terms WHERE search @@ terms "
                f"AND {narrowed} ORDER BY id DESC LIMIT {MOST_RANKED}) AS fitting "
                "ORDER BY rank DESC, id DESC LIMIT :most"
            ),
            {"terms": " ".join(words), "most": limit, **scopes},
        )
        return [Found(row.id, row.rank) for row in rows]


def scope_of(owner: str) -> str:
    """One word for any text, so that it can stand in an index of words."""
    return "o" + hashlib.sha256(owner.encode()).hexdigest()[:40]


def words_of(query: str) -> list[str]:
    """The words of a query, without whatever means something to a database."""
    return _WORD.findall(query)[:MOST_WORDS]


def snippet(passage: str, query: str) -> str:
    """Some of *passage*, around the first word that begins like one of the query's."""
    stems = [re.escape(word[: max(3, len(word) - 3)]) for word in words_of(query)]
    found = re.search(rf"(?i)\b(?:{'|'.join(stems)})", passage) if stems else None
    begin = max(0, (found.start() if found else 0) - SNIPPET // 3)
    piece = " ".join(passage[begin : begin + SNIPPET].split())
    return f"{'…' * (begin > 0)}{piece}{'…' * (begin + SNIPPET < len(passage))}"
