"""What apps may do, over HTTP: to read, and for their developers to change.

Source: docs/protocol/http.rst, "permissions".
"""

from typing import Annotated, Any, Literal

import msgspec

from mentra.errors import Denied
from mentra.extension import Access, route
from mentra.glasses.apps.answers import Permissions, PublicPermissions
from mentra.interfaces.stores import IAppStore
from mentra.interfaces.web import ICall
from mentra.records import App, Permission

PERMISSIONS = (
    "MICROPHONE", "LOCATION", "BACKGROUND_LOCATION", "CALENDAR", "CAMERA", "NOTIFICATIONS",
    "READ_NOTIFICATIONS", "POST_NOTIFICATIONS", "ALL",
)  # fmt: skip
"""Everything an app may be allowed; ``NOTIFICATIONS`` is the older word for reading them."""

PermissionType = Literal[
    "MICROPHONE", "LOCATION", "BACKGROUND_LOCATION", "CALENDAR", "CAMERA", "NOTIFICATIONS",
    "READ_NOTIFICATIONS", "POST_NOTIFICATIONS", "ALL",
]  # fmt: skip
_ERRORS = {403: "The caller is not the app's developer.", 404: "There is no such app."}


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One permission."""

    type: PermissionType
    description: Annotated[str, msgspec.Meta(max_length=1000)] | None = None


class WantedPermissions(msgspec.Struct, frozen=True, kw_only=True):
    """What the app shall be allowed, instead of what it was."""

    permissions: Annotated[tuple[Wanted, ...], msgspec.Meta(max_length=len(PERMISSIONS))]


@route(
    "GET",
    "/api/public/permissions/{package_name}",
    access=Access.PUBLIC,
    answer=PublicPermissions,
    errors={404: "There is no such app."},
)
def get_public_permissions(call: ICall) -> Any:
    """What an app may do: SDKs warn their developers of what is missing."""
    app = _known(call)
    return {"success": True, "packageName": app.package_name, "permissions": app.permissions}


@route("GET", "/api/permissions/{package_name}", access=Access.USER, answer=Permissions,
       errors=_ERRORS)  # fmt: skip
def get_permissions(call: ICall) -> Any:
    """The same, for the app's developer."""
    return {"permissions": _own(call).permissions}


@route(
    "PATCH",
    "/api/permissions/{package_name}",
    access=Access.USER,
    body=WantedPermissions,
    answer=Permissions,
    errors=_ERRORS,
)
async def patch_permissions(call: ICall) -> Any:
    """Change what the developer's app may do; it counts from the next message on."""
    app = _own(call)
    wanted: WantedPermissions = call.body
    permissions = tuple(
        Permission(type=one.type, description=one.description) for one in wanted.permissions
    )
    changed = msgspec.structs.replace(app, permissions=permissions)
    kept: App = await IAppStore(call.services).save(changed)
    return {"permissions": kept.permissions}


def _known(call: ICall) -> App:
    app: App | None = IAppStore(call.services).get(call.values["package_name"])
    if app is None:
        raise _no(404, "App not found")
    return app


def _own(call: ICall) -> App:
    app = _known(call)
    if call.user_id is None or app.developer_id != call.user_id:
        raise _no(403, "Only the developer of this app may do that")
    return app


def _no(status: int, message: str) -> Denied:
    return Denied(status, {"success": False, "error": message, "message": message})
