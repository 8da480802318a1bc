"""Passwords are kept as hashes, and compared where nobody waits for it."""

import threading

import pytest
from zope.interface.verify import verifyObject

from mentra.accounts import passwords
from mentra.accounts.passwords import Passwords, hash_password
from mentra.errors import MentraError, Refused
from mentra.interfaces.accounts import IPasswords
from tests.stores.conftest import ThreadLoop


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    cheap = passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", cheap)


@pytest.fixture
def loop():
    return ThreadLoop()


@pytest.fixture
def desk(loop):
    made = Passwords(loop)
    made.startService()
    yield made
    made.stopService()


def test_the_interface_is_provided(desk):
    assert verifyObject(IPasswords, desk)


def test_a_password_fits_its_own_hash_and_no_other(desk, loop):
    kept = hash_password("correct horse")

    assert kept.startswith("$argon2id$")
    assert "horse" not in kept
    assert loop.wait(desk.fits("correct horse", kept)) is True
    assert loop.wait(desk.fits("correct house", kept)) is False
    assert loop.wait(desk.fits("correct horse", hash_password("another one"))) is False


@pytest.mark.parametrize("kept", [None, "", "$argon2id$v=19$nonsense", "plain"])
def test_nothing_fits_what_is_no_hash(desk, loop, kept):
    assert loop.wait(desk.fits("nobody's password", kept)) is False


def test_the_same_letters_composed_otherwise_are_the_same(desk, loop):
    assert loop.wait(desk.fits("pa\u0308ssword", hash_password("p\u00e4ssword"))) is True


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025])
def test_a_password_too_short_or_long_is_refused(password):
    with pytest.raises(MentraError, match="8 to 1024"):
        hash_password(password)


def test_the_work_is_done_in_another_thread(desk, loop, monkeypatch):
    threads = []

    def note(password, kept):
        threads.append(threading.current_thread())
        return True

    monkeypatch.setattr(passwords, "_is_of", note)

    loop.wait(desk.fits("x", "y"))

    assert threads[0] is not threading.current_thread()


def test_more_than_a_crowd_is_refused(desk, loop, monkeypatch):
    monkeypatch.setattr(passwords, "MOST_WAITING", 1)
    first = desk.fits("x", None)

    with pytest.raises(Refused) as refused:
        desk.fits("x", None)

    assert (refused.value.code, refused.value.retryable) == ("BUSY", True)
    loop.wait(first)
    assert loop.wait(desk.fits("x", None)) is False
