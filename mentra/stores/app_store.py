"""Apps and their keys: read from memory, written to a database."""

from collections.abc import Callable
from functools import partial

from twisted.internet.defer import Deferred
from zope.interface import implementer

from mentra.interfaces.stores import IAppStore
from mentra.records import App, AppServer
from mentra.stores import apps
from mentra.stores.database import Database
from mentra.stores.registry import AppRegistry, Snapshot


@implementer(IAppStore)
class AppStore(AppRegistry):
    """Knows what the database knows, from its first ``refresh`` on.

    Every write is of one lane, so memory changes in the order of the commits.

    :param now: wall time, POSIX seconds.
    """

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        super().__init__()
        self._database = database
        self._now = now

    def save(self, app: App) -> Deferred[App]:
        """Add or replace an app; it as it was kept."""
        return self._database.write(partial(apps.save, app=app), committed=self.app_saved)

    def remove(self, package_name: str) -> Deferred[bool]:
        """Forget an app, its keys, installs and settings; whether it was there."""
        return self._database.write(
            partial(apps.remove, package_name=package_name),
            committed=lambda was_there: self.app_removed(package_name),
        )

    def add_key(self, package_name: str, api_key: str) -> Deferred[tuple[str, ...]]:
        """Make *api_key* the newest key; the hashes of the live ones."""
        return self._database.write(
            partial(apps.add_key, package_name=package_name, api_key=api_key, now=self._now()),
            committed=partial(self.keys_changed, package_name),
        )

    def register_server(self, server: AppServer) -> Deferred[AppServer]:
        """Remember an app's server."""
        return self._database.write(
            partial(apps.register_server, server=server), committed=self.server_registered
        )

    def refresh(self) -> Deferred[Snapshot]:
        """Somebody else wrote: read everything again."""
        # as a write, for it must not be overtaken by one
        return self._database.write(apps.read_all, committed=self.replace)
