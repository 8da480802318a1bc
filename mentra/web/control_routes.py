"""What the ``mentra`` command asks a running server for, through its control socket."""

from collections.abc import Awaitable, Iterable
from typing import Any, Literal

import msgspec
from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger

from mentra.errors import NotThere
from mentra.extension import Access, route
from mentra.identity import canonical_user_id
from mentra.interfaces.glasses import IApps, ISubscriptions
from mentra.interfaces.services import IPublicAddress, IServices
from mentra.interfaces.session import ISessions, IUserSession
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.interfaces.voice import IVoiceSessions
from mentra.interfaces.web import ICall, IRoute
from mentra.messages.apps import AppStateChange
from mentra.records import User

_log = Logger()


class Refresh(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Somebody else wrote to the stores.

    :ivar what: which store.
    :ivar user_id: with ``users``: whose session is to take over what is new.
    """

    what: Literal["apps", "users"]
    user_id: str | None = None


class SessionLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One user who is on.

    :ivar age: seconds since the session began.
    :ivar last_seen: seconds since the glasses' last sign of life; None while they are away.
    :ivar apps: package name to state, those that are not stopped.
    """

    user_id: str
    age: float
    last_seen: float | None
    apps: dict[str, str]


class SessionList(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody who is on."""

    sessions: tuple[SessionLine, ...]


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server is.

    :ivar url: as this machine reaches it; None: only through a Unix socket.
    """

    url: str | None


@route("GET", "/address", access=Access.CONTROL, answer=Address)
def address(call: ICall) -> Address:
    """Where the server is."""
    return Address(url=IPublicAddress(call.services).local_url())


@route("GET", "/sessions", access=Access.CONTROL, answer=SessionList)
def list_sessions(call: ICall) -> SessionList:
    """Who is on."""
    sessions = ISessions(call.services).all()
    return SessionList(sessions=tuple(_line(one, call.services) for one in sessions))


@route("POST", "/refresh", access=Access.CONTROL, body=Refresh)
async def refresh(call: ICall) -> Any:
    """Read a store again, and let sessions follow: apps that are gone stop."""
    wanted: Refresh = call.body
    if wanted.what == "apps":
        await IAppStore(call.services).refresh()
        await _stop_unknown_apps(call.services)
    else:
        await IUserStore(call.services).refresh()
        if wanted.user_id is not None:
            await _reload(call.services, canonical_user_id(wanted.user_id))
    return {"success": True}


@route("POST", "/users/{user_id}/end", access=Access.CONTROL)
async def end_session(call: ICall) -> Any:
    """End a user's sessions, with the assistant too.

    Tokens that were revoked meanwhile are refused from now on.
    """
    await IUserStore(call.services).refresh()
    sessions, user_id = ISessions(call.services), canonical_user_id(call.values["user_id"])
    session = sessions.get(user_id)
    if session is not None:
        await sessions.end(session, "User session ended")
    talks = IVoiceSessions(call.services, None)
    talking = [] if talks is None else [one for one in talks.all() if one.person == user_id]
    for one in talking:
        talks.end(one, "User session ended")
    return {"ended": session is not None or bool(talking)}


class AppOutcome(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of starting or stopping an app.

    :ivar stage: where a start failed; None if it did not.
    :ivar reason: a sentence why; None if it did not.
    """

    state: str
    stage: str | None = None
    reason: str | None = None


@route(
    "POST", "/users/{user_id}/apps/{package_name}/start", access=Access.CONTROL, answer=AppOutcome
)
async def start_users_app(call: ICall) -> AppOutcome:
    """Start an app for a user who is on; answers when it runs, or when it is clear that it will
    not."""
    apps, package_name = _apps_of(call), call.values["package_name"]
    error = (await apps.start(package_name)).error
    state = apps.state(package_name)
    if error is None:
        return AppOutcome(state=state)
    return AppOutcome(state=state, stage=error.stage, reason=error.message)


@route(
    "POST", "/users/{user_id}/apps/{package_name}/stop", access=Access.CONTROL, answer=AppOutcome
)
async def stop_users_app(call: ICall) -> AppOutcome:
    """Stop an app of a user who is on; answers when it has stopped."""
    apps, package_name = _apps_of(call), call.values["package_name"]
    await apps.stop(package_name)
    return AppOutcome(state=apps.state(package_name))


def _apps_of(call: ICall) -> IApps:
    user_id = canonical_user_id(call.values["user_id"])
    session = ISessions(call.services).get(user_id)
    apps = None if session is None else IApps(session, None)
    if apps is None:
        raise NotThere(f"{user_id} is not on; `mentra sessions` shows who is")
    if IAppStore(call.services).get(call.values["package_name"]) is None:
        raise NotThere(f"there is no app {call.values['package_name']}; see `mentra app list`")
    return apps


CONTROL_ROUTES: tuple[IRoute, ...] = (
    address, list_sessions, refresh, end_session, start_users_app, stop_users_app
)  # fmt: skip
"""What every server's control socket serves, besides the routes of plugins."""


def _line(session: IUserSession, services: IServices) -> SessionLine:
    glasses = session.glasses
    return SessionLine(
        user_id=session.user_id,
        age=services.now() - session.started_at,
        last_seen=None if glasses is None else services.clock.seconds() - glasses.last_seen,
        apps=_states(session),
    )


def _states(session: IUserSession) -> dict[str, str]:
    apps = IApps(session, None)
    if apps is None:
        return {}
    # an app in its grace is in no list of running ones, but its subscriptions are kept
    subscriptions = ISubscriptions(session, None)
    known = {install.package_name: None for install in session.user.installs}
    for more in (apps.running(), apps.loading(), subscriptions.everyone() if subscriptions else ()):
        known.update(dict.fromkeys(more))
    states = {package_name: apps.state(package_name) for package_name in known}
    return {name: state for name, state in sorted(states.items()) if state != "stopped"}


async def _stop_unknown_apps(services: IServices) -> None:
    store = IAppStore(services)

    def is_gone(package_name: str) -> bool:
        app = store.get(package_name)
        return app is None or not app.enabled

    await _all_done(
        IApps(session).stop(package_name)
        for session in ISessions(services).all()
        for package_name in _states(session)
        if is_gone(package_name)
    )


async def _reload(services: IServices, user_id: str) -> None:
    stored: User | None = await IUserStore(services).load(user_id)
    sessions = ISessions(services)
    session = sessions.get(user_id)
    if session is None:
        return
    if stored is None:
        await sessions.end(session, "User session ended")
        return
    session.remember(stored)
    session.to_glasses(AppStateChange(session_id=session.user_id))


async def _all_done(awaitables: Iterable[Awaitable[Any]]) -> None:
    waiting = [Deferred.fromCoroutine(_awaited(one)) for one in awaitables]
    for succeeded, outcome in await DeferredList(waiting, consumeErrors=True):
        if not succeeded:
            _log.failure("an app that is gone did not stop cleanly", failure=outcome)


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
