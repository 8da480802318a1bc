"""A server and a command at the same database."""

import subprocess
import sys
from pathlib import Path

import pytest
from twisted.application.service import IService
from twisted.internet.defer import Deferred, succeed
from twisted.logger import globalLogPublisher

from mentra.errors import NotThere, StoreError
from mentra.records import App
from mentra.stores import apps, opening, users
from mentra.stores.migrate import Upgrade
from mentra.stores.opening import open_for_command, open_stores, upgrade_store
from mentra.stores.user_store import UserStore

ANN = "ann@x.org"
CAPTIONS = App(package_name="org.x.captions")
PACKAGE = CAPTIONS.package_name

OTHER_PROGRAM = """
import sys
from pathlib import Path
from mentra.stores import users
from mentra.stores.opening import open_for_command

with open_for_command(sys.argv[1] or None, Path(sys.argv[2])) as store:
    for number in range(150):
        store.run(users.create, f"{sys.argv[3]}{number}@x.org", 1.0)
        store.run(users.save_settings, "ann@x.org", {f"{sys.argv[3]}{number}": number})
        print(number, flush=True)
"""


def test_a_command_works_where_no_server_ever_ran(tmp_path):
    with open_for_command(None, tmp_path) as store:
        store.run(apps.save, CAPTIONS)
        store.run(apps.add_key, PACKAGE, "key", now=5.0)
        made = store.run(users.create, ANN, 5.0)
        assert store.run(users.install, ANN, PACKAGE, 6.0) is True

    with open_for_command(None, tmp_path) as store:
        user = store.run(users.load, ANN)
        assert store.run(users.all_ids) == (ANN,)
        assert store.run(apps.read_all).apps == {PACKAGE: CAPTIONS}
    assert user is not None
    assert user.created_at == made.created_at == 5.0
    assert user.installs[0].installed_at == 6.0


def test_a_refused_command_changes_nothing(tmp_path):
    with open_for_command(None, tmp_path) as store:
        with pytest.raises(NotThere):
            store.run(users.install, ANN, PACKAGE, 6.0)

        assert store.run(users.all_ids) == ()


def test_a_command_closes_what_it_opened(tmp_path):
    with open_for_command(None, tmp_path) as store:
        store.run(users.create, ANN, 5.0)

    # the last connection to close puts the log back into the file
    assert [path.name for path in tmp_path.iterdir()] == ["mentra.db"]


def test_a_server_knows_what_a_command_wrote_after_refresh(kept):
    kept.wait(kept.apps.save(App(package_name="org.x.old")))
    with open_for_command(kept.url, kept.state_dir) as store:
        store.run(apps.save, CAPTIONS)
        store.run(apps.add_key, PACKAGE, "key", 5.0)
        store.run(apps.remove, "org.x.old")
        store.run(users.remove, ANN, 77.0)
    assert kept.apps.get(PACKAGE) is None

    kept.wait(kept.opened.refresh())

    assert kept.apps.all() == (CAPTIONS,)
    assert kept.apps.key_is_valid(PACKAGE, "key")
    assert kept.users.revoked_before(ANN) == 77.0


class HeldDatabase:
    """Lets a test say which commit is heard of first."""

    def __init__(self):
        self.committed = []

    def write(self, function, *, lane="", committed):
        self.committed.append(committed)
        return Deferred()


def test_a_refresh_that_read_too_early_does_not_take_a_revocation_back():
    database = HeldDatabase()
    store = UserStore(database, lambda: 500.0, lambda names: succeed(None))
    store.refresh()
    store.remove(ANN)
    refreshed, removed = database.committed

    removed(((), True, 500.0))
    refreshed({ANN: 100.0, "bob@x.org": 7.0})

    assert store.revoked_before(ANN) == 500.0
    assert store.revoked_before("bob@x.org") == 7.0


def test_being_ready_twice_does_no_harm(kept):
    kept.wait(kept.apps.save(CAPTIONS))

    kept.wait(kept.opened.ready())

    assert kept.apps.all() == (CAPTIONS,)


def test_the_stores_are_a_service(loop, tmp_path):
    assert IService.providedBy(open_stores(None, tmp_path, loop, lambda: 0.0))


def test_an_unusable_url_is_told_at_once(loop, tmp_path):
    with pytest.raises(StoreError):
        open_stores("mysql://db/mentra", tmp_path, loop, lambda: 0.0)


def test_a_postgresql_without_tables_is_told_when_asked_to_be_ready(
    empty_postgresql, loop, tmp_path
):
    stores = open_stores(empty_postgresql, tmp_path, loop, lambda: 0.0)
    stores.startService()

    with pytest.raises(StoreError, match="mentra db upgrade"):
        loop.wait(stores.ready())
    loop.wait(stores.stopService())

    assert upgrade_store(empty_postgresql, tmp_path) is not None
    assert upgrade_store(empty_postgresql, tmp_path) is None


def test_a_command_does_not_upgrade_postgresql_either(empty_postgresql, tmp_path):
    with (
        pytest.raises(StoreError, match="mentra db upgrade"),
        open_for_command(empty_postgresql, tmp_path),
    ):
        pass


def test_an_upgrade_at_start_is_told_to_the_sysadmin(loop, tmp_path, monkeypatch):
    told = []
    copy = tmp_path / "mentra.db.before-x"
    open_for_command(None, tmp_path).__enter__()
    monkeypatch.setattr(opening, "prepare", lambda place: Upgrade("w", "x", copy))
    stores = open_stores(None, tmp_path, loop, lambda: 0.0)
    stores.startService()
    globalLogPublisher.addObserver(told.append)

    loop.wait(stores.ready())

    globalLogPublisher.removeObserver(told.append)
    assert [event["copy"] for event in told if "copy" in event] == [str(copy)]
    loop.wait(stores.stopService())


def test_a_damaged_record_is_told_with_its_kind(kept):
    with open_for_command(kept.url, kept.state_dir) as store:
        store.run(apps.save, CAPTIONS)
        store.run(
            lambda connection: connection.exec_driver_sql("UPDATE apps SET record = '{nonsense'")
        )

    with pytest.raises(StoreError, match="DecodeError"):
        kept.wait(kept.apps.refresh())


@pytest.mark.slow
def test_other_programs_may_write_at_the_same_time(kept):
    kept.wait(kept.users.create(ANN))
    others = [
        subprocess.Popen(
            [sys.executable, "-c", OTHER_PROGRAM, kept.url or "", str(kept.state_dir), name],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        for name in ("a", "b")
    ]
    for other in others:
        assert other.stdout is not None
        other.stdout.readline()  # it is at it

    for number in range(150):
        kept.wait(kept.users.create(f"c{number}@x.org"))
        kept.wait(kept.users.save_settings(ANN, {f"c{number}": number}))

    for other in others:
        other.communicate(timeout=60)
        assert other.returncode == 0
    assert len(kept.wait(kept.users.all())) == 451
    assert len(kept.wait(kept.users.load(ANN)).settings) == 450
