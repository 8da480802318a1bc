"""What the subjects of the glasses wing share over the whole process: adapt the services to it."""

from typing import Any

from zope.interface import Interface


class ISettingsCourier(Interface):
    """Tells the servers of apps what users set."""

    def post(app: Any, user_id: str, settings: Any) -> None:
        """Send the resolved *settings* of a :class:`mentra.records.App` to its server, in the
        background; a failure is only logged."""


class IStorageWrites(Interface):
    """Bounds how often apps write into their simple storage."""

    def allow(package_name: str, user_id: str) -> bool:
        """Whether an app may write once more about a user in this minute; it is counted."""


class IAppHealth(Interface):
    """Whether the servers of apps answer."""

    def known(package_name: str) -> bool | None:
        """What was found last, None if nobody looked lately."""

    def check(app: Any) -> Any:
        """Look at the server of a :class:`mentra.records.App`, unless somebody just did; an
        awaitable of whether it answers well."""


class IAppToApp(Interface):
    """Messages between users of one app.  Source: docs/protocol/company.rst.

    Members are :class:`mentra.glasses.app_to_app.circles.Member` objects, messages those of
    :mod:`mentra.messages.app_to_app`.
    """

    def came(session: Any, package_name: str) -> None:
        """The app runs for the session's user, or runs again."""

    def gone(session: Any, package_name: str) -> None:
        """It has stopped."""

    def over(session: Any) -> None:
        """The session ends."""

    def member(session: Any, package_name: str) -> Any:
        """The user's part in it, None if the app does not run in this very session."""

    def others(package_name: str, user_id: str) -> Any:
        """All other members, in order of their coming: a tuple."""

    def history(package_name: str) -> Any:
        """What was broadcast last, the newest at the end: a tuple of messages."""

    def broadcast(member: Any, message: Any) -> int:
        """To all others, or to those in a room; how many got it.

        :raises mentra.errors.Refused: ``PAYLOAD_TOO_LARGE`` or ``NOT_IN_ROOM``.
        """

    def direct(member: Any, message: Any) -> Any:
        """To one user; the answer for the sender, None if it comes later."""

    def join_room(member: Any, message: Any) -> None:
        """Enter a room; a full one is not entered.

        :raises mentra.errors.Refused: ``TOO_MANY_ROOMS`` or ``PAYLOAD_TOO_LARGE``.
        """

    def leave_room(member: Any, room_id: str) -> None:
        """Leave a room; the last one closes it."""
