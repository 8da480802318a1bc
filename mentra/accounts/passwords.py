"""Hashes of passwords: Argon2id, as RFC 9106 recommends it for machines with little memory."""

import unicodedata
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

from mentra.errors import MentraError, Refused
from mentra.interfaces.accounts import IPasswords

SHORTEST = 8
"""Fewest characters of a password.  Source: NIST SP 800-63B, section 5.1.1.2."""

LONGEST = 1024
"""Most characters of a password."""

THREADS = 2
"""Comparisons at a time; each takes 64 MiB while it lasts."""

MOST_WAITING = 32
"""Comparisons waiting or being made; one more is refused."""

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """The hash to keep, with its salt and parameters; takes a while.

    :raises MentraError: the password is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise MentraError(
            f"a password has {SHORTEST} to {LONGEST} characters, not {len(password)}; take another"
        )
    return _hasher.hash(_one_spelling(password))


def _one_spelling(password: str) -> str:
    # keyboards differ in how they compose one and the same letter
    return unicodedata.normalize("NFC", password)


@implementer(IPasswords)
class Passwords(Service):
    """Compares in threads of its own.

    :param reactor: where the answers come back.
    """

    def __init__(self, reactor: IReactorFromThreads) -> None:
        self._reactor = reactor
        self._pool = ThreadPool(0, THREADS, "passwords")
        self._in_hand = 0
        self._nobodys: str | None = None

    def startService(self) -> None:
        """Let threads run."""
        super().startService()
        self._pool.start()

    def stopService(self) -> None:
        """Let what is in hand end, and no more."""
        super().stopService()
        self._pool.stop()

    def fits(self, password: str, password_hash: str | None) -> "Deferred[bool]":
        """Whether *password* is the one of that hash."""
        if self._in_hand >= MOST_WAITING:
            raise Refused("BUSY", "Too many people log in just now", retryable=True)
        self._in_hand += 1
        work: Deferred[bool] = deferToThreadPool(
            self._reactor, self._pool, self._compare, password, password_hash
        )
        return work.addBoth(self._done)

    def _done(self, outcome: Any) -> Any:
        self._in_hand -= 1
        return outcome

    def _compare(self, password: str, password_hash: str | None) -> bool:
        if password_hash is not None:
            return _is_of(password, password_hash)
        if self._nobodys is None:
            self._nobodys = _hasher.hash("nobody's password")
        _is_of(password, self._nobodys)
        return False


def _is_of(password: str, password_hash: str) -> bool:
    try:
        return _hasher.verify(password_hash, _one_spelling(password))
    except (VerificationError, InvalidHashError):
        return False
