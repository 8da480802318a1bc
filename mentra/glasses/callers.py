"""Who calls a route, the session that is theirs, and how phones are answered."""

import msgspec

from mentra.errors import Denied
from mentra.interfaces.session import ISessions, IUserSession
from mentra.interfaces.web import ICall

NO_SESSION = "No active session found"


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What a phone said was taken.

    :ivar timestamp: ISO 8601.
    """

    success: bool = True
    timestamp: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a phone said was told to the apps.

    :ivar timestamp: ISO 8601.
    """

    success: bool = True
    message: str
    timestamp: str


def user_of(call: ICall) -> str:
    """The caller's user id.

    :raises Denied: 401, if the route lets in others than users.
    """
    if call.user_id is None:
        raise Denied(401, {"error": "Authorization header missing or invalid"})
    return call.user_id


def session_of(call: ICall) -> IUserSession:
    """The caller's session.

    :raises Denied: 401, the answer that clients of the protocol know.
    """
    session: IUserSession | None = ISessions(call.services).get(user_of(call))
    if session is None:
        raise Denied(401, {"success": False, "error": NO_SESSION, "message": NO_SESSION})
    return session
