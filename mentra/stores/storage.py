"""What apps keep about their users, in a database."""

from collections.abc import Mapping
from functools import partial

from twisted.internet.defer import Deferred
from zope.interface import implementer

from mentra.interfaces.stores import ISimpleStorage
from mentra.stores import simple_storage
from mentra.stores.database import Database


@implementer(ISimpleStorage)
class SimpleStorage:
    """Reads and writes; writes of one person are done in the order they were asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, user_id: str, package_name: str) -> Deferred[dict[str, str]]:
        """Everything the app keeps about the user."""
        return self._database.read(
            partial(simple_storage.read, user_id=user_id, package_name=package_name)
        )

    def merge(
        self, user_id: str, package_name: str, changes: Mapping[str, str | None], most: int
    ) -> Deferred[None]:
        """Put *changes* into it."""
        act = partial(
            simple_storage.merge,
            user_id=user_id,
            package_name=package_name,
            changes=dict(changes),
            most=most,
        )
        return self._database.write(act, lane=user_id)

    def clear(self, user_id: str, package_name: str) -> Deferred[None]:
        """Delete all of it."""
        act = partial(simple_storage.clear, user_id=user_id, package_name=package_name)
        return self._database.write(act, lane=user_id)
