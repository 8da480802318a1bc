"""Tools of apps, as an assistant uses them.  Source: docs/protocol/http.rst, "tools"."""

from typing import Annotated, Any

import msgspec

from mentra.errors import Denied, Refused
from mentra.extension import Access, HttpAnswer, route
from mentra.glasses.apps.acting import has_app, user_meant
from mentra.glasses.apps.answers import Tool
from mentra.glasses.apps.settings import AppsSettings
from mentra.interfaces.services import IHttpAnswer
from mentra.interfaces.stores import IAppStore
from mentra.interfaces.web import ICall
from mentra.messages.stamps import iso
from mentra.records import App

_ERRORS = {
    400: "toolId or userId is missing.",
    403: "That is another user, or the user does not have the app or the assistant.",
    404: "There is no such app.",
}


class ToolCall(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an app is to do.

    :ivar tool_parameters: as the tool declares them.
    """

    tool_id: Annotated[str, msgspec.Meta(max_length=200)] = ""
    tool_parameters: dict[str, Any] = {}
    user_id: str = ""
    timestamp: Any = None


@route(
    "POST",
    "/api/tools/apps/{package_name}/tool",
    access=Access.ASSISTANT,
    body=ToolCall,
    answer=Any,
    errors={**_ERRORS, 502: "The app's server cannot be reached.", 504: "It took too long."},
)
async def call_tool(call: ICall) -> Any:
    """Have an app of the user's do something; the answer is its server's, status and body."""
    wanted: ToolCall = call.body
    app = _known(call)
    if not wanted.tool_id or not wanted.user_id:
        raise _no(400, "toolId and userId are required")
    user = await _user(call, wanted.user_id)
    if not has_app(call, user, app.package_name):
        raise _no(403, "The user does not have this app")
    if not app.public_url:
        raise _no(502, "The app has no server")
    body = msgspec.structs.replace(
        wanted, user_id=user.user_id, timestamp=wanted.timestamp or iso(call.services.now())
    )
    answer = await _asked(call, app, body)
    return HttpAnswer(answer.status, answer.body, content_type=_kind_of(answer.body))


async def _asked(call: ICall, app: App, body: ToolCall) -> IHttpAnswer:
    settings: AppsSettings = call.services.settings(AppsSettings)
    url = app.public_url.rstrip("/") + "/tool"
    left = settings.tool_attempts
    while True:
        left -= 1
        try:
            return await call.services.http.request(  # type: ignore[no-any-return] # as promised
                "POST", url, json=body, timeout=settings.tool_timeout
            )
        except Refused as refusal:
            # a server that may be at work already is not asked twice
            if refusal.code != "UNREACHABLE" or not left:
                status = 504 if refusal.code == "TIMEOUT" else 502
                raise _no(status, f"The app did not answer: {refusal.message}") from refusal


@route(
    "GET",
    "/api/tools/apps/{package_name}/tools",
    access=Access.ASSISTANT,
    answer=list[Tool],
    errors={404: "There is no such app."},
)
def list_tools(call: ICall) -> Any:
    """What an app can be told to do."""
    return list(_known(call).tools)


@route(
    "GET",
    "/api/tools/users/{user_id}/tools",
    access=Access.ASSISTANT,
    answer=list[Tool],
    errors={403: "That is another user, or the user does not have the assistant."},
)
async def list_users_tools(call: ICall) -> Any:
    """What all apps on the user's list can be told to do."""
    user = await _user(call, call.values["user_id"])
    store = IAppStore(call.services)
    apps = [store.get(install.package_name) for install in user.installs]
    return [
        {**tool, "appPackageName": app.package_name}
        for app in apps
        if app is not None and app.enabled
        for tool in app.tools
    ]


async def _user(call: ICall, said: str) -> Any:
    try:
        return await user_meant(call, said)
    except Denied as denied:
        raise _no(denied.status, str(denied.body["message"])) from denied


def _known(call: ICall) -> App:
    app: App | None = IAppStore(call.services).get(call.values["package_name"])
    if app is None:
        raise _no(404, "App not found")
    return app


def _no(status: int, message: str) -> Denied:
    return Denied(status, {"error": True, "message": message})


def _kind_of(body: bytes) -> str:
    """What an app's server says is data: never a page, whatever it calls itself."""
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "text/plain; charset=utf-8"
    return "application/json"
