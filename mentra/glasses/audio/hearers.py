"""Apps that ask over HTTP for what a user said: proved by key, running, and allowed to hear."""

from typing import Annotated

import msgspec

from mentra.errors import Denied
from mentra.interfaces.glasses import IApps
from mentra.interfaces.session import ISessions, IUserSession
from mentra.interfaces.stores import IAppStore
from mentra.interfaces.web import ICall

PERMISSION = "MICROPHONE"
_NO_KEY = {
    "error": "Missing or invalid Authorization header",
    "message": "Authorization header must be: Bearer <packageName>:<apiKey>",
}
_WRONG_KEY = {
    "error": "Invalid API key",
    "message": "The API key does not belong to this package",
}
_MAY_NOT = {"error": "Forbidden", "message": f"The app needs the permission {PERMISSION}"}

DENIALS = {401: "The key is missing or not this package's.", 403: _MAY_NOT["message"]}
"""What :func:`proved` and :func:`session_for` raise, for the API document."""


class KeyInQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An app's key, where it is not in the ``Authorization`` header."""

    package_name: Annotated[str, msgspec.Meta(description="The app's package name.")] = ""
    api_key: Annotated[str, msgspec.Meta(description="One of its API keys.")] = ""


def proved(call: ICall) -> str:
    """The package name of the app that calls: by ``Authorization: Bearer PACKAGE:KEY``, or else by
    :class:`KeyInQuery`.

    :raises Denied: 401.
    """
    asked: KeyInQuery = call.asked
    package_name, api_key = asked.package_name, asked.api_key
    scheme, _, token = (call.header("authorization") or "").partition(" ")
    if scheme.lower() == "bearer" and ":" in token:
        package_name, _, api_key = token.strip().partition(":")
    if not (package_name and api_key):
        raise Denied(401, dict(_NO_KEY))
    if not IAppStore(call.services).key_is_valid(package_name, api_key):
        raise Denied(401, dict(_WRONG_KEY))
    return package_name


def session_for(call: ICall, user_id: str, package_name: str, missing: str) -> IUserSession:
    """The user's session, for an app that runs in it and may hear.

    :raises Denied: 403; or 404 with *missing*, whether there is no session or it is not the app's:
        only the user's apps may know.
    """
    app = IAppStore(call.services).get(package_name)
    if app is None or not app.has_permission(PERMISSION):
        raise Denied(403, dict(_MAY_NOT))
    session: IUserSession | None = ISessions(call.services).get(user_id)
    if session is None or not IApps(session).is_running(package_name):
        raise Denied(404, {"error": missing})
    return session
