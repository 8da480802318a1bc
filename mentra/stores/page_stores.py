"""Settings and credentials of pages, in a database."""

from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from mentra.interfaces.channel_stores import ICredentials, IKeptSettings
from mentra.stores import credentials, page_settings
from mentra.stores.database import Transactions


@implementer(IKeptSettings)
class PageSettingsStore:
    """Keeps nothing in memory."""

    def __init__(self, database: Transactions) -> None:
        self._database = database

    def read(self, user_id: str) -> Deferred[dict[str, Any]]:
        """What the person has set."""
        return self._database.read(partial(page_settings.read, user_id=user_id))

    def change(
        self, user_id: str, edit: page_settings.Edit
    ) -> Deferred[tuple[dict[str, Any], dict[str, Any]]]:
        """Have *edit* make new settings of the old; both."""
        act = partial(page_settings.change, user_id=user_id, edit=edit)
        return self._database.write(act, lane=user_id)


@implementer(ICredentials)
class CredentialStore:
    """Keeps nothing in memory, the keys neither: they may be changed while the server runs.

    :param key_text: reads the key file, and makes it where it is missing; called in a thread.
    :param now: wall time, POSIX seconds.
    """

    def __init__(
        self,
        database: Transactions,
        key_text: credentials.KeyText,
        now: Callable[[], float],
    ) -> None:
        self._database = database
        self._key_text = key_text
        self._now = now

    def keys(self, user_id: str) -> Deferred[list[str]]:
        """A person's keys, sorted."""
        return self._database.read(partial(credentials.keys, user_id=user_id))

    def metadata(self, user_id: str, key: str) -> Deferred[tuple[bool, dict[str, Any] | None]]:
        """Whether it is there, and what was said about it."""
        return self._database.read(partial(credentials.metadata, user_id=user_id, key=key))

    def put(
        self, user_id: str, key: str, token: str, metadata: dict[str, Any] | None, most: int
    ) -> Deferred[None]:
        """Keep a token."""
        act = partial(
            credentials.put, user_id=user_id, key=key, token=token, about=metadata, most=most,
            key_text=self._key_text, now=self._now(),
        )  # fmt: skip
        return self._database.write(act, lane=user_id)

    def remove(self, user_id: str, key: str) -> Deferred[bool]:
        """Forget one; whether it was there."""
        act = partial(credentials.remove, user_id=user_id, key=key)
        return self._database.write(act, lane=user_id)

    def token(self, user_id: str, key: str) -> Deferred[str | None]:
        """The token, or None."""
        act = partial(credentials.token, user_id=user_id, key=key, key_text=self._key_text)
        return self._database.read(act)
