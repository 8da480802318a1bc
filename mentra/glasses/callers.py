"""Who calls a route, and the session that is theirs."""

from mentra.errors import Denied
from mentra.interfaces.session import ISessions, IUserSession
from mentra.interfaces.web import ICall

NO_SESSION = "No active session found"


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
