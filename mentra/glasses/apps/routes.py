"""Apps over HTTP: starting, stopping, installing, listing.  Source: docs/protocol, "apps"."""

import secrets
from typing import Annotated, Any

import msgspec

from mentra.answers import Done, Found, Stamped
from mentra.errors import Denied, NotThere
from mentra.extension import Access, HttpAnswer, route
from mentra.glasses.apps.answers import Move, Registered
from mentra.interfaces.glasses import IApps
from mentra.interfaces.session import ISessions, IUserSession
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.interfaces.web import ICall
from mentra.messages.apps import AppStateChange
from mentra.messages.stamps import iso
from mentra.records import App, AppServer

_GONE = {404: "There is no such app."}

# -- start and stop


@route("POST", "/apps/{package_name}/start", "/api/apps/{package_name}/start", access=Access.USER,
       answer=Found[Move], errors=_GONE)  # fmt: skip
async def start_app(call: ICall) -> Any:
    """Start an app; answers when it runs, or when it is clear that it will not."""
    session, package_name = _session(call), _known(call).package_name
    result = await IApps(session).start(package_name)
    running = IApps(session).is_running(package_name)
    data: dict[str, Any] = {
        "status": "started", "packageName": package_name, "isRunning": running,
        "appState": IApps(session).state(package_name),
    }  # fmt: skip
    # a start that failed is a success too, says the protocol; isRunning tells, and this why
    if result.error is not None:
        data["error"] = result.error
    return {"success": True, "data": data}


@route("POST", "/apps/{package_name}/stop", "/api/apps/{package_name}/stop", access=Access.USER,
       answer=Found[Move], errors=_GONE)  # fmt: skip
async def stop_app(call: ICall) -> Any:
    """Stop an app; answers when it has stopped."""
    session, package_name = _session(call), _known(call).package_name
    await IApps(session).stop(package_name)
    running = IApps(session).is_running(package_name)
    data = {"status": "stopped", "packageName": package_name, "isRunning": running}
    return {"success": True, "data": data}


def _caller(call: ICall) -> str:
    if call.user_id is None:
        raise Denied(401, {"error": "Authorization header missing or invalid"})
    return call.user_id


def _session(call: ICall) -> IUserSession:
    session: IUserSession | None = ISessions(call.services).get(_caller(call))
    if session is None:
        raise Denied(401, {"success": False, "message": "No active session found"})
    return session


def _known(call: ICall) -> App:
    app: App | None = IAppStore(call.services).get(call.values["package_name"])
    if app is None:
        raise Denied(404, {"success": False, "message": "App not found"})
    return app


# -- the user's list


@route(
    "POST",
    "/apps/install/{package_name}",
    "/api/apps/install/{package_name}",
    "/api/store/install/{package_name}",
    access=Access.USER,
    answer=Done,
    errors={400: "It is on the list.", **_GONE},
)
async def install_app(call: ICall) -> Any:
    """Put an app on the caller's list."""
    package_name = _known(call).package_name
    users = IUserStore(call.services)
    await users.create(_caller(call))
    try:
        is_new = await users.install(_caller(call), package_name)
    except NotThere as gone:
        raise Denied(404, {"success": False, "message": "App not found"}) from gone
    if not is_new:
        raise Denied(400, {"success": False, "message": "App is already installed"})
    await _list_changed(call)
    return {"success": True, "message": f"App {package_name} installed successfully"}


@route(
    "POST",
    "/apps/uninstall/{package_name}",
    "/api/apps/uninstall/{package_name}",
    "/api/store/uninstall/{package_name}",
    access=Access.USER,
    answer=Done,
    errors={400: "It is not on the list.", **_GONE},
)
async def uninstall_app(call: ICall) -> Any:
    """Take an app off the caller's list; if it runs, it is stopped."""
    package_name = _known(call).package_name
    if not await IUserStore(call.services).uninstall(_caller(call), package_name):
        raise Denied(400, {"success": False, "message": "App is not installed"})
    session = ISessions(call.services).get(_caller(call))
    if session is not None:
        await IApps(session).stop(package_name)
    await _list_changed(call)
    return {"success": True, "message": f"App {package_name} uninstalled successfully"}


async def _list_changed(call: ICall) -> None:
    stored = await IUserStore(call.services).load(_caller(call))
    session = ISessions(call.services).get(_caller(call))
    if session is None or stored is None:
        return
    session.remember(
        msgspec.structs.replace(
            session.user, installs=stored.installs, app_settings=stored.app_settings
        )
    )
    session.to_glasses(AppStateChange(session_id=session.user_id))


@route("POST", "/api/client/goodbye", access=Access.USER, answer=Stamped)
async def goodbye(call: ICall) -> Any:
    """The phone logs out: its session ends now, without grace."""
    sessions = ISessions(call.services)
    session = sessions.get(_caller(call))
    if session is not None:
        await sessions.end(session, "User logged out")
    return {"success": True, "timestamp": iso(call.services.now())}


# -- app servers


class Registration(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an app's server says of itself.

    :ivar webhook_url: where it wants to be called.
    """

    package_name: str
    api_key: str
    webhook_url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^/\s]", max_length=2048)]
    server_urls: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=2048)], ...], msgspec.Meta(max_length=16)
    ] = ()


@route("POST", "/api/app-server/register", access=Access.KEY, body=Registration,
       answer=Registered, errors={401: "The key is none of this package's."})  # fmt: skip
async def register_app_server(call: ICall) -> Any:
    """An app's server is (back) up: sessions that had the app have it called again."""
    said: Registration = call.body
    store = IAppStore(call.services)
    if not store.key_is_valid(said.package_name, said.api_key):
        return HttpAnswer(401, {"success": False, "error": "Invalid API key"})
    known = store.app_server(said.package_name)
    server = AppServer(
        package_name=said.package_name,
        webhook_url=said.webhook_url,
        server_urls=said.server_urls,
        registration_id=known.registration_id if known else secrets.token_hex(8),
        registered_at=call.services.now(),
    )
    await store.register_server(server)
    for session in ISessions(call.services).all():
        IApps(session).recover(said.package_name)
    return {"success": True, "registrationId": server.registration_id}
