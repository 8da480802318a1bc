"""The user's own settings over HTTP, as phones read and write them.

Source: docs/protocol/settings.rst.
"""

from typing import Any, NotRequired, TypedDict

import msgspec

from mentra.answers import FoundNow, Settings
from mentra.errors import Denied
from mentra.extension import Access, route
from mentra.glasses.settings.writing import save_user_settings, user_of
from mentra.interfaces.web import ICall
from mentra.messages.stamps import iso

MOST_BODY = 1_048_576
"""Longest body, bytes."""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What to change.

    :ivar settings: key to value; null deletes the key.
    """

    settings: dict[str, Any]


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """What one key shall be; null deletes it."""

    value: Any


class OneSetting(TypedDict):
    """One key, and what it is: whether it is there when it is read, or was deleted."""

    key: str
    value: NotRequired[Any]
    exists: NotRequired[bool]
    deleted: NotRequired[bool]


@route("GET", "/api/client/user/settings", access=Access.USER, answer=FoundNow[Settings])
async def get_user_settings(call: ICall) -> Any:
    """Everything that is stored."""
    return _all(call, (await user_of(call.services, _caller(call))).settings)


async def _merge(call: ICall) -> Any:
    """Change some, answer with all."""
    wanted: Changes = call.body
    return _all(call, await save_user_settings(call.services, _caller(call), wanted.settings))


put_user_settings = route(
    "PUT",
    "/api/client/user/settings",
    access=Access.USER,
    body=Changes,
    max_body=MOST_BODY,
    answer=FoundNow[Settings],
)(_merge)
post_user_settings = route(
    "POST",
    "/api/client/user/settings",
    access=Access.USER,
    body=Changes,
    max_body=MOST_BODY,
    answer=FoundNow[Settings],
)(_merge)


@route("GET", "/api/client/user/settings/key/{key}", access=Access.USER,
       answer=FoundNow[OneSetting])  # fmt: skip
async def get_user_setting(call: ICall) -> Any:
    """One of them."""
    key = call.values["key"]
    stored = (await user_of(call.services, _caller(call))).settings
    return _one(call, key=key, value=stored.get(key), exists=key in stored)


@route(
    "PUT",
    "/api/client/user/settings/key/{key}",
    access=Access.USER,
    body=Value,
    answer=FoundNow[OneSetting],
    max_body=MOST_BODY,
)
async def put_user_setting(call: ICall) -> Any:
    """Change one."""
    key, wanted = call.values["key"], call.body
    await save_user_settings(call.services, _caller(call), {key: wanted.value})
    return _one(call, key=key, value=wanted.value)


@route("DELETE", "/api/client/user/settings/key/{key}", access=Access.USER,
       answer=FoundNow[OneSetting])  # fmt: skip
async def delete_user_setting(call: ICall) -> Any:
    """Forget one; that it is not there is fine."""
    key = call.values["key"]
    await save_user_settings(call.services, _caller(call), {key: None})
    return _one(call, key=key, deleted=True)


def _all(call: ICall, settings: dict[str, Any]) -> dict[str, Any]:
    timestamp = iso(call.services.now())
    return {"success": True, "data": {"settings": settings}, "timestamp": timestamp}


def _one(call: ICall, **data: Any) -> dict[str, Any]:
    return {"success": True, "data": data, "timestamp": iso(call.services.now())}


def _caller(call: ICall) -> str:
    if call.user_id is None:
        raise Denied(401, {"error": "Authorization header missing or invalid"})
    return call.user_id
