"""Pieces of time: hours, days, weeks and months, in UTC."""

from datetime import UTC, datetime, timedelta
from typing import Literal

Grain = Literal["hour", "day", "month"]

GRAINS: tuple[Grain, ...] = ("hour", "day", "month")
"""What is counted together."""


def start_of(grain: str, moment: float) -> float:
    """When the piece of time that *moment* is in begins; both POSIX seconds.

    :param grain: one of ``GRAINS``, or ``week``.
    """
    at = datetime.fromtimestamp(moment, UTC).replace(minute=0, second=0, microsecond=0)
    if grain != "hour":
        at = at.replace(hour=0)
    if grain == "week":
        at -= timedelta(days=at.weekday())
    if grain == "month":
        at = at.replace(day=1)
    return at.timestamp()
