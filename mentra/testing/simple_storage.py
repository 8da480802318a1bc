"""What apps keep about their users, without a database."""

from collections.abc import Mapping

from twisted.internet.defer import Deferred, execute
from zope.interface import implementer

from mentra.interfaces.stores import ISimpleStorage
from mentra.stores.simple_storage import grown
from mentra.testing.stores import MemoryAppStore, MemoryUserStore


@implementer(ISimpleStorage)
class MemorySimpleStorage:
    """Gone with the process.

    :param apps: that may keep something.
    :param users: about whom.
    """

    def __init__(self, apps: MemoryAppStore, users: MemoryUserStore) -> None:
        self._apps = apps
        self._users = users
        self._data: dict[tuple[str, str], dict[str, str]] = {}
        apps.removal_listeners.append(lambda package_name: self._forget(package_name))
        users.removal_listeners.append(lambda user_id: self._forget(user_id))

    def read(self, user_id: str, package_name: str) -> Deferred[dict[str, str]]:
        """Everything the app keeps about the user."""
        return execute(lambda: dict(self._data.get((user_id, package_name), {})))

    def merge(
        self, user_id: str, package_name: str, changes: Mapping[str, str | None], most: int
    ) -> Deferred[None]:
        """Put *changes* into it."""
        return execute(self._merge, user_id, package_name, changes, most)

    def _merge(
        self, user_id: str, package_name: str, changes: Mapping[str, str | None], most: int
    ) -> None:
        self._users.require(user_id)
        self._apps.require(package_name)
        whose = (user_id, package_name)
        self._data[whose] = grown(self._data.get(whose, {}), changes, most)

    def clear(self, user_id: str, package_name: str) -> Deferred[None]:
        """Delete all of it."""
        return execute(lambda: (self._data.pop((user_id, package_name), None), None)[1])

    def _forget(self, name: str) -> None:
        self._data = {whose: data for whose, data in self._data.items() if name not in whose}
