"""How much the assistant is talked to, for ``/metrics``."""

from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

OUTCOMES = ("answered", "interrupted", "not_understood", "failed")
"""What may become of a turn."""


class Figures(Collector):
    """Counts turns by what became of them.

    :param sessions: how many there are now.
    """

    def __init__(self, sessions: Callable[[], int]) -> None:
        self._sessions = sessions
        self._turns: Counter[str] = Counter()

    def ended(self, outcome: str) -> None:
        """A turn has ended; *outcome* is one of ``OUTCOMES``."""
        self._turns[outcome] += 1

    def describe(self) -> list[Metric]:
        """Nothing in advance."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Everything."""
        yield GaugeMetricFamily(
            "mentra_voice_sessions", "Conversations with the assistant.", self._sessions()
        )
        turns = CounterMetricFamily(
            "mentra_voice_turns", "Turns, by what became of them.", labels=["outcome"]
        )
        for outcome in OUTCOMES:
            turns.add_metric([outcome], self._turns[outcome])
        yield turns
