"""The user's settings and those of the apps, resolved.  Source: docs/protocol/settings.rst."""

from collections.abc import Mapping
from typing import Any

import msgspec
from twisted.logger import Logger
from zope.interface import implementer

from mentra.events import UserSettingsChanged
from mentra.extension import ManagerFactory
from mentra.glasses.settings.declared import has_value
from mentra.glasses.settings.keys import news, of_core_status, resolved
from mentra.identity import app_session_id
from mentra.interfaces.glasses import IApps, ISettings
from mentra.interfaces.messaging import IPeer
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.stores import IAppStore
from mentra.messages.settings import AppSettingsUpdate, MentraosSettingsUpdate


@implementer(ISettings)
class SettingsManager:
    """Answers from what the session knows of its user."""

    _log = Logger()

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._apps = IAppStore(services)
        self._complained = False

    def mentraos(self) -> dict[str, Any]:
        """The user's settings, every key."""
        return resolved(self._session.user.settings)

    def of_app(self, package_name: str) -> list[dict[str, Any]]:
        """One entry per declared setting, with its ``value``; then what is stored under keys that
        are not declared any more."""
        app = self._apps.get(package_name)
        stored = self._session.user.app_settings.get(package_name, {})
        return resolved_of_app(() if app is None else app.settings, stored)

    def replaced(self, stored: Mapping[str, Any]) -> None:
        """*stored* is what the store has of the user's settings now."""
        before, known = self.mentraos(), self._session.user.settings
        self._remember(settings=dict(stored))
        changed = {
            key: stored.get(key) for key in {**known, **stored} if known.get(key) != stored.get(key)
        }
        if self.mentraos() != before:
            for package_name, peer in tuple(IApps(self._session).running().items()):
                self._tell(package_name, peer)
        if changed:
            self._session.announce(UserSettingsChanged(changed))

    def app_replaced(self, package_name: str, stored: Mapping[str, Any]) -> None:
        """*stored* is what the store has of the user's settings of an app now."""
        of_apps = {**self._session.user.app_settings, package_name: dict(stored)}
        self._remember(app_settings=of_apps)
        peer = IApps(self._session).running().get(package_name)
        if peer is None:
            return
        update = AppSettingsUpdate(
            package_name=package_name,
            session_id=app_session_id(self._session.user_id, package_name),
            settings=self.of_app(package_name),
        )
        peer.send(update)
        # SDKs take the array above for the user's settings too, so set them right at once
        self._tell(package_name, peer)

    def reported(self, status: object) -> dict[str, Any]:
        """What of a phone's status is news, by the keys it is stored under."""
        said = of_core_status(status)
        if said is not None:
            return news(said, self._session.user.settings)
        if not self._complained:
            # phones repeat themselves every few seconds
            self._complained = True
            self._log.info("a status without core_info or connected_glasses is ignored")
        return {}

    def _tell(self, package_name: str, peer: IPeer) -> None:
        session_id = app_session_id(self._session.user_id, package_name)
        peer.send(MentraosSettingsUpdate(session_id=session_id, settings=self.mentraos()))

    def _remember(self, **fields: Any) -> None:
        self._session.remember(msgspec.structs.replace(self._session.user, **fields))


def resolved_of_app(
    declared: tuple[dict[str, Any], ...], stored: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """What an app is told of its settings: every *declared* one that can have a value, with it."""
    valued = [one for one in declared if has_value(one)]
    keys = {one["key"] for one in valued}
    left = [{"key": key, "value": value} for key, value in stored.items() if key not in keys]
    return [{**one, "value": value_of(one, stored)} for one in valued] + left


def value_of(declared: Mapping[str, Any], stored: Mapping[str, Any]) -> Any:
    """The user's choice, or else the default; SDKs read it alone, never the default."""
    return stored.get(declared["key"], declared.get("defaultValue"))


settings_manager = ManagerFactory(ISettings, SettingsManager)
