"""What is remembered of a user's apps: which to start with the next session, and when they ran."""

from collections.abc import Callable
from typing import Any

import msgspec
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.logger import Logger

from mentra.errors import MentraError
from mentra.glasses.apps.settings import AppsSettings
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.stores import IUserStore

Write = Callable[[], Any]


class AppMemory:
    """Writes behind the back of the messages: one write at a time, in order, the newest of a kind
    replacing one that has not begun."""

    _log = Logger()

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._users = IUserStore(services)
        settings: AppsSettings = services.settings(AppsSettings)
        self._dashboard = settings.system_dashboard
        self._preinstalled = settings.preinstalled
        self._due: dict[tuple[str, str], Write] = {}
        self._writing: Deferred[None] | None = None

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
        self._write(("touch", package_name), lambda: self._users.touch(user_id, package_name))

    def written(self) -> Deferred[None]:
        """Fires when everything is in the store."""
        waiter: Deferred[None] = Deferred()
        if self._writing is None:
            return succeed(None)
        self._writing.addCallback(lambda ignored: waiter.callback(None))
        return waiter

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
        self._write(
            ("running", package_name),
            lambda: self._users.set_running(user.user_id, package_name, running),
        )

    def _write(self, kind: tuple[str, str], write: Write) -> None:
        self._due[kind] = write
        if self._writing is None:
            self._writing = Deferred()
            # never cancelled: an accepted write reaches the store even if the session ends
            Deferred.fromCoroutine(self._write_all()).addErrback(
                lambda failure: self._log.failure("apps were not remembered", failure=failure)
            )

    async def _write_all(self) -> None:
        try:
            while self._due:
                kind = next(iter(self._due))
                write = self._due.pop(kind)
                await self._one(kind, write)
        finally:
            done, self._writing = self._writing, None
            if done is not None:
                done.callback(None)

    async def _one(self, kind: tuple[str, str], write: Write) -> None:
        try:
            await write()
        except MentraError as problem:
            self._log.warn("{kind} of {package} was not remembered: {problem}",
                           kind=kind[0], package=kind[1], problem=str(problem))  # fmt: skip
        except CancelledError:
            raise
        except Exception:  # noqa: BLE001 - a store's bug must not lose the other writes
            self._log.failure("{kind} of {package} was not remembered",
                              kind=kind[0], package=kind[1])  # fmt: skip
