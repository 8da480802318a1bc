"""What else phones tell, for the apps."""

from typing import Any

from zope.interface import Interface


class ICalendar(Interface):
    """The wearer's calendar.  Source: docs/protocol/phone.rst."""

    def add(entries: Any) -> None:
        """Keep :class:`mentra.glasses.calendar.CalendarEntry` objects and tell the subscribers of
        each, the next one first."""

    def keep(entry: Any) -> None:
        """Keep one that the subscribers are told of by somebody else."""

    def upcoming() -> Any:
        """Every entry that is kept: those that are not over yet first, in order."""

    def replay(package_name: str, own: str) -> None:
        """Tell an app, which subscribed under *own*, everything that is kept."""


class ICustomMessages(Interface):
    """Messages to the apps that subscribed to ``custom_message``.

    Source: docs/protocol/phone.rst.
    """

    def set_datetime(datetime: str) -> None:
        """The wearer's date and time (ISO 8601) are told to the apps, also to those to come."""

    def replay(package_name: str) -> None:
        """Tell an app that has just subscribed what is known."""
