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
