"""Tokens that are good once and for a minute: how a phone lets an app's web page know its user.

Source: docs/protocol/webviews.rst.
"""

import secrets
from collections import Counter

import attrs
from zope.interface import implementer

from mentra.accounts.settings import WebviewSettings
from mentra.extension import ComponentFactory
from mentra.interfaces.accounts import ITemporaryTokens
from mentra.interfaces.services import IServices


@attrs.frozen
class _Issued:
    """Whose it is, and for whom.

    :ivar expires_at: clock seconds.
    """

    user_id: str
    package_name: str
    expires_at: float


@implementer(ITemporaryTokens)
class TemporaryTokens:
    """Keeps them in memory: after a restart a page is simply opened again."""

    def __init__(self, services: IServices) -> None:
        self._clock = services.clock
        self._settings: WebviewSettings = services.settings(WebviewSettings)
        # all live equally long, so the oldest is the first to expire
        self._issued: dict[str, _Issued] = {}
        self._of_user: Counter[str] = Counter()

    def issue(self, user_id: str, package_name: str) -> str:
        """A new token; of too many the user's oldest is worthless."""
        self._expire()
        if self._of_user[user_id] >= self._settings.most_of_user:
            self._drop(next(one for one, it in self._issued.items() if it.user_id == user_id))
        if len(self._issued) >= self._settings.most:
            self._drop(next(iter(self._issued)))
        token = secrets.token_hex(32)
        expires_at = self._clock.seconds() + self._settings.temporary_seconds
        self._issued[token] = _Issued(user_id, package_name, expires_at)
        self._of_user[user_id] += 1
        return token

    def redeem(self, token: str, package_name: str) -> str | None:
        """The user, once; None if it is none, was used, is too old or another package's."""
        self._expire()
        found = self._issued.get(token)
        if found is None or found.package_name != package_name:
            return None
        self._drop(token)
        return found.user_id

    def _expire(self) -> None:
        now = self._clock.seconds()
        while self._issued:
            oldest = next(iter(self._issued))
            if self._issued[oldest].expires_at > now:
                return
            self._drop(oldest)

    def _drop(self, token: str) -> None:
        user_id = self._issued.pop(token).user_id
        self._of_user[user_id] -= 1
        if not self._of_user[user_id]:
            del self._of_user[user_id]


temporary_tokens = ComponentFactory(ITemporaryTokens, TemporaryTokens)
