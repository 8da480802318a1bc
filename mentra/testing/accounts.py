"""Accounts without a database, and passwords without their price."""

from collections.abc import Callable

import attrs
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from mentra.interfaces.accounts import IAccountStore, IPasswords


@implementer(IAccountStore)
@attrs.define
class MemoryAccountStore:
    """Passwords and codes, gone with the process.

    :ivar hashes: user id to the hash of the password.
    :ivar codes: user id to the pairing code and the POSIX seconds when it expires.
    """

    now: Callable[[], float]
    hashes: dict[str, str] = attrs.field(factory=dict)
    codes: dict[str, tuple[str, float]] = attrs.field(factory=dict)

    def password_hash(self, user_id: str) -> Deferred[str | None]:
        """The hash, or None."""
        return succeed(self.hashes.get(user_id))

    def redeem(self, user_id: str, code: str) -> Deferred[bool]:
        """Use a code up; whether it was this user's and still good."""
        known, expires_at = self.codes.get(user_id, ("", 0.0))
        is_good = bool(known) and known == code and self.now() < expires_at
        if is_good:
            del self.codes[user_id]
        return succeed(is_good)


@implementer(IPasswords)
@attrs.define
class FakePasswords:
    """The hash of a password is ``hash of`` it.

    :ivar compared: the hashes that passwords were compared with.
    :ivar pending: answers still to come where ``slow``, each with its result.
    """

    compared: list[str | None] = attrs.field(factory=list)
    pending: list[tuple[Deferred[bool], bool]] = attrs.field(factory=list)
    slow: bool = False

    def fits(self, password: str, password_hash: str | None) -> Deferred[bool]:
        """Whether *password* is the one of that hash."""
        self.compared.append(password_hash)
        outcome = password_hash == f"hash of {password}"
        if not self.slow:
            return succeed(outcome)
        later: Deferred[bool] = Deferred()
        self.pending.append((later, outcome))
        return later
