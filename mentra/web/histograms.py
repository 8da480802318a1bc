"""Histograms that cost the hot path an addition to a list."""

from bisect import bisect_right
from collections.abc import Iterator

BOUNDS = (
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05,
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""Upper bounds of the buckets, seconds; one more bucket takes the rest."""

MANY = 512
"""Durations that are put into their buckets at one go: sorting many is cheaper than finding the
place of each."""


RECENT = 1024
"""The newest durations, of which quantiles are taken."""


class Histogram:
    """How often which duration was seen."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self._total = 0.0
        self._new: list[float] = []
        self._recent: list[float] = []

    def observe(self, seconds: float) -> None:
        """One more."""
        new = self._new
        new.append(seconds)
        if len(new) == MANY:
            self._put_away()

    @property
    def total(self) -> float:
        """All durations together, seconds."""
        self._put_away()
        return self._total

    def quantile(self, share: float) -> float | None:
        """What *share* (0 to 1) of the newest durations do not exceed; None if there are none."""
        self._put_away()
        recent = sorted(self._recent)
        return recent[min(int(share * len(recent)), len(recent) - 1)] if recent else None

    @property
    def counts(self) -> list[int]:
        """How many fell into each bucket."""
        self._put_away()
        return self._counts

    def buckets(self) -> Iterator[tuple[str, float]]:
        """Cumulative counts by upper bound, as Prometheus wants them."""
        seen = 0
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self.counts, strict=True):
            seen += count
            yield bound, seen

    def _put_away(self) -> None:
        new = self._new
        self._total += sum(new)
        self._recent = (self._recent + new)[-RECENT:]
        new.sort()
        seen = 0
        for bucket, bound in enumerate(BOUNDS):
            up_to_here = bisect_right(new, bound, seen)
            self._counts[bucket] += up_to_here - seen
            seen = up_to_here
        self._counts[-1] += len(new) - seen
        new.clear()
