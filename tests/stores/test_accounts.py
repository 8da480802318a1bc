"""Passwords and pairing codes on every database: what commands write the server believes."""

import pytest
from zope.interface.verify import verifyObject

from mentra.errors import NotThere
from mentra.interfaces.accounts import IAccountStore
from mentra.stores import accounts, users
from mentra.stores.opening import open_for_command

ANN, BOB = "ann@x.org", "bob@x.org"


@pytest.fixture
def command(kept):
    """Runs a function as a command does, beside the server."""

    def run(function, *arguments):
        with open_for_command(kept.url, kept.state_dir) as store:
            return store.run(function, *arguments)

    run(users.create, ANN, 1.0)
    return run


@pytest.fixture
def store(kept):
    return kept.opened.accounts


def test_the_interface_is_provided(store):
    assert verifyObject(IAccountStore, store)


def test_a_password_is_found_and_replaced(kept, store, command):
    command(accounts.set_password, ANN, "first", 1.0)
    command(accounts.set_password, ANN, "second", 2.0)

    assert kept.wait(store.password_hash(ANN)) == "second"


@pytest.mark.parametrize("user_id", [BOB, "", "a\0b", "x" * 600])
def test_nobody_has_no_password_and_no_code(kept, store, command, user_id):
    assert kept.wait(store.password_hash(user_id)) is None
    assert kept.wait(store.redeem(user_id, "12345678")) is False


def test_nobody_can_be_given_a_password_or_a_code(command):
    with pytest.raises(NotThere):
        command(accounts.set_password, BOB, "hash", 1.0)
    with pytest.raises(NotThere):
        command(accounts.add_code, BOB, "12345678", 9.0)


def test_a_code_is_good_once(kept, store, command):
    command(accounts.add_code, ANN, "12345678", kept.now + 300.0)

    assert kept.wait(store.redeem(ANN, "87654321")) is False
    assert kept.wait(store.redeem(ANN, "12345678")) is True
    assert kept.wait(store.redeem(ANN, "12345678")) is False


def test_of_many_who_come_at_once_one_uses_the_code(kept, store, command):
    command(accounts.add_code, ANN, "12345678", kept.now + 300.0)

    tries = [store.redeem(ANN, "12345678") for _ in range(8)]

    assert sorted(kept.wait(one) for one in tries) == [False] * 7 + [True]


def test_a_code_ends_with_its_time_and_with_the_next(kept, store, command):
    command(accounts.add_code, ANN, "11111111", kept.now + 300.0)
    command(accounts.add_code, ANN, "22222222", kept.now + 300.0)

    assert kept.wait(store.redeem(ANN, "11111111")) is False
    kept.now += 300.0
    assert kept.wait(store.redeem(ANN, "22222222")) is False


def test_a_code_is_its_users_alone_and_stands_nowhere(kept, store, command):
    command(users.create, BOB, 1.0)
    command(accounts.add_code, ANN, "12345678", kept.now + 300.0)

    assert kept.wait(store.redeem(BOB, "12345678")) is False
    assert accounts.code_hash(ANN, "12345678") != accounts.code_hash(BOB, "12345678")


def test_what_lets_a_person_in_goes_with_them(kept, store, command):
    command(accounts.set_password, ANN, "hash", 1.0)
    command(accounts.add_code, ANN, "12345678", kept.now + 300.0)

    kept.wait(kept.users.remove(ANN))
    command(users.create, ANN, 2.0)

    assert kept.wait(store.password_hash(ANN)) is None
    assert kept.wait(store.redeem(ANN, "12345678")) is False
