"""Lists of apps over HTTP: the user's own, and what there is.

Source: docs/protocol/http.rst, "apps".
"""

from typing import Any

import msgspec

import mentra
from mentra.answers import Found, FoundNow
from mentra.errors import Denied
from mentra.extension import Access, route
from mentra.glasses.apps.acting import user_known, user_meant
from mentra.glasses.apps.answers import ClientRow, PublicRow, StoreRow, Version
from mentra.glasses.apps.listing import (
    Row,
    available_listing,
    client_listing,
    installed_listing,
    is_found,
    public_row,
    published,
    store_listing,
)
from mentra.interfaces.stores import IAppStore
from mentra.interfaces.web import ICall
from mentra.messages.stamps import iso
from mentra.records import App, User

MOST_FOUND = 200
"""Apps in the answer to a search."""


class Search(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is looked for.

    :ivar organization_id: whose apps alone.
    """

    query: str = ""
    organization_id: str | None = None


class Whose(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Of which organisation, besides those for everyone."""

    organization_id: str | None = None


class Acting(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """For whom an assistant asks, and its proof where it has no header.

    :ivar user_id: whose apps; not needed with a user's token.
    """

    user_id: str | None = None
    package_name: str | None = None
    api_key: str | None = None


# -- one user's


@route(
    "GET",
    "/apps",
    "/api/apps",
    access=Access.ASSISTANT,
    query=Acting,
    answer=Found[list[StoreRow]],
    errors={400: "No user is named.", 403: "The user does not have this assistant."},
)
async def list_apps(call: ICall) -> Any:
    """A user's apps, as the store pages and assistants read them."""
    asked: Acting = call.asked
    user = await user_meant(call, asked.user_id)
    return _list(store_listing(user, call.services))


@route("GET", "/api/client/apps", access=Access.USER, answer=FoundNow[list[ClientRow]])
async def list_client_apps(call: ICall) -> Any:
    """The caller's apps, as phones read them."""
    apps = client_listing(await _caller(call), call.services)
    return {"success": True, "data": apps, "timestamp": iso(call.services.now())}


@route("GET", "/apps/installed", "/api/apps/installed", access=Access.USER,
       answer=Found[list[StoreRow]])  # fmt: skip
async def list_installed(call: ICall) -> Any:
    """What is on the caller's list."""
    return _list(installed_listing(await _caller(call), call.services))


@route("GET", "/apps/available", "/api/apps/available", access=Access.USER, query=Whose,
       answer=Found[list[StoreRow]])  # fmt: skip
async def list_available(call: ICall) -> Any:
    """What the caller could have."""
    asked: Whose = call.asked
    return _list(available_listing(await _caller(call), call.services, asked.organization_id))


# -- everyone's


@route("GET", "/apps/public", "/api/apps/public", access=Access.PUBLIC,
       answer=Found[list[PublicRow]])  # fmt: skip
def list_public(call: ICall) -> Any:
    """What is published for everyone and has a face."""
    every = published(call.services)
    return _list([public_row(app) for app in every if app.app_type == "standard"])


@route(
    "GET",
    "/apps/search",
    "/api/apps/search",
    access=Access.PUBLIC,
    query=Search,
    answer=Found[list[PublicRow]],
    errors={400: "Nothing is looked for."},
)
def search_apps(call: ICall) -> Any:
    """What is published for everyone, by words in name, description or package name."""
    asked: Search = call.asked
    words = asked.query.strip()
    if not words:
        raise Denied(400, {"success": False, "message": "Search query is required"})
    found = [
        public_row(app)
        for app in published(call.services)
        if is_found(app, words) and asked.organization_id in (None, app.organization_id)
    ]
    return _list(found[:MOST_FOUND])


@route("GET", "/apps/version", "/api/apps/version", access=Access.PUBLIC, answer=Version)
def apps_version(call: ICall) -> Any:
    """The server's version."""
    return {"version": mentra.__version__}


@route(
    "GET",
    "/apps/{package_name}",
    "/api/apps/{package_name}",
    access=Access.PUBLIC,
    answer=Found[PublicRow],
    errors={404: "There is no such app."},
)
def get_app(call: ICall) -> Any:
    """One app."""
    app: App | None = IAppStore(call.services).get(call.values["package_name"])
    if app is None:
        raise Denied(404, {"success": False, "message": "App not found"})
    return {"success": True, "data": public_row(app)}


def _list(apps: list[Row]) -> dict[str, Any]:
    return {"success": True, "data": apps}


async def _caller(call: ICall) -> User:
    if call.user_id is None:
        raise Denied(401, {"error": "Authorization header missing or invalid"})
    return await user_known(call, call.user_id)
