"""Invariant 22: what was answered survives ``kill -9`` at any moment."""

import json
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import pytest

from mentra.records import App
from mentra.stores import apps, simple_storage, users
from mentra.stores.opening import open_for_command
from mentra.stores.registry import hash_of

ROUNDS = 6
MOST_ANSWERS = 250
"""A round's writer is killed after some number of answers up to this."""

WRITER = """
import json, os, sys, time
from pathlib import Path
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import react
from mentra.records import App
from mentra.stores.opening import open_stores

STATE_DIR, ROUND = Path(sys.argv[1]), sys.argv[2]

def answered(*fact):
    os.write(1, json.dumps(fact).encode() + b"\\n")

async def work(stores, worker):
    number = 0
    while True:
        number += 1
        user = f"w{worker}.{number}@{ROUND}.org"
        package = f"org.{ROUND}.w{worker}.n{number}"
        await stores.users.create(user)
        answered("user", user)
        await stores.apps.save(App(package_name=package, name="app " * 50))
        answered("app", package)
        await stores.apps.add_key(package, f"key of {package}")
        answered("key", package)
        await stores.users.install(user, package)
        answered("install", user, package)
        await stores.users.set_running(user, package, True)
        answered("running", user, package)
        await stores.users.save_settings(user, {"a.b/c": number})
        answered("settings", user, number)
        await stores.users.save_app_settings(user, package, {"$x": [number]})
        answered("app settings", user, package, number)
        await stores.storage.merge(user, package, {"a/b": str(number)}, 1000)
        answered("storage", user, package, str(number))
        if number % 3 == 0:
            await stores.users.remove(user)
            answered("removed", user)

async def main(reactor):
    stores = open_stores(None, STATE_DIR, reactor, time.time)
    stores.startService()
    await stores.ready()
    await gatherResults([Deferred.fromCoroutine(work(stores, worker)) for worker in range(4)])

react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
"""


@attrs.define
class Answers:
    """What the writers said was done."""

    facts: list[list[Any]] = attrs.field(factory=list)

    def of(self, kind: str) -> list[list[Any]]:
        return [fact[1:] for fact in self.facts if fact[0] == kind]


def run_and_kill(state_dir: Path, number: int, answers_wanted: int) -> list[list[Any]]:
    """The facts a writer printed until it was killed while it went on writing."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(state_dir), f"r{number}"],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert writer.stdout is not None
    lines = [writer.stdout.readline() for _ in range(answers_wanted)]
    writer.kill()
    # what it said before it died counts too; a line is written in one piece
    lines += writer.stdout.read().splitlines()
    writer.stdout.close()
    assert writer.wait(60) == -9, "the writer ended by itself"
    return [json.loads(line) for line in lines]


def assert_all_there(state_dir: Path, answers: Answers) -> None:
    removed = {user for (user,) in answers.of("removed")}
    with open_for_command(None, state_dir) as store:
        known = store.run(apps.read_all)
        revoked = store.run(users.read_revocations)
        everyone = {user: store.run(users.load, user) for user in store.run(users.all_ids)}
        texts = {
            (user, package): store.run(simple_storage.read, user, package)
            for user, package, _ in answers.of("storage")
        }
    for (package,) in answers.of("app"):
        assert known.apps[package] == App(package_name=package, name="app " * 50)
    for (package,) in answers.of("key"):
        assert known.keys[package] == (hash_of(f"key of {package}"),)
    for user in removed:
        assert user not in everyone
        assert revoked[user] > 0
    # a removal that was under way when the writer was killed may have been done
    gone = removed | set(revoked)
    for (user,) in answers.of("user"):
        assert user in everyone or user in gone
    for user, package in answers.of("install"):
        assert user in gone or [i.package_name for i in everyone[user].installs] == [package]
    for user, package in answers.of("running"):
        assert user in gone or everyone[user].running_apps == (package,)
    for user, value in answers.of("settings"):
        assert user in gone or everyone[user].settings == {"a.b/c": value}
    for user, package, value in answers.of("app settings"):
        assert user in gone or everyone[user].app_settings == {package: {"$x": [value]}}
    for user, package, value in answers.of("storage"):
        assert user in gone or texts[user, package] == {"a/b": value}


@pytest.mark.slow
def test_every_answered_write_survives_a_kill(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    answers = Answers()

    for number in range(ROUNDS):
        answers.facts += run_and_kill(tmp_path, number, moments.randint(1, MOST_ANSWERS))

        # the file is read as it was left, and written on in the next round
        assert_all_there(tmp_path, answers)
        with closing(sqlite3.connect(tmp_path / "mentra.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)], seed
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == [], seed

    assert len(answers.facts) >= ROUNDS
