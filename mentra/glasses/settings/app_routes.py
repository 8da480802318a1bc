"""The pages on which a user sets up an app, and where SDKs fetch the outcome.

Source: docs/protocol/settings.rst.
"""

from typing import Annotated, Any, TypedDict

import msgspec

from mentra.answers import Done
from mentra.errors import Denied, NotThere, Refused
from mentra.extension import Access, route
from mentra.glasses.settings.declared import has_value, misfits
from mentra.glasses.settings.manager import resolved_of_app, value_of
from mentra.glasses.settings.writing import MAX_KEY, save_app_settings, user_of
from mentra.identity import canonical_user_id, user_of_app_session
from mentra.interfaces.services import IAuthRules
from mentra.interfaces.shared import ISettingsCourier
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.interfaces.web import ICall
from mentra.records import App, Permission, User

MOST_ENTRIES = 1000
"""Settings that are changed at a time."""

_PAGES = ("/appsettings/{package_name}", "/tpasettings/{package_name}")
_FOR_SDKS = ("/appsettings/user/{package_name}", "/tpasettings/user/{package_name}")
_GONE = "There is no such app."


class SettingsPage(TypedDict):
    """An app and its settings, each with what was ``selected``."""

    success: bool
    userId: str
    name: str
    description: str
    uninstallable: bool
    webviewURL: str | None
    version: str
    settings: list[dict[str, Any]]
    permissions: list[Permission]
    organization: str | None


class SettingList(TypedDict):
    """Every setting an app declares, each with its ``value``."""

    success: bool
    settings: list[dict[str, Any]]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What one setting shall be; null is "back to the default"."""

    key: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_KEY)]
    value: Any


Entries = Annotated[list[Entry], msgspec.Meta(max_length=MOST_ENTRIES)] | Entry
"""Several, or one."""


@route("GET", *_PAGES, access=Access.USER, answer=SettingsPage, errors={404: _GONE})
async def get_app_settings(call: ICall) -> Any:
    """An app's settings page: what it declares, and what the caller chose."""
    app, user_id = _known(call), _caller(call)
    stored = (await user_of(call.services, user_id)).app_settings.get(app.package_name)
    if stored is None:
        stored = await _begin(call, app, user_id)
    return {
        "success": True,
        "userId": user_id,
        "name": app.name or app.package_name,
        "description": app.description,
        "uninstallable": app.uninstallable,
        "webviewURL": app.webview_url,
        "version": app.version,
        "settings": [
            {**one, "selected": value_of(one, stored)} if has_value(one) else one
            for one in app.settings
        ],
        "permissions": app.permissions,
        "organization": app.organization_id,
    }


async def _begin(call: ICall, app: App, user_id: str) -> dict[str, Any]:
    """The defaults become what the caller has, as their app's page was opened."""
    defaults = {
        one["key"]: one["defaultValue"]
        for one in app.settings
        if has_value(one) and one.get("defaultValue") is not None
    }
    if not defaults:
        return {}
    return await save_app_settings(call.services, user_id, app.package_name, defaults)


@route(
    "POST",
    *_PAGES,
    access=Access.USER,
    body=Entries,
    answer=Done,
    max_body=1_048_576,
    errors={400: "The body is wrong, or a value is none that the setting may have.", 404: _GONE},
)
async def post_app_settings(call: ICall) -> Any:
    """Change some of the caller's settings of an app; the app and its server are told."""
    app, user_id = _known(call), _caller(call)
    written = call.body if isinstance(call.body, list) else [call.body]
    changes = {one.key: one.value for one in written}
    if wrong := misfits(app.settings, changes):
        raise Refused("INVALID_SETTINGS", f"the value of {wrong[0]!r} is none that it may have")
    try:
        stored = await save_app_settings(call.services, user_id, app.package_name, changes)
    except NotThere as gone:
        raise _no_app() from gone
    courier = ISettingsCourier(call.services)
    courier.post(app, user_id, resolved_of_app(app.settings, stored))
    return {"success": True, "message": "Settings updated successfully"}


@route(
    "GET",
    *_FOR_SDKS,
    access=Access.PUBLIC,
    answer=SettingList,
    errors={401: "The bearer is missing.", 403: "Switched off.", 404: "No such app or user."},
)
async def get_app_settings_for_sdk(call: ICall) -> Any:
    """What an app is told of the settings of the user that the bearer names.

    Nothing is proved by that, and SDKs send nothing else; so this can be switched off.
    """
    app = _known(call)
    if not IAuthRules(call.services).bare_email_routes:
        message = "Routes that take a bare address are switched off here"
        raise Denied(403, {"success": False, "error": "Forbidden", "message": message})
    user = await _named(call, app.package_name)
    if user is None:
        raise Denied(404, {"success": False, "error": "User not found"})
    stored = user.app_settings.get(app.package_name, {})
    return {"success": True, "settings": resolved_of_app(app.settings, stored)}


async def _named(call: ICall, package_name: str) -> User | None:
    """Who the bearer names: SDKs of today put the app's session id where the user id was meant."""
    scheme, _, written = (call.header("authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not written.strip():
        raise Denied(401, {"success": False, "error": "Authorization header missing or invalid"})
    named = written.strip()
    users = IUserStore(call.services)
    user_id = user_of_app_session(named, package_name) or canonical_user_id(named)
    user: User | None = await users.load(user_id)
    return user


def _known(call: ICall) -> App:
    app: App | None = IAppStore(call.services).get(call.values["package_name"])
    if app is None:
        raise _no_app()
    return app


def _no_app() -> Denied:
    return Denied(404, {"success": False, "error": "App not found", "message": "App not found"})


def _caller(call: ICall) -> str:
    if call.user_id is None:
        raise Denied(401, {"error": "Authorization header missing or invalid"})
    return call.user_id
