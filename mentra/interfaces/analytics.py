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

    def flush() -> Any:
        """Write what was recorded; an awaitable that fires when it is on the disk."""


class ICounts(Interface):
    """The store of it.  Adapt the services to it."""

    def record(dated: Any) -> Any:
        """Remember :class:`mentra.stores.analytics.Dated` objects and count them in the totals; an
        awaitable of how many were of somebody who exists."""

    def totals(user_id: str) -> Any:
        """An awaitable of a person's totals, by the column's name; an empty dict if nothing has
        happened."""

    def tallies(user_id: str, grain: str, since: float, until: float) -> Any:
        """An awaitable of a list of :class:`mentra.stores.analytics.Tally`, of every piece of time
        that begins in between, with what was not put together yet.

        :param grain: ``hour``, ``day`` or ``month``.
        """

    def models(user_id: str, most: int) -> Any:
        """An awaitable of when which model was asked, pairs, the newest first."""

    def roll(user_id: str) -> Any:
        """Put events together that were not yet; an awaitable of how many.  Whenever and however
        often it is called, nothing is counted twice."""

    def clean(user_id: str, before: Any) -> Any:
        """Delete what is older; an awaitable of how many rows.

        :param before: POSIX seconds by ``raw``, ``hour`` and ``day``.
        """

    def people() -> Any:
        """An awaitable of the ids of all of whom there is anything: a list."""
