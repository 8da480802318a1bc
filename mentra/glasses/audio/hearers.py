"""Apps that ask over HTTP for what a user said: proved by key, running, and allowed to hear."""

from typing import Annotated

import msgspec

from mentra.errors import Denied
from mentra.interfaces.glasses import IApps
from mentra.interfaces.session import IUserSession
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
_NOT_YOURS = {
    "error": "Forbidden",
    "message": f"Only an app that runs for this user and has the permission {PERMISSION} may ask",
}

DENIALS = {401: "The key is missing or not this package's.", 403: _NOT_YOURS["message"]}
"""What :func:`proved` and :func:`check` raise, for the API document."""


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


def check(call: ICall, session: IUserSession | None, package_name: str) -> None:
    """See that the app runs in *session* and may hear.

    :raises Denied: 403, whether there is a session or not: only the user's apps may know.
    """
    app = IAppStore(call.services).get(package_name)
    allowed = app is not None and app.has_permission(PERMISSION)
    if session is None or not allowed or not IApps(session).is_running(package_name):
        raise Denied(403, dict(_NOT_YOURS))
