"""What people did, counted, in a database."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from mentra.interfaces.analytics import ICounts
from mentra.stores import analytics
from mentra.stores.analytics import Dated, Tally
from mentra.stores.database import Transactions

MOST_ROLLED = 5000
"""Events that are put together in one transaction."""


@implementer(ICounts)
class AnalyticsStore:
    """Keeps nothing in memory."""

    def __init__(self, database: Transactions) -> None:
        self._database = database

    def record(self, dated: Sequence[Dated]) -> Deferred[int]:
        """Remember what happened."""
        return self._database.write(partial(analytics.record, dated=tuple(dated)))

    def totals(self, user_id: str) -> Deferred[dict[str, Any]]:
        """A person's, by column."""
        return self._database.read(partial(analytics.totals, user_id=user_id))

    def tallies(
        self, user_id: str, grain: str, since: float, until: float
    ) -> Deferred[list[Tally]]:
        """What is known of the pieces of time between."""
        return self._database.read(
            partial(analytics.tallies, user_id=user_id, grain=grain, since=since, until=until)
        )

    def models(self, user_id: str, most: int) -> Deferred[list[tuple[float, str]]]:
        """When which model was asked, the newest first."""
        return self._database.read(partial(analytics.models, user_id=user_id, most=most))

    def roll(self, user_id: str) -> Deferred[int]:
        """Put events together that were not yet; how many."""
        return Deferred.fromCoroutine(self._roll(user_id))

    async def _roll(self, user_id: str) -> int:
        done = 0
        act: Callable[..., int] = partial(analytics.roll, user_id=user_id, most=MOST_ROLLED)
        # in pieces, for whoever else writes waits for each of them
        while part := await self._database.write(act, lane=user_id):
            done += part
        return done

    def clean(self, user_id: str, before: Mapping[str, float]) -> Deferred[int]:
        """Delete what is older than the moments of its grain; how many rows."""
        act = partial(analytics.clean, user_id=user_id, before=dict(before))
        return self._database.write(act, lane=user_id)

    def people(self) -> Deferred[list[str]]:
        """Of whom there is anything."""
        return self._database.read(analytics.people)
