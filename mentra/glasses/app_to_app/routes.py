"""Who else has an app running, over HTTP.  Source: docs/protocol/company.rst."""

from typing import Annotated, TypedDict

import msgspec
from msgspec import Meta

from mentra.errors import Denied
from mentra.extension import Access, route
from mentra.identity import canonical_user_id
from mentra.interfaces.session import ISessions
from mentra.interfaces.shared import IAppToApp
from mentra.interfaces.stores import IAppStore
from mentra.interfaces.web import ICall
from mentra.messages.stamps import iso

MOST_LISTED = 1_000
"""Users in the answer."""


class Discovery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who asks.

    :ivar include_user_profiles: there are none here, so it makes no difference.
    """

    package_name: Annotated[str, Meta(max_length=512)] = ""
    user_id: Annotated[str, Meta(max_length=320)] = ""
    include_user_profiles: bool = False


class Other(TypedDict):
    """Another user of the app.

    :ivar sessionId: app session id.
    :ivar joinedAt: ISO 8601.
    """

    userId: str
    sessionId: str
    joinedAt: str


class Others(TypedDict):
    """All of them, the first thousand by name."""

    users: list[Other]
    totalUsers: int
    timestamp: str


@route(
    "POST",
    "/api/app-communication/discover-users",
    "/api/tpa-communication/discover-users",
    access=Access.KEY,
    body=Discovery,
    answer=Others,
    errors={
        401: "The key is missing or wrong.",
        404: "The user has no session in which the app runs.",
    },
)
def discover_users(call: ICall) -> Others:
    """The other users for whom the app runs now."""
    asked: Discovery = call.body
    _prove(call, asked.package_name)
    user_id = canonical_user_id(asked.user_id)
    session = ISessions(call.services).get(user_id)
    exchange = IAppToApp(call.services)
    member = None if session is None else exchange.member(session, asked.package_name)
    if member is None:
        # whether those are there who do not use the app is none of its business
        raise Denied(404, {"error": "No active session found for user"})
    member.active = True
    others = exchange.others(asked.package_name, user_id)
    users = [
        Other(userId=one.user_id, sessionId=one.session_id, joinedAt=iso(one.joined_at))
        for one in others[:MOST_LISTED]
    ]
    return {"users": users, "totalUsers": len(others), "timestamp": iso(call.services.now())}


def _prove(call: ICall, package_name: str) -> None:
    """SDKs send the bare key; with its package name before it, it must be this one."""
    scheme, _, written = (call.header("authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not written.strip():
        raise Denied(401, {"error": "Missing or invalid Authorization header"})
    if not package_name:
        raise Denied(400, {"error": "packageName is required"})
    store = IAppStore(call.services)
    if store.get(package_name) is None:
        raise Denied(401, {"error": "Invalid packageName"})
    named, colon, key = written.strip().rpartition(":")
    if (colon and named != package_name) or not store.key_is_valid(package_name, key):
        raise Denied(401, {"error": "Invalid API key"})
