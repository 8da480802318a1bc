"""Which database, and how it is opened."""

import stat
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from mentra.errors import StoreError
from mentra.stores import engine as engines
from mentra.stores import users
from mentra.stores.engine import for_writing, locate, make_engine, transact


def test_without_a_url_it_is_a_file_in_the_state_directory(tmp_path):
    for url in (None, ""):
        assert locate(url, tmp_path).file == tmp_path / "mentra.db"


def test_a_relative_state_directory_is_made_absolute_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert locate(None, Path("state")).file == tmp_path / "state" / "mentra.db"


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+pysqlite"])
def test_a_sqlite_url_names_another_file(tmp_path, scheme):
    assert locate(f"{scheme}:///{tmp_path}/other.db", tmp_path).file == tmp_path / "other.db"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_means_the_driver_we_ship(tmp_path, scheme):
    place = locate(f"{scheme}://me:secret@db.x.org/mentra", tmp_path)

    assert place.url.drivername == "postgresql+psycopg"
    assert place.file is None
    assert str(place) == "postgresql+psycopg://me:***@db.x.org/mentra"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:secret@db/mentra",
        "postgresql+asyncpg://me:secret@db/mentra",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite+aiosqlite:///x.db",
        "me:secret nonsense",
        "postgresql://me:secret@db:port/mentra",
    ],
)
def test_other_databases_are_refused_without_telling_the_password(tmp_path, url):
    with pytest.raises(StoreError, match="postgresql://") as caught:
        locate(url, tmp_path)
    assert "secret" not in str(caught.value)


def test_a_missing_driver_is_named_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(StoreError, match=r"pip install mentra\[postgresql\]"):
        make_engine(locate("postgresql://db/mentra", tmp_path), 1)


def test_the_file_is_made_for_its_owner_alone(tmp_path):
    state = tmp_path / "deep" / "state"

    make_engine(locate(None, state), 1).dispose()

    assert stat.S_IMODE((state / "mentra.db").stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


def test_what_sqlite_keeps_beside_the_file_is_for_its_owner_alone_too(tmp_path):
    engine = make_engine(locate(None, tmp_path), 1)

    transact(for_writing(engine), lambda connection: connection.execute(text("CREATE TABLE t (a)")))

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"mentra.db": 0o600, "mentra.db-wal": 0o600, "mentra.db-shm": 0o600}
    engine.dispose()


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "state").write_text("a file where a directory should be")

    with pytest.raises(StoreError, match=r"state/mentra\.db cannot be opened"):
        make_engine(locate(None, tmp_path / "state"), 1)


def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "mentra.db").write_bytes(b"no database at all, but long enough to be taken for one")
    engine = make_engine(locate(None, tmp_path), 1)

    with pytest.raises(StoreError, match=r"mentra\.db failed: file is not a database"):
        transact(engine, lambda connection: connection.execute(text("SELECT 1")))
    engine.dispose()


def test_sqlite_is_opened_the_way_that_loses_nothing(tmp_path):
    engine = make_engine(locate(None, tmp_path), 1)

    found = transact(
        engine,
        lambda connection: [
            connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ],
    )

    assert found == ["wal", 2, 1, engines.BUSY_SECONDS * 1000]
    engine.dispose()


def test_a_failed_transaction_changes_nothing(tmp_path):
    engine = make_engine(locate(None, tmp_path), 1)
    writing = for_writing(engine)
    transact(writing, lambda connection: connection.execute(text("CREATE TABLE t (a)")))

    def fail_half_way(connection):
        connection.execute(text("INSERT INTO t VALUES (1)"))
        raise LookupError("half way")

    with pytest.raises(LookupError):
        transact(writing, fail_half_way)
    assert transact(engine, lambda c: c.scalar(text("SELECT count(*) FROM t"))) == 0
    engine.dispose()


class TakenBack(Exception):
    """What a driver raises."""

    def __init__(self, sqlstate):
        super().__init__("a driver's sentence")
        self.sqlstate = sqlstate


@pytest.fixture
def table(tmp_path):
    """An engine that writes into a table ``t``, and inserts a row: in vain so many times."""
    engine = for_writing(make_engine(locate(None, tmp_path), 1))
    transact(engine, lambda connection: connection.execute(text("CREATE TABLE t (a)")))
    tried = []

    def insert(times, sqlstate):
        def write(connection):
            tried.append(sqlstate)
            connection.execute(text("INSERT INTO t VALUES (1)"))
            if len(tried) <= times:
                raise DBAPIError("INSERT", {}, TakenBack(sqlstate))
            return "done"

        return transact(engine, write)

    def rows():
        return transact(engine, lambda c: c.scalar(text("SELECT count(*) FROM t")))

    yield SimpleNamespace(insert=insert, rows=rows, tried=tried)
    engine.dispose()


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_what_the_database_took_back_for_another_is_done_again_as_a_whole(table, sqlstate):
    assert table.insert(2, sqlstate) == "done"

    assert len(table.tried) == 3
    assert table.rows() == 1


def test_what_is_taken_back_again_and_again_fails_in_the_end(table):
    with pytest.raises(StoreError, match="a driver's sentence"):
        table.insert(1000, "40P01")

    assert len(table.tried) == engines.ATTEMPTS
    assert table.rows() == 0


@pytest.mark.parametrize("sqlstate", ["23505", "57014", None])
def test_any_other_failure_is_told_at_once(table, sqlstate):
    with pytest.raises(StoreError, match="a driver's sentence"):
        table.insert(1000, sqlstate)

    assert len(table.tried) == 1


def test_what_the_database_says_of_rows_is_not_repeated(tmp_path):
    engine = make_engine(locate(None, tmp_path), 1)

    with pytest.raises(StoreError) as caught:
        transact(
            engine,
            lambda c: c.execute(text("INSERT INTO nowhere VALUES (:a)"), {"a": "ann@x.org"}),
        )
    assert "ann@x.org" not in str(caught.value)
    assert caught.value.__cause__ is None
    engine.dispose()


def test_a_postgresql_that_is_not_there_is_named(tmp_path):
    engine = make_engine(locate("postgresql://me:secret@127.0.0.1:1/mentra", tmp_path), 1)

    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1/mentra failed: .*refused") as caught:
        transact(engine, lambda connection: None)
    assert "secret" not in str(caught.value)
    engine.dispose()


def test_a_postgresql_read_sees_one_moment_and_writes_nothing(postgresql, tmp_path):
    engine = make_engine(locate(postgresql, tmp_path), 1)

    level = transact(engine, lambda c: c.scalar(text("SHOW transaction_isolation")))

    assert level == "repeatable read"
    with pytest.raises(StoreError, match="read-only"):
        transact(engine, lambda c: c.execute(text("DELETE FROM users")))
    engine.dispose()


@pytest.fixture
def two_people(postgresql, tmp_path):
    """An engine for a PostgreSQL database with two users, and what they were called."""
    engine = for_writing(make_engine(locate(postgresql, tmp_path), 2))
    for user_id in ("ann@x.org", "bob@x.org"):
        transact(engine, partial(users.create, user_id=user_id, now=0.0))

    def created():
        rows = transact(engine, lambda c: c.execute(text("SELECT created_at FROM users")).all())
        return [row[0] for row in rows]

    yield SimpleNamespace(engine=engine, created=created)
    engine.dispose()


def one_more(connection, user_id):
    statement = "UPDATE users SET created_at = created_at + 1 WHERE user_id = :user_id"
    connection.execute(text(statement), {"user_id": user_id})


def test_a_deadlock_with_another_process_is_none_for_whoever_asked(two_people):
    both_hold_one = threading.Barrier(2)
    tried = []

    def crosswise(*order):
        mine = []

        def write(connection):
            mine.append(order)
            tried.append(order)
            connection.exec_driver_sql("SET LOCAL deadlock_timeout = '20ms'")
            one_more(connection, order[0])
            if len(mine) == 1:
                both_hold_one.wait(30)
            one_more(connection, order[1])

        transact(two_people.engine, write)

    with ThreadPoolExecutor() as threads:
        orders = [("ann@x.org", "bob@x.org"), ("bob@x.org", "ann@x.org")]
        list(threads.map(lambda order: crosswise(*order), orders))

    assert len(tried) == 3
    assert two_people.created() == [2.0, 2.0]


def test_a_row_that_changed_under_a_transaction_is_read_again(two_people):
    tried = []

    def write(connection):
        tried.append(connection)
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute(text("SELECT 1 FROM users")).all()
        if len(tried) == 1:
            transact(two_people.engine, partial(one_more, user_id="ann@x.org"))
        one_more(connection, "ann@x.org")

    transact(two_people.engine, write)

    assert len(tried) == 2
    assert sorted(two_people.created()) == [0.0, 2.0]
