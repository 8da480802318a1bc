"""Notifications of the phone that come over HTTP; by message they are relayed as they are.

Source: docs/protocol/phone.rst, "notifications".
"""

from typing import Any

import msgspec

from mentra.errors import Denied
from mentra.extension import Access, route
from mentra.glasses.callers import Told, session_of
from mentra.interfaces.glasses import IRelay
from mentra.interfaces.web import ICall
from mentra.messages.stamps import iso

PRIORITIES = ("low", "normal", "high")
ARRIVED = "phone_notification"
DISMISSED = "phone_notification_dismissed"

_ARRIVED_NEEDS = ("notificationId", "app", "title", "content")
_DISMISSED_NEEDS = ("notificationId", "notificationKey", "packageName")


class Notification(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A notification on the phone.

    :ivar app: name of the phone's app that it is from.
    :ivar priority: ``low``, ``normal`` or ``high``.
    """

    notification_id: Any = None
    app: Any = None
    title: Any = None
    content: Any = None
    priority: Any = None
    timestamp: Any = None


class Dismissal(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A notification that is gone from the phone.

    :ivar package_name: of the phone's app that it was from.
    """

    notification_id: Any = None
    notification_key: Any = None
    package_name: Any = None


@route(
    "POST", "/api/client/notifications",
    access=Access.USER, body=Notification, answer=Told,
    errors={400: f"One of {', '.join(_ARRIVED_NEEDS)} is missing"},
)  # fmt: skip
def post_notification(call: ICall) -> Told:
    """Tell the apps that subscribed."""
    said: Notification = call.body
    data = _needed(said, _ARRIVED_NEEDS)
    data["priority"] = said.priority if said.priority in PRIORITIES else "normal"
    return _relayed(call, ARRIVED, data, said.timestamp)


@route(
    "POST", "/api/client/notifications/dismissed",
    access=Access.USER, body=Dismissal, answer=Told,
    errors={400: f"One of {', '.join(_DISMISSED_NEEDS)} is missing"},
)  # fmt: skip
def post_dismissal(call: ICall) -> Told:
    """Tell the apps that subscribed; which app it was from, and what it said, is not known."""
    data = _needed(call.body, _DISMISSED_NEEDS)
    del data["packageName"]
    return _relayed(call, DISMISSED, data, None)


def _needed(said: msgspec.Struct, names: tuple[str, ...]) -> dict[str, Any]:
    given = msgspec.to_builtins(said)
    texts = {name: _text(given[name]) for name in names}
    if None in texts.values():
        sentence = f"{', '.join(names[:-1])} and {names[-1]} are required"
        raise Denied(400, {"success": False, "error": sentence, "message": sentence})
    return texts


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).encode("utf-8", "replace").decode()


def _relayed(call: ICall, stream: str, data: dict[str, Any], stamp: Any) -> Told:
    session, now = session_of(call), iso(call.services.now())
    is_stamp = isinstance(stamp, str | int | float) and not isinstance(stamp, bool)
    event = {"type": stream, **data, "timestamp": stamp if is_stamp else now}
    IRelay(session).relay(stream, msgspec.json.encode(event))
    return Told(message="Notification received", timestamp=now)
