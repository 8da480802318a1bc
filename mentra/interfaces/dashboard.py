"""The dashboard: what the wearer sees when looking up."""

from typing import Any

from zope.interface import Attribute, Interface


class IDashboard(Interface):
    """Puts the dashboard together.  Source: docs/protocol/dashboard.rst."""

    mode: str = Attribute("``main``, ``expanded`` or ``none``.")

    def write(package_name: str, content: Any, modes: Any, written_at: float) -> None:
        """An app's content for some modes, in the place of its former one there.

        :param content: text, or a layout object, of which the text is kept.
        :param modes: names; those that are no modes are passed over.
        :param written_at: POSIX seconds; the newest is shown first.
        :raises mentra.errors.Refused: ``CONTENT_TOO_LONG``.
        """

    def system(package_name: str, section: str, content: str) -> None:
        """Text for one of the system's corners; only the dashboard app may.

        :raises mentra.errors.Refused: ``CONTENT_TOO_LONG``.
        """

    def change_mode(package_name: str, mode: str) -> None:
        """Show another mode and tell the running apps; only the dashboard app may."""

    def looked_up() -> None:
        """The wearer looked up: the next app's content has its turn."""

    def forget(package_name: str) -> None:
        """The app is gone, and what it wrote with it."""

    def redraw() -> None:
        """Send the dashboard once more, if there ever was one."""
