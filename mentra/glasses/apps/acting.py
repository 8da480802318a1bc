"""Whose apps a request is about, where an assistant may ask for a user who has it.

Source: docs/protocol/http.rst, "assistants".
"""

from mentra.errors import Denied
from mentra.identity import canonical_user_id
from mentra.interfaces.glasses import IApps
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IUserStore
from mentra.interfaces.web import ICall
from mentra.records import User


async def user_meant(call: ICall, said: str | None) -> User:
    """The caller, or the user whom an assistant names.

    :param said: user id in the request; what a user's own request says must be their own.
    :raises Denied: 400 without a user id, 403 if the user is another or has no such assistant.
    """
    named = canonical_user_id(said or "")
    if call.user_id is not None:
        if named and named != call.user_id:
            raise _no(403, "That is another user")
        return await user_known(call, call.user_id)
    if not named:
        raise _no(400, "userId is required")
    user = await user_known(call, named)
    if not has_app(call, user, call.package_name or ""):
        # the same for who is not known at all
        raise _no(403, "The user does not have this app")
    return user


async def user_known(call: ICall, user_id: str) -> User:
    """The user as the store knows them, or a new one who has nothing yet."""
    stored: User | None = await IUserStore(call.services).load(user_id)
    return stored or User(user_id=user_id, created_at=0.0)


def has_app(call: ICall, user: User, package_name: str) -> bool:
    """Whether an app is on the user's list, or runs for them."""
    if any(one.package_name == package_name for one in user.installs):
        return True
    session = ISessions(call.services).get(user.user_id)
    return session is not None and bool(IApps(session).is_running(package_name))


def _no(status: int, message: str) -> Denied:
    return Denied(status, {"success": False, "error": message, "message": message})
