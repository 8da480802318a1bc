"""Messages of the house to the apps that want them: the wearer's date and time.

Source: docs/protocol/phone.rst, "date and time".
"""

from typing import Any

import msgspec
from zope.interface import implementer

from mentra.errors import Denied
from mentra.events import SubscriptionsChanged
from mentra.extension import Access, ManagerFactory, listener, route
from mentra.glasses.callers import user_of
from mentra.identity import canonical_user_id
from mentra.interfaces.glasses import IApps, ISubscriptions
from mentra.interfaces.phone import ICustomMessages
from mentra.interfaces.services import IServices
from mentra.interfaces.session import ISessions, IUserSession
from mentra.interfaces.web import ICall
from mentra.messages.custom import CustomMessage
from mentra.messages.stamps import seconds_of

STREAM = CustomMessage.tag()

_INVALID = "userId and datetime (ISO 8601) are required"
_NOBODYS = "That is another user"
_NO_SESSION = "User session not found"


@implementer(ICustomMessages)
class CustomMessages:
    """Keeps the last date and time."""

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._datetime: CustomMessage | None = None

    def set_datetime(self, datetime: str) -> None:
        """Tell it to the apps, also to those to come."""
        payload = {"datetime": datetime, "section": "topLeft"}
        # one object for all: it is encoded once
        self._datetime = CustomMessage(action="update_datetime", payload=payload)
        for package_name, _ in ISubscriptions(self._session).matching(STREAM):
            self.replay(package_name)

    def replay(self, package_name: str) -> None:
        """Tell an app what is known."""
        peer = IApps(self._session).running().get(package_name)
        if peer is not None and self._datetime is not None:
            peer.send(self._datetime)


custom_messages = ManagerFactory(ICustomMessages, CustomMessages)


@listener(SubscriptionsChanged)
def subscriptions_for_custom_messages(event: SubscriptionsChanged, session: IUserSession) -> None:
    """Who subscribes anew is told what is known."""
    if STREAM in event.after - event.before:
        ICustomMessages(session).replay(event.package_name)


class DateTime(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The wearer's date and time.

    :ivar user_id: the caller's own.
    :ivar datetime: ISO 8601.
    """

    user_id: Any = None
    datetime: Any = None


class DateTimeTaken(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The apps were told."""

    success: bool = True
    user_id: str
    datetime: str


@route(
    "POST", "/api/user-data/set-datetime",
    access=Access.USER, body=DateTime, answer=DateTimeTaken,
    errors={400: _INVALID, 403: _NOBODYS, 404: _NO_SESSION},
)  # fmt: skip
def set_datetime(call: ICall) -> DateTimeTaken:
    """Tell the caller's apps which date and time it is for them."""
    said: DateTime = call.body
    if not isinstance(said.user_id, str) or not _is_time(said.datetime):
        raise _denied(400, _INVALID)
    user_id = user_of(call)
    if canonical_user_id(said.user_id) != user_id:
        raise _denied(403, _NOBODYS)
    session = ISessions(call.services).get(user_id)
    if session is None:
        raise _denied(404, _NO_SESSION)
    ICustomMessages(session).set_datetime(said.datetime)
    return DateTimeTaken(user_id=user_id, datetime=said.datetime)


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and seconds_of(value) is not None


def _denied(status: int, sentence: str) -> Denied:
    return Denied(status, {"success": False, "error": sentence, "message": sentence})
