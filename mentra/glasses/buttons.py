"""Buttons that no app wants: the phone asks what to do.  Source: docs/protocol/photos, "photos".

The press itself is relayed from the socket, where it comes as well; relaying what comes over HTTP
would double it.
"""

from typing import Annotated

import msgspec

from mentra.errors import Denied
from mentra.extension import Access, route
from mentra.interfaces.glasses import ISubscriptions
from mentra.interfaces.photos import IPhotos
from mentra.interfaces.session import ISessions, IUserSession
from mentra.interfaces.web import ICall

STREAM = "button_press"
TAKE_PHOTO = "take_photo"


class Press(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A press of a button.

    :ivar press_type: ``short`` or ``long``.
    """

    button_id: Annotated[str, msgspec.Meta(max_length=100)]
    press_type: Annotated[str, msgspec.Meta(max_length=100)] = "short"


class WhatToDo(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What the phone is to do.

    :ivar action: ``take_photo``, or not there: nothing.
    :ivar request_id: what to upload the picture under.
    """

    success: bool
    action: str | None = None
    request_id: str | None = None


@route("POST", "/api/hardware/button-press", access=Access.USER, body=Press, answer=WhatToDo)
def button_press(call: ICall) -> WhatToDo:
    """Take a picture, unless an app wants the button for itself."""
    session = _session(call)
    if ISubscriptions(session).matching(STREAM):
        return WhatToDo(success=True)
    return WhatToDo(success=True, action=TAKE_PHOTO, request_id=IPhotos(session).take())


@route(
    "GET",
    "/api/hardware/system-photo-request/{request_id}",
    access=Access.USER,
    answer=WhatToDo,
    errors={404: "No picture of that id is waited for."},
)
def system_photo_request(call: ICall) -> WhatToDo:
    """Whether the picture of a press is still waited for."""
    if not IPhotos(_session(call)).is_wanted(call.values["request_id"]):
        raise Denied(404, {"success": False, "error": "Photo request not found"})
    return WhatToDo(success=True, action=TAKE_PHOTO)


def _session(call: ICall) -> IUserSession:
    session: IUserSession | None = ISessions(call.services).get(call.user_id or "")
    if session is None or session.ending:
        raise Denied(401, {"error": "No active session found"})
    return session
