"""Transactions in threads: order, memory, the end."""

import threading

import pytest
from sqlalchemy import text
from twisted.internet.defer import CancelledError, gatherResults

from mentra.errors import StoreError
from mentra.records import App
from mentra.stores import engine as engines
from mentra.stores.opening import open_for_command

ANN = "ann@x.org"
CAPTIONS = App(package_name="org.x.captions")
PACKAGE = CAPTIONS.package_name


def test_nothing_of_the_database_is_done_in_the_callers_thread(kept):
    database = kept.opened._database
    threads = [
        kept.wait(way(lambda connection: threading.current_thread()))
        for way in (database.read, database.write)
    ]
    threads.append(kept.wait(database.call(threading.current_thread)))

    assert threading.current_thread() not in threads


def test_memory_changes_after_the_commit(kept):
    saved = kept.apps.save(CAPTIONS)
    assert kept.apps.get(PACKAGE) is None

    kept.wait(saved)

    assert kept.apps.get(PACKAGE) == CAPTIONS


def rename(kept, before, after):
    with open_for_command(kept.url, kept.state_dir) as store:
        store.run(
            lambda connection: connection.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))
        )


def test_memory_stays_as_it_was_when_the_write_fails(kept):
    kept.wait(kept.apps.save(CAPTIONS))
    kept.wait(kept.apps.add_key(PACKAGE, "key"))
    rename(kept, "apps", "gone")

    for write in (
        kept.apps.save(App(package_name=PACKAGE, name="New")),
        kept.apps.remove(PACKAGE),
        kept.apps.add_key(PACKAGE, "new key"),
    ):
        with pytest.raises(StoreError, match="apps"):
            kept.wait(write)

    assert kept.apps.get(PACKAGE) == CAPTIONS
    assert kept.apps.key_is_valid(PACKAGE, "key")
    assert not kept.apps.key_is_valid(PACKAGE, "new key")
    rename(kept, "gone", "apps")


def test_memory_answers_without_the_database(kept):
    kept.wait(kept.apps.save(CAPTIONS))
    kept.wait(kept.apps.add_key(PACKAGE, "key"))
    kept.wait(kept.users.remove(ANN))
    apps, users = kept.apps, kept.users

    kept.close()

    assert apps.get(PACKAGE) == CAPTIONS
    assert apps.all() == (CAPTIONS,)
    assert apps.key_is_valid(PACKAGE, "key")
    assert apps.app_server(PACKAGE) is None
    assert users.revoked_before(ANN) == 1_000.0


def test_memory_learns_of_a_write_whose_caller_went_away(kept):
    outcomes = []
    saved = kept.apps.save(CAPTIONS)
    saved.addErrback(lambda failure: outcomes.append(failure.check(CancelledError)))
    saved.cancel()
    assert outcomes == [CancelledError]

    kept.wait(kept.apps.add_key(PACKAGE, "key"))

    assert kept.apps.get(PACKAGE) == CAPTIONS


def test_a_failure_nobody_waited_for_is_logged(kept, logged_failures):
    left = kept.users.save_settings("bob@x.org", {})
    left.addErrback(lambda failure: failure.trap(CancelledError))
    left.cancel()

    kept.close()

    assert "there is no such user" in str(logged_failures.pop()["log_failure"])


def test_writes_of_one_person_keep_their_order(kept):
    kept.wait(kept.users.create(ANN))

    results = kept.wait(
        gatherResults([kept.users.save_settings(ANN, {"n": n, f"k{n}": n}) for n in range(30)])
    )

    assert [result["n"] for result in results] == list(range(30))
    assert [len(result) for result in results] == list(range(2, 32))


def test_registry_writes_keep_their_order(kept):
    for n in range(20):
        last = kept.apps.save(App(package_name=PACKAGE, name=f"n{n}"))
        if n == 10:
            kept.apps.refresh()

    kept.wait(last)

    assert kept.apps.get(PACKAGE).name == "n19"
    kept.wait(kept.apps.refresh())
    assert kept.apps.get(PACKAGE).name == "n19"


def test_many_at_once_never_meet_a_locked_database(kept, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.0)
    kept.reopen()
    people = [f"p{n}@x.org" for n in range(40)]
    kept.wait(kept.apps.save(CAPTIONS))

    kept.wait(gatherResults([kept.users.create(user) for user in people]))
    kept.wait(
        gatherResults(
            [kept.users.install(user, PACKAGE) for user in people]
            + [kept.users.load(user) for user in people]
            + [kept.apps.save(CAPTIONS) for _ in people]
        )
    )

    users = kept.wait(gatherResults([kept.users.load(user) for user in people]))
    assert [user.user_id for user in users] == people
    assert all(len(user.installs) == 1 for user in users)


def test_stopping_waits_for_what_is_in_hand_and_what_that_asks_for(kept):
    done = []
    kept.users.create(ANN).addCallback(
        lambda user: kept.users.save_settings(ANN, {"a": 1}).addCallback(done.append)
    )

    kept.close()

    assert done == [{"a": 1}]
    kept.open()
    assert kept.wait(kept.users.load(ANN)).settings == {"a": 1}


def test_a_store_that_was_stopped_says_so(kept):
    users = kept.users
    kept.close()

    with pytest.raises(StoreError, match="closed"):
        kept.wait(users.create(ANN))


def test_stopping_twice_does_no_harm(kept):
    kept.wait(kept.opened.stopService())

    kept.wait(kept.opened.stopService())


def test_no_thread_is_left_after_the_stop(kept):
    kept.wait(kept.users.create(ANN))
    kept.wait(kept.users.load(ANN))

    kept.close()

    assert [thread.name for thread in threading.enumerate() if "store-" in thread.name] == []


@pytest.mark.slow
@pytest.mark.parametrize("kept", ["postgresql"], indirect=True)
def test_a_server_that_dropped_its_connections_is_connected_to_again(kept):
    kept.wait(kept.users.create(ANN))
    others = text(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with open_for_command(kept.url, kept.state_dir) as store:
        assert store.run(lambda connection: connection.execute(others).all()) == [(True,)]

    assert kept.wait(kept.users.save_settings(ANN, {"a": 1})) == {"a": 1}
