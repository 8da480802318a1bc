"""Stores without a database: what they are asked is done when they answer."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from twisted.internet.defer import Deferred, execute
from zope.interface import implementer

from mentra.errors import NotThere
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.records import App, AppServer, Feedback, Install, User, Whereabouts
from mentra.stores.experiences import MOST_KEPT, storable
from mentra.stores.names import is_name, require_name
from mentra.stores.registry import AppRegistry, hash_of, tidied, with_newest
from mentra.stores.settings import from_text, merged, to_text

_SOME_TIME = 1_748_779_200.0
"""2025-06-01T12:00:00Z, for tests that do not care."""


@implementer(IAppStore)
class MemoryAppStore(AppRegistry):
    """Apps and their keys, gone with the process."""

    def __init__(self) -> None:
        super().__init__()
        self.removal_listeners: list[Callable[[str], None]] = []

    def save(self, app: App) -> Deferred[App]:
        """Add or replace an app; its keys stay."""
        return execute(self._save, app)

    def _save(self, app: App) -> App:
        require_name(app.package_name)
        kept = tidied(app)
        self.app_saved(kept)
        return kept

    def remove(self, package_name: str) -> Deferred[bool]:
        """Forget an app and all that hangs off it; whether it was there."""
        return execute(self._remove, package_name)

    def _remove(self, package_name: str) -> bool:
        was_there = self.get(package_name) is not None
        self.app_removed(package_name)
        for removed in self.removal_listeners:
            removed(package_name)
        return was_there

    def add_key(self, package_name: str, api_key: str) -> Deferred[None]:
        """Make *api_key* the newest key."""
        return execute(self._add_key, package_name, api_key)

    def _add_key(self, package_name: str, api_key: str) -> None:
        self.require(package_name)
        live = self._keys.get(package_name, ())
        self.keys_changed(package_name, with_newest(live, hash_of(api_key)))

    def register_server(self, server: AppServer) -> Deferred[None]:
        """Remember an app's server."""
        return execute(self._register_server, server)

    def _register_server(self, server: AppServer) -> None:
        self.require(server.package_name)
        self.server_registered(server)

    def refresh(self) -> Deferred[None]:
        """Nobody else writes here."""
        return execute(lambda: None)

    def require(self, package_name: str) -> None:
        """Let a known app by.

        :raises NotThere: it is unknown.
        """
        if self.get(package_name) is None:
            raise NotThere(f"there is no app {package_name}")


@implementer(IUserStore)
class MemoryUserStore:
    """People and what is theirs, gone with the process.

    :param apps: whose apps can be installed.
    :param now: wall time, POSIX seconds.
    :ivar feedback: what everybody had to say.
    """

    def __init__(self, apps: MemoryAppStore, now: Callable[[], float] = lambda: _SOME_TIME) -> None:
        self._apps = apps
        self.feedback: list[Feedback] = []
        self._now = now
        self._users: dict[str, User] = {}
        self._revoked: dict[str, float] = {}
        self.removal_listeners: list[Callable[[str], None]] = []
        apps.removal_listeners.append(self._app_removed)

    def knows(self, user_id: str) -> bool:
        """Whether there is such a user."""
        return user_id in self._users

    def load(self, user_id: str) -> Deferred[User | None]:
        """The user, or None."""
        return execute(self._load, user_id)

    def _load(self, user_id: str) -> User | None:
        user = self._users.get(user_id)
        return None if user is None else _copied(user)

    def create(self, user_id: str) -> Deferred[User]:
        """The user, made if need be."""
        return execute(self._create, user_id)

    def _create(self, user_id: str) -> User:
        require_name(user_id)
        made = User(user_id=user_id, created_at=self._now())
        return _copied(self._users.setdefault(user_id, made))

    def all(self) -> Deferred[tuple[str, ...]]:
        """All user ids, sorted."""
        return execute(lambda: tuple(sorted(self._users)))

    def remove(self, user_id: str) -> Deferred[bool]:
        """Delete a person's data and revoke the tokens; whether there was anything."""
        return execute(self._remove, user_id)

    def _remove(self, user_id: str) -> bool:
        if not is_name(user_id):
            return False
        self._revoked[user_id] = max(self._now(), self._revoked.get(user_id, 0.0))
        for removed in self.removal_listeners:
            removed(user_id)
        return self._users.pop(user_id, None) is not None

    def revoked_before(self, user_id: str) -> float | None:
        """POSIX seconds up to which the user's tokens are revoked, or None."""
        return self._revoked.get(user_id)

    def install(self, user_id: str, package_name: str) -> Deferred[bool]:
        """Put an app on the user's list; whether it was new."""
        return execute(self._install, user_id, package_name)

    def _install(self, user_id: str, package_name: str) -> bool:
        user = self.require(user_id)
        self._apps.require(package_name)
        if any(install.package_name == package_name for install in user.installs):
            return False
        new = Install(package_name=package_name, installed_at=self._now())
        self._change(user, installs=(*user.installs, new))
        return True

    def uninstall(self, user_id: str, package_name: str) -> Deferred[bool]:
        """Take it off the list and delete its settings; whether it was there."""
        return execute(self._uninstall, user_id, package_name)

    def _uninstall(self, user_id: str, package_name: str) -> bool:
        user = self._users.get(user_id)
        if user is None:
            return False
        self._change(_without(user, package_name))
        return any(install.package_name == package_name for install in user.installs)

    def set_running(self, user_id: str, package_name: str, running: bool) -> Deferred[None]:
        """Whether to start the app with the user's next session."""
        return execute(self._set_running, user_id, package_name, running)

    def _set_running(self, user_id: str, package_name: str, running: bool) -> None:
        if running:
            user = self.require(user_id)
            self._apps.require(package_name)
            if package_name not in user.running_apps:
                self._change(user, running_apps=(*user.running_apps, package_name))
        elif (stopped := self._users.get(user_id)) is not None:
            left = tuple(name for name in stopped.running_apps if name != package_name)
            self._change(stopped, running_apps=left)

    def touch(self, user_id: str, package_name: str) -> Deferred[None]:
        """The app was started or stopped just now."""
        return execute(self._touch, user_id, package_name)

    def _touch(self, user_id: str, package_name: str) -> None:
        if (user := self._users.get(user_id)) is not None:
            installs = tuple(
                msgspec.structs.replace(install, last_active_at=self._now())
                if install.package_name == package_name
                else install
                for install in user.installs
            )
            self._change(user, installs=installs)

    def save_settings(self, user_id: str, changes: Mapping[str, Any]) -> Deferred[dict[str, Any]]:
        """Merge *changes* into the user's settings; all of them."""
        return execute(self._save_settings, user_id, changes)

    def _save_settings(self, user_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        user = self.require(user_id)
        text = to_text(merged(user.settings, changes))
        self._change(user, settings=from_text(text))
        return from_text(text)

    def save_app_settings(
        self, user_id: str, package_name: str, changes: Mapping[str, Any]
    ) -> Deferred[dict[str, Any]]:
        """The same for the user's settings of one app."""
        return execute(self._save_app_settings, user_id, package_name, changes)

    def _save_app_settings(
        self, user_id: str, package_name: str, changes: Mapping[str, Any]
    ) -> dict[str, Any]:
        user = self.require(user_id)
        self._apps.require(package_name)
        text = to_text(merged(user.app_settings.get(package_name, {}), changes))
        self._change(user, app_settings={**user.app_settings, package_name: from_text(text)})
        return from_text(text)

    def save_whereabouts(self, user_id: str, whereabouts: Whereabouts) -> Deferred[None]:
        """Replace what is known of where the user is."""
        return execute(lambda: self._change(self.require(user_id), whereabouts=whereabouts))

    def add_glasses_model(self, user_id: str, model_name: str) -> Deferred[None]:
        """The user had glasses of this model on."""
        return execute(self._add_glasses_model, user_id, model_name)

    def _add_glasses_model(self, user_id: str, model_name: str) -> None:
        user = self.require(user_id)
        require_name(model_name)
        models = tuple(dict.fromkeys((*user.glasses_models, model_name)))[-MOST_KEPT:]
        self._change(user, glasses_models=models)

    def complete_onboarding(self, user_id: str, package_name: str) -> Deferred[None]:
        """The user has seen an app's onboarding."""
        return execute(self._complete_onboarding, user_id, package_name)

    def _complete_onboarding(self, user_id: str, package_name: str) -> None:
        user = self.require(user_id)
        self._apps.require(package_name)
        self._change(user, onboarded=tuple(sorted({*user.onboarded, package_name})))

    def add_feedback(self, user_id: str, text: str) -> Deferred[None]:
        """Keep what the user had to say."""
        return execute(self._add_feedback, user_id, text)

    def _add_feedback(self, user_id: str, text: str) -> None:
        self.require(user_id)
        said = Feedback(user_id=user_id, created_at=self._now(), text=storable(text))
        self.feedback.append(said)

    def refresh(self) -> Deferred[None]:
        """Nobody else writes here."""
        return execute(lambda: None)

    def require(self, user_id: str) -> User:
        """A known user.

        :raises NotThere: they are not known.
        """
        user = self._users.get(user_id)
        if user is None:
            raise NotThere("there is no such user")
        return user

    def _change(self, user: User, **fields: Any) -> None:
        self._users[user.user_id] = msgspec.structs.replace(user, **fields)

    def _app_removed(self, package_name: str) -> None:
        for user in list(self._users.values()):
            self._change(_without(user, package_name))


def _without(user: User, package_name: str) -> User:
    return msgspec.structs.replace(
        user,
        installs=tuple(kept for kept in user.installs if kept.package_name != package_name),
        running_apps=tuple(name for name in user.running_apps if name != package_name),
        app_settings={
            name: kept for name, kept in user.app_settings.items() if name != package_name
        },
        onboarded=tuple(name for name in user.onboarded if name != package_name),
    )


def _copied(user: User) -> User:
    return msgspec.json.decode(msgspec.json.encode(user), type=User)
