"""What is remembered of a user's apps: which to start with the next session, and when they ran."""

import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from mentra.errors import MentraError
from mentra.glasses.apps.settings import AppsSettings
from mentra.glasses.writing import WriteBehind
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.stores import IUserStore


class AppMemory:
    """Writes behind the back of the messages."""

    _log = Logger()

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._users = IUserStore(services)
        settings: AppsSettings = services.settings(AppsSettings)
        self._dashboard = settings.system_dashboard
        self._preinstalled = settings.preinstalled
        self._writes = WriteBehind("apps")

    def runs(self, package_name: str) -> None:
        """Start it with the user's next session; not the dashboard, which always is."""
        if package_name != self._dashboard:
            self._keep(package_name, True)

    def is_over(self, package_name: str) -> None:
        """Do not start it with the user's next session."""
        self._keep(package_name, False)

    def touch(self, package_name: str) -> None:
        """It was started or stopped just now."""
        user_id = self._session.user_id
        self._writes.add(("touch", package_name), lambda: self._users.touch(user_id, package_name))

    def written(self) -> Deferred[None]:
        """Fires when everything is in the store."""
        return self._writes.written()

    async def preinstall(self) -> None:
        """Give a user whose list is empty the apps of the house."""
        if self._session.user.installs:
            return
        for package_name in self._preinstalled:
            try:
                await self._users.install(self._session.user_id, package_name)
            except MentraError as problem:
                self._log.warn("{package} cannot be preinstalled: {problem}",
                               package=package_name, problem=str(problem))  # fmt: skip
        if self._preinstalled:
            await self.reload_installs()

    async def reload_installs(self) -> None:
        """The user's list changed in the store: have the session's user show it."""
        stored = await self._users.load(self._session.user_id)
        if stored is not None:
            self._session.remember(
                msgspec.structs.replace(self._session.user, installs=stored.installs)
            )

    def _keep(self, package_name: str, running: bool) -> None:
        user = self._session.user
        others = tuple(name for name in user.running_apps if name != package_name)
        if running and package_name in user.running_apps:
            return
        now = (*others, package_name) if running else others
        self._session.remember(msgspec.structs.replace(user, running_apps=now))
        self._writes.add(
            ("running", package_name),
            lambda: self._users.set_running(user.user_id, package_name, running),
        )
