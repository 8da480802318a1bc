"""A user's apps as the API shows them.  Source: docs/protocol, "apps"."""

from collections.abc import Iterator
from typing import Any

import msgspec

from mentra.glasses.apps.compatibility import Compatibility, compatibility_of
from mentra.interfaces.glasses import IApps, IDevice
from mentra.interfaces.session import IUserSession
from mentra.interfaces.stores import IAppStore
from mentra.messages.stamps import iso
from mentra.records import App, Install, User

Row = dict[str, Any]
_FITS = Compatibility(is_compatible=True, missing_required=[], missing_optional=[])
_INTERNAL = ("webviewUrl", "logoUrl", "system", "enabled")


def store_listing(user: User, session: IUserSession | None, store: IAppStore) -> list[Row]:
    """Every app on the user's list, and every one that runs."""
    rows = []
    for app, install in _apps_of(user, session, store):
        row: Row = msgspec.to_builtins(app)
        for name in _INTERNAL:
            row.pop(name, None)
        running = _is_running(session, app)
        fit = _FITS if session is None else compatibility_of(app, IDevice(session))
        row |= {
            "webviewURL": app.webview_url,
            "logoURL": app.logo_url,
            "is_running": running,
            "is_foreground": running and app.app_type == "standard",
            "isOnline": None,
            "compatibility": fit,
            **_dates(install),
        }
        rows.append(row)
    return rows


def client_listing(user: User, session: IUserSession | None, store: IAppStore) -> list[Row]:
    """The same, in the fewer words that phones understand."""
    return [
        {
            "packageName": app.package_name,
            "name": app.name or app.package_name,
            "webviewUrl": app.webview_url or "",
            "logoUrl": app.logo_url or "",
            "type": app.app_type,
            "permissions": app.permissions,
            "running": _is_running(session, app),
            "healthy": app.enabled,
            "hardwareRequirements": app.hardware_requirements,
            **_dates(install),
        }
        for app, install in _apps_of(user, session, store)
    ]


def _apps_of(
    user: User, session: IUserSession | None, store: IAppStore
) -> Iterator[tuple[App, Install | None]]:
    """Apps that still exist; the dashboard is nobody's to start or stop, so it is left out."""
    installs = {install.package_name: install for install in user.installs}
    running = tuple(IApps(session).running()) if session is not None else ()
    for package_name in dict.fromkeys((*installs, *running)):
        app = store.get(package_name)
        if app is not None and app.app_type != "system_dashboard":
            yield app, installs.get(package_name)


def _is_running(session: IUserSession | None, app: App) -> bool:
    return session is not None and bool(IApps(session).is_running(app.package_name))


def _dates(install: Install | None) -> Row:
    if install is None:
        return {}
    dates = {"installedDate": iso(install.installed_at)}
    if install.last_active_at is not None:
        dates["lastActiveAt"] = iso(install.last_active_at)
    return dates
