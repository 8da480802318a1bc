"""Databases are brought up to date, all the way or not at all."""

import shutil
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from mentra.errors import StoreError
from mentra.stores import schema, users
from mentra.stores.engine import locate
from mentra.stores.migrate import SCRIPTS, Scripts, prepare, upgrade
from mentra.stores.opening import open_for_command, upgrade_store

REBUILD = """
with op.batch_alter_table("users", recreate="always") as table:
    table.add_column(sa.Column("note", sa.Text))
"""
ORPHAN = """
op.execute("INSERT INTO app_servers VALUES ('org.x.none', '{}')")
"""
FAIL = """
op.drop_table("installs")
raise LookupError("half way")
"""


def with_another(tmp_path: Path, body: str) -> Scripts:
    """Our migrations and one more, as a later version would have it."""
    folder = tmp_path / "later % version"
    shutil.copytree(SCRIPTS.folder, folder)
    indented = "\n    ".join(body.strip().splitlines())
    (folder / "versions" / "later.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision = 'later'\ndown_revision = {SCRIPTS.newest!r}\n"
        f"def upgrade():\n    {indented}\n"
    )
    return Scripts(folder, "later")


def add_ann(state_dir: Path, url: str | None = None) -> None:
    with open_for_command(url, state_dir) as store:
        store.run(users.create, "ann@x.org", 1.0)
        store.run(users.save_settings, "ann@x.org", {"a": 1})


def rows_in(file: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


def shape_of(url: object) -> dict[str, object]:
    """Everything the database itself can tell about its tables."""
    engine = create_engine(url)
    found = inspect(engine)
    shape = {
        name: {
            "columns": [
                (column["name"], repr(column["type"]), column["nullable"], column["default"])
                for column in found.get_columns(name)
            ],
            "key": found.get_pk_constraint(name),
            "foreign": sorted(found.get_foreign_keys(name), key=repr),
            "unique": sorted(found.get_unique_constraints(name), key=repr),
            "indexes": sorted(found.get_indexes(name), key=repr),
        }
        for name in found.get_table_names()
        if name != "alembic_version" and "_search" not in name
    }
    engine.dispose()
    return shape


def test_the_newest_migration_is_the_one_the_code_needs():
    assert ScriptDirectory(SCRIPTS.folder).get_heads() == [schema.REVISION]


def test_migrations_make_exactly_the_tables_of_the_schema_on_sqlite(tmp_path):
    place = locate(None, tmp_path)
    prepare(place)
    direct = create_engine(f"sqlite:///{tmp_path}/direct.db")
    schema.metadata.create_all(direct)
    direct.dispose()

    assert shape_of(place.url) == shape_of(direct.url)
    assert set(shape_of(place.url)) == set(schema.metadata.tables)


def test_migrations_make_exactly_the_tables_of_the_schema_on_postgresql(empty_postgresql, tmp_path):
    direct = create_engine(empty_postgresql)
    schema.metadata.create_all(direct)
    wanted = shape_of(empty_postgresql)
    schema.metadata.drop_all(direct)
    direct.dispose()

    upgrade_store(empty_postgresql, tmp_path)

    assert shape_of(empty_postgresql) == wanted
    assert set(wanted) == set(schema.metadata.tables)


def test_indexes_of_words_are_made_alike_by_schema_and_migrations(tmp_path):
    place = locate(None, tmp_path)
    prepare(place)
    direct = tmp_path / "direct.db"
    engine = create_engine(f"sqlite:///{direct}")
    schema.metadata.create_all(engine)
    engine.dispose()
    query = "SELECT name, sql FROM sqlite_master WHERE name LIKE '%_search%' ORDER BY name"

    assert rows_in(place.file, query) == rows_in(direct, query) != []


def test_a_new_file_gets_its_tables_and_needs_no_copy(tmp_path):
    done = prepare(locate(None, tmp_path))

    assert done is not None
    assert (done.before, done.after, done.copy) == (None, schema.REVISION, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mentra.db"]


def test_a_file_that_is_up_to_date_is_left_alone(tmp_path):
    place = locate(None, tmp_path)
    prepare(place)

    assert prepare(place) is None


def test_an_older_file_is_copied_and_upgraded_with_its_rows(tmp_path):
    add_ann(tmp_path)
    place = locate(None, tmp_path)

    done = prepare(place, with_another(tmp_path, REBUILD))

    assert done is not None
    assert done.copy == tmp_path / "mentra.db.before-later"
    assert (done.before, done.after) == (schema.REVISION, "later")
    ann = [("ann@x.org", 1.0, '{"a":1}')]
    assert rows_in(place.file, "SELECT * FROM users") == [(*ann[0], None)]
    assert rows_in(done.copy, "SELECT * FROM users") == ann
    assert rows_in(done.copy, "SELECT * FROM alembic_version") == [(schema.REVISION,)]
    assert stat.S_IMODE(done.copy.stat().st_mode) == 0o600


def test_rebuilding_a_table_does_not_delete_what_refers_to_it(tmp_path):
    add_ann(tmp_path)
    place = locate(None, tmp_path)
    with closing(sqlite3.connect(place.file)) as connection, connection:
        connection.execute("INSERT INTO apps VALUES ('org.x', '{}')")
        connection.execute("INSERT INTO running_apps VALUES (1, 'ann@x.org', 'org.x')")

    prepare(place, with_another(tmp_path, REBUILD))

    assert rows_in(place.file, "SELECT count(*) FROM running_apps") == [(1,)]


def test_a_file_without_a_revision_is_copied_before_it_gets_tables(tmp_path):
    with closing(sqlite3.connect(tmp_path / "mentra.db")) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("CREATE TABLE mine (a)")
        connection.execute("INSERT INTO mine VALUES (7)")

    done = prepare(locate(None, tmp_path))

    assert done is not None
    assert done.before is None
    assert done.copy is not None
    assert rows_in(done.copy, "SELECT a FROM mine") == [(7,)]
    assert rows_in(tmp_path / "mentra.db", "SELECT a FROM mine") == [(7,)]


def test_rows_still_in_the_log_are_in_the_copy(tmp_path):
    prepare(locate(None, tmp_path))
    with closing(sqlite3.connect(tmp_path / "mentra.db")) as still_open:
        with still_open:
            still_open.execute("INSERT INTO users VALUES ('bob@x.org', 1.0, '{}')")

        done = prepare(locate(None, tmp_path), with_another(tmp_path, REBUILD))

    assert done is not None
    assert done.copy is not None
    assert rows_in(done.copy, "SELECT user_id FROM users") == [("bob@x.org",)]


@pytest.mark.parametrize(("body", "error"), [(FAIL, LookupError), (ORPHAN, StoreError)])
def test_an_upgrade_that_fails_changes_nothing(tmp_path, body, error):
    add_ann(tmp_path)
    place = locate(None, tmp_path)

    with pytest.raises(error):
        prepare(place, with_another(tmp_path, body))

    assert prepare(place) is None
    assert rows_in(place.file, "SELECT user_id FROM users") == [("ann@x.org",)]
    assert rows_in(place.file, "SELECT * FROM installs") == []
    assert rows_in(place.file, "SELECT * FROM app_servers") == []


def test_no_copy_no_upgrade(tmp_path):
    add_ann(tmp_path)
    (tmp_path / "mentra.db.before-later.unfinished").mkdir()

    with pytest.raises(StoreError, match="cannot be copied"):
        prepare(locate(None, tmp_path), with_another(tmp_path, REBUILD))
    assert prepare(locate(None, tmp_path)) is None


def test_a_copy_left_half_way_does_not_stand_in_the_way(tmp_path):
    add_ann(tmp_path)
    (tmp_path / "mentra.db.before-later.unfinished").write_bytes(b"half")

    done = prepare(locate(None, tmp_path), with_another(tmp_path, REBUILD))

    assert done is not None
    assert done.copy is not None
    assert rows_in(done.copy, "SELECT user_id FROM users") == [("ann@x.org",)]


@pytest.mark.parametrize("how", [prepare, upgrade])
def test_a_file_of_a_newer_version_is_refused(tmp_path, how):
    prepare(locate(None, tmp_path))
    with closing(sqlite3.connect(tmp_path / "mentra.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'future'")

    with pytest.raises(StoreError, match=r"revision future.*newer mentra"):
        how(locate(None, tmp_path))


@pytest.mark.parametrize("how", [prepare, upgrade])
def test_a_postgresql_of_a_newer_version_is_refused(postgresql, tmp_path, how):
    engine = create_engine(postgresql)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'future'"))

    with pytest.raises(StoreError, match=r"revision future.*newer mentra"):
        how(locate(postgresql, tmp_path))

    with engine.begin() as connection:
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{schema.REVISION}'"))
    engine.dispose()


def test_an_empty_postgresql_is_left_alone_until_the_command_is_run(empty_postgresql, tmp_path):
    place = locate(empty_postgresql, tmp_path)

    with pytest.raises(StoreError, match="mentra db upgrade"):
        prepare(place)
    assert shape_of(empty_postgresql) == {}

    done = upgrade(place)

    assert done is not None
    assert (done.before, done.after, done.copy) == (None, schema.REVISION, None)
    assert prepare(place) is None
    assert upgrade(place) is None


def test_an_older_postgresql_is_upgraded_by_the_command_alone(empty_postgresql, tmp_path):
    upgrade(locate(empty_postgresql, tmp_path))
    add_ann(tmp_path, empty_postgresql)
    later = with_another(tmp_path, REBUILD.replace(', recreate="always"', ""))
    place = locate(empty_postgresql, tmp_path)

    with pytest.raises(StoreError, match=f"at revision {schema.REVISION}.*mentra db upgrade"):
        prepare(place, later)
    upgrade(place, later)

    assert prepare(place, later) is None
    with pytest.raises(StoreError, match="newer"):
        prepare(place)


def test_a_postgresql_upgrade_that_fails_changes_nothing(empty_postgresql, tmp_path):
    place = locate(empty_postgresql, tmp_path)
    upgrade(place)
    before = shape_of(empty_postgresql)

    with pytest.raises(LookupError):
        upgrade(place, with_another(tmp_path, FAIL))

    assert shape_of(empty_postgresql) == before
    assert prepare(place) is None


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def test_of_two_upgrades_at_once_one_finds_it_done(tmp_path, request, kind):
    url = request.getfixturevalue("empty_postgresql") if kind == "postgresql" else None
    place = locate(url, tmp_path)

    with ThreadPoolExecutor() as threads:
        done = list(threads.map(upgrade, [place] * 2))

    assert sorted(outcome is None for outcome in done) == [False, True]


def test_a_place_with_odd_characters_is_upgraded(tmp_path):
    assert prepare(locate(None, tmp_path / "50% öff [x] # ?")) is not None
