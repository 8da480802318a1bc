"""How people prove who they are."""

from typing import Any

from zope.interface import Interface


class IAccountStore(Interface):
    """Passwords (as hashes) and pairing codes.  Fails as :class:`mentra.interfaces.stores`
    says."""

    def password_hash(user_id: str) -> Any:
        """An awaitable of the hash, or of None: no such user, or one without a password."""

    def redeem(user_id: str, code: str) -> Any:
        """Use a pairing code up; an awaitable of whether it was this user's and still good."""


class IPasswords(Interface):
    """Compares passwords with hashes, which takes a while, off the reactor's thread."""

    def fits(password: str, password_hash: str | None) -> Any:
        """An awaitable of whether *password* is the one of that hash.  With None it takes as long
        as with any, and is False.

        :raises mentra.errors.Refused: code ``BUSY``: too many are waiting already.
        """


class IAccounts(Interface):
    """Lets people in who have no token.

    Attempts are counted by address and by account; what is wrong is answered late, and no
    differently whether there is such an account or not.
    """

    def log_in(email: str, password: str, address: str) -> Any:
        """An awaitable of the canonical user id.

        :param address: IP address of the client.
        :raises mentra.errors.Denied: 401, it is wrong.
        :raises mentra.errors.Refused: code ``TOO_MANY_ATTEMPTS`` or ``BUSY``.
        """

    def pair(email: str, code: str, address: str) -> Any:
        """The same with a pairing code, which is used up."""


class ILoginTokens(Interface):
    """Tokens that let a person in: ours, and those of identity providers that were configured."""

    def verify_user(token: str) -> str:
        """The canonical user id.

        :raises mentra.errors.Refused: it is of none of them, has expired, or was revoked.
        """


class ITemporaryTokens(Interface):
    """Tokens for one use within a minute, which tell a web page of an app who its user is."""

    def issue(user_id: str, package_name: str) -> str:
        """A new token, 64 hexadecimal digits; of too many the oldest are worthless."""

    def redeem(token: str, package_name: str) -> str | None:
        """Use a token up: its user; None if it is none, was used, is too old, or was made for
        another package (then it stays good for its own)."""


class IWebviewSigner(Interface):
    """Signs what web pages of apps can check by themselves, with this server's own key."""

    def sign(claims: Any, seconds: float) -> Any:
        """An awaitable of a JWT (RS256, ``kid`` ``v1``) with *claims*, good for *seconds*.

        :raises mentra.errors.Refused: code ``NO_KEY``.
        """
