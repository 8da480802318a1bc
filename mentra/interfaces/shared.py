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
