"""Passwords and pairing codes, in a database."""

from collections.abc import Callable
from functools import partial

from twisted.internet.defer import Deferred
from zope.interface import implementer

from mentra.interfaces.accounts import IAccountStore
from mentra.stores import accounts
from mentra.stores.database import Database


@implementer(IAccountStore)
class AccountStore:
    """Nothing is kept in memory: the ``mentra`` command writes, and is believed at once.

    :param now: wall time, POSIX seconds.
    """

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now

    def password_hash(self, user_id: str) -> Deferred[str | None]:
        """The hash, or None."""
        return self._database.read(partial(accounts.password_hash, user_id=user_id))

    def redeem(self, user_id: str, code: str) -> Deferred[bool]:
        """Use a code up; whether it was this user's and still good."""
        return self._database.write(
            partial(accounts.redeem, user_id=user_id, code=code, now=self._now()), lane=user_id
        )
