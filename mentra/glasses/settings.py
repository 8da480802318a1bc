"""The user's settings and those of the apps, resolved.  Source: docs/protocol, "settings"."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from zope.interface import implementer

from mentra.extension import ManagerFactory, handler
from mentra.interfaces.glasses import ISettings
from mentra.interfaces.messaging import IContext
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.stores import IAppStore
from mentra.messages.settings import RequestSettings, UserSettings

DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "useOnboardMic": False,
        "contextualDashboard": True,
        "headUpAngle": 20,
        "brightness": 50,
        "autoBrightness": False,
        "sensingEnabled": True,
        "alwaysOnStatusBar": False,
        "bypassVad": False,
        "bypassAudioEncoding": False,
        "metricSystemEnabled": False,
    }
)
"""What a user has who never changed a setting."""

VALUELESS = frozenset({"group", "titleValue"})
"""Declared entries that only arrange the others: they have no value."""


@implementer(ISettings)
class SettingsManager:
    """Answers from what the session knows of its user."""

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._apps = IAppStore(services)

    def mentraos(self) -> dict[str, Any]:
        """The user's settings, every key."""
        return {**DEFAULTS, **self._session.user.settings}

    def of_app(self, package_name: str) -> list[dict[str, Any]]:
        """One entry per declared setting, with its ``value``; then what is stored under keys that
        are not declared any more."""
        app = self._apps.get(package_name)
        stored = self._session.user.app_settings.get(package_name, {})
        declared = [] if app is None else [one for one in app.settings if _has_value(one)]
        keys = {one["key"] for one in declared}
        left = [{"key": key, "value": value} for key, value in stored.items() if key not in keys]
        return [_resolved(one, stored) for one in declared] + left


def _has_value(declared: Mapping[str, Any]) -> bool:
    key = declared.get("key")
    return isinstance(key, str) and key != "" and declared.get("type") not in VALUELESS


def _resolved(declared: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    # SDKs read the value alone, never the default
    return {**declared, "value": stored.get(declared["key"], declared.get("defaultValue"))}


settings_manager = ManagerFactory(ISettings, SettingsManager)


@handler("glasses", RequestSettings)
def request_settings(message: RequestSettings, context: IContext) -> UserSettings:
    """Answer an older phone."""
    session = context.session
    return UserSettings(session_id=session.user_id, settings=ISettings(session).mentraos())
