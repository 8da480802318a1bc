"""What people did, counted for themselves."""

from typing import Any

from zope.interface import Interface


class IAnalytics(Interface):
    """Counts.  Adapt the services to it; where nothing counts, ``IAnalytics(services, None)`` is
    None."""

    def record(user_id: str, happened: Any) -> None:
        """Remember a :class:`mentra.records.Happened`, from now.

        Never waits and never raises: it is written in the background, with others.
        """
