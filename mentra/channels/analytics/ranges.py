"""From when until when: named spans of time and free ones."""

from datetime import UTC, datetime

import attrs

from mentra.messages.channels.analytics import Granularity, Span, TimeRange
from mentra.messages.stamps import FAR, iso, moment_of
from mentra.stores.grains import Grain, start_of

DAY = 86_400.0


@attrs.frozen
class Range:
    """POSIX seconds.

    :ivar since: part of it; *until* is not.
    :ivar is_all: whether it has no beginning.
    """

    since: float
    until: float
    is_all: bool = False

    @property
    def days(self) -> float:
        """How long it is."""
        return max(1.0, (self.until - self.since) / DAY)

    def aligned(self, grain: str) -> "Range":
        """With the whole piece of time that it begins in."""
        if self.since <= 0:
            return self
        return attrs.evolve(self, since=start_of(grain, self.since))


def range_of(named: TimeRange, now: float) -> Range:
    """The span that is meant."""
    if isinstance(named, Span):
        return Range(moment_of(named.start), moment_of(named.end))
    today, tomorrow = start_of("day", now), start_of("day", now) + DAY
    month = start_of("month", now)
    match named:
        case "today":
            return Range(today, tomorrow)
        case "yesterday":
            return Range(today - DAY, today)
        case "last_7_days":
            return Range(today - 6 * DAY, tomorrow)
        case "last_30_days":
            return Range(today - 29 * DAY, tomorrow)
        case "this_month":
            return Range(month, tomorrow)
        case "last_month":
            return Range(start_of("month", month - DAY), month)
        case "this_year":
            year = datetime.fromtimestamp(now, UTC).year
            return Range(datetime(year, 1, 1, tzinfo=UTC).timestamp(), tomorrow)
        case _:
            return Range(0.0, FAR, is_all=True)


def grain_of(span: Range, now: float, hourly: float, daily: float) -> Grain:
    """What a sum over *span* is best made of: of nothing that may be deleted already.

    :param hourly: seconds that hours are kept; *daily*: that days are.
    """
    if span.is_all or span.since < now - daily:
        return "month"
    whole_days = all(start_of("day", end) == end for end in (span.since, span.until) if end < FAR)
    return "day" if whole_days or span.since < now - hourly else "hour"


def grain_for(granularity: Granularity) -> Grain:
    """What values of that granularity are made of."""
    return "day" if granularity == "week" else granularity


def label_of(granularity: Granularity, moment: float) -> str:
    """How the piece of time that *moment* is in is called."""
    begins = start_of(granularity, moment)
    if granularity == "hour":
        return iso(begins)
    return iso(begins)[: 7 if granularity == "month" else 10]


def week_of(now: float) -> Range:
    """This week, until tomorrow."""
    return Range(start_of("week", now), start_of("day", now) + DAY)
