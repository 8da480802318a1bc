"""Apps as the API shows them.  Source: docs/protocol/http.rst, "apps"."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from mentra.glasses.apps.compatibility import Compatibility, compatibility_of
from mentra.glasses.apps.settings import AppsSettings
from mentra.interfaces.glasses import IApps, IDevice
from mentra.interfaces.services import IServices
from mentra.interfaces.session import ISessions, IUserSession
from mentra.interfaces.shared import IAppHealth
from mentra.interfaces.stores import IAppStore
from mentra.messages.stamps import iso
from mentra.records import App, Install, User

Row = dict[str, Any]
_FITS = Compatibility(is_compatible=True, missing_required=[], missing_optional=[])
_INTERNAL = ("webviewUrl", "logoUrl", "system", "enabled", "developerId")


# -- what anyone may see


def public_row(app: App) -> Row:
    """An app for whoever asks; where its server is and who wrote it is none of their business."""
    row = _record(app)
    del row["publicUrl"]
    return row


def published(services: IServices) -> Iterator[App]:
    """Apps that anyone may find."""
    for app in IAppStore(services).all():
        if app.app_store_status == "PUBLISHED" and app.is_public and _is_listed(app, services):
            yield app


def is_found(app: App, words: str) -> bool:
    """Whether *words* stand in the app's name, description or package name."""
    texts = (app.name, app.description, app.package_name)
    return any(words.lower() in text.lower() for text in texts)


def _is_listed(app: App, services: IServices) -> bool:
    return app.enabled and not _is_dashboard(app, services)


def _is_dashboard(app: App, services: IServices) -> bool:
    """The dashboard is nobody's to start or stop, of whatever type its record says it is."""
    settings: AppsSettings = services.settings(AppsSettings)
    return app.app_type == "system_dashboard" or app.package_name == settings.system_dashboard


def _record(app: App) -> Row:
    row: Row = msgspec.to_builtins(app)
    for name in _INTERNAL:
        row.pop(name, None)
    return row | {"webviewURL": app.webview_url, "logoURL": app.logo_url}


# -- what a user sees


def store_listing(user: User, services: IServices) -> list[Row]:
    """Every app on the user's list, and every one that runs."""
    session = ISessions(services).get(user.user_id)
    return [
        store_row(app, install, session, services)
        for app, install in _apps_of(user, session, services)
    ]


def installed_listing(user: User, services: IServices) -> list[Row]:
    """Every app on the user's list."""
    return [row for row in store_listing(user, services) if "installedDate" in row]


def available_listing(user: User, services: IServices, organization_id: str | None) -> list[Row]:
    """Every app that the user could have: those for everyone, those of an organisation where one is
    named, what the user wrote, and what the user has."""
    session = ISessions(services).get(user.user_id)
    installs = {install.package_name: install for install in user.installs}
    return [
        {
            **store_row(app, installs.get(app.package_name), session, services),
            "isInstalled": app.package_name in installs,
        }
        for app in _available(IAppStore(services).all(), user, organization_id)
        if _is_listed(app, services)
        or (app.package_name in installs and not _is_dashboard(app, services))
    ]


def _available(apps: Iterable[App], user: User, organization_id: str | None) -> Iterator[App]:
    installed = {install.package_name for install in user.installs}
    for app in apps:
        is_published = app.app_store_status == "PUBLISHED"
        of_theirs = organization_id is not None and app.organization_id == organization_id
        mine = app.package_name in installed or app.developer_id == user.user_id
        if (is_published and (app.is_public or of_theirs)) or mine:
            yield app


def store_row(
    app: App, install: Install | None, session: IUserSession | None, services: IServices
) -> Row:
    """One app as the store pages read it."""
    running = _is_running(session, app)
    fit = _FITS if session is None else compatibility_of(app, IDevice(session))
    return {
        **_record(app),
        "is_running": running,
        "is_foreground": running and app.app_type == "standard",
        "isOnline": _is_online(app, services),
        "compatibility": fit,
        **_dates(install),
    }


def client_listing(user: User, services: IServices) -> list[Row]:
    """The user's apps in the fewer words that phones understand."""
    session = ISessions(services).get(user.user_id)
    return [
        {
            "packageName": app.package_name,
            "name": app.name or app.package_name,
            "webviewUrl": app.webview_url or "",
            "logoUrl": app.logo_url or "",
            "type": app.app_type,
            "permissions": app.permissions,
            "running": _is_running(session, app),
            "healthy": app.enabled and _is_online(app, services) is not False,
            "hardwareRequirements": app.hardware_requirements,
            **_dates(install),
        }
        for app, install in _apps_of(user, session, services)
    ]


def _apps_of(
    user: User, session: IUserSession | None, services: IServices
) -> Iterator[tuple[App, Install | None]]:
    """Apps that still exist; the dashboard is left out."""
    installs = {install.package_name: install for install in user.installs}
    running = tuple(IApps(session).running()) if session is not None else ()
    store = IAppStore(services)
    for package_name in dict.fromkeys((*installs, *running)):
        app = store.get(package_name)
        if app is not None and not _is_dashboard(app, services):
            yield app, installs.get(package_name)


def _is_running(session: IUserSession | None, app: App) -> bool:
    return session is not None and bool(IApps(session).is_running(app.package_name))


def _is_online(app: App, services: IServices) -> bool | None:
    health = IAppHealth(services, None)
    online: bool | None = None if health is None else health.known(app.package_name)
    return online


def _dates(install: Install | None) -> Row:
    if install is None:
        return {}
    dates = {"installedDate": iso(install.installed_at)}
    if install.last_active_at is not None:
        dates["lastActiveAt"] = iso(install.last_active_at)
    return dates
