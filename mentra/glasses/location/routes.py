"""Where the phone is, over HTTP.  Source: docs/protocol/http.rst, "phone"."""

from typing import Any

import msgspec

from mentra.errors import Denied
from mentra.extension import Access, route
from mentra.glasses.callers import Taken, session_of
from mentra.glasses.location.positions import position_of
from mentra.interfaces.location import ILocation
from mentra.interfaces.web import ICall
from mentra.messages.stamps import iso
from mentra.records import Position

_BAD = "A location needs the numbers lat and lng"


class Whereabout(msgspec.Struct, frozen=True, kw_only=True):
    """Where the phone is, in one of its spellings.

    :ivar location: ``lat``, ``lng``, ``accuracy``.
    :ivar coords: ``latitude``, ``longitude``, ``accuracy``.
    """

    location: Any = None
    coords: Any = None
    lat: Any = None
    lng: Any = None
    accuracy: Any = None


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """The poll is answered, or the position was taken as an ordinary one."""

    success: bool = True
    resolved: bool = True
    timestamp: str


@route(
    "POST", "/api/client/location",
    access=Access.USER, body=Whereabout, answer=Taken, errors={400: _BAD},
)  # fmt: skip
def post_location(call: ICall) -> Taken:
    """The phone moved."""
    location = ILocation(session_of(call))
    location.update(_position(call))
    return Taken(timestamp=iso(call.services.now()))


@route(
    "POST", "/api/client/location/poll-response/{correlation_id}",
    access=Access.USER, body=Whereabout, answer=Resolved, errors={400: _BAD},
)  # fmt: skip
def answer_location_poll(call: ICall) -> Resolved:
    """The phone answers a poll; if nobody waits for it any more, it counts as a move."""
    location = ILocation(session_of(call))
    position = _position(call)
    if not location.answer(call.values["correlation_id"], position):
        location.update(position)
    return Resolved(timestamp=iso(call.services.now()))


def _position(call: ICall) -> Position:
    position = position_of(msgspec.structs.asdict(call.body), call.services.now())
    if position is None:
        raise Denied(400, {"success": False, "error": _BAD, "message": _BAD})
    return position
