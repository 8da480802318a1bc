"""The figures: plain integers where messages pass, told to Prometheus when it asks."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from twisted.application.service import MultiService
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

import mentra
from mentra.interfaces.services import IMetrics, IObserved
from mentra.messages import Message, Unknown
from mentra.web.histograms import Histogram
from mentra.web.lag import LoopLag

STAGES = (
    "relay", "ping",
    "received", "decoded", "fanned_out", "fed", "recogniser", "recogniser_final", "caption",
)  # fmt: skip
"""Shown from the start, zeros and all: relay latency, ping round trip, the stages of audio."""


@implementer(IMetrics, IObserved)
class Metrics(MultiService):
    """Counts; a service, for it measures how late the event loop is.

    :ivar registry: of this server, whoever made its other metrics.
    """

    def __init__(self, clock: IReactorTime) -> None:
        super().__init__()
        self.lag = LoopLag(clock)
        self.lag.setServiceParent(self)
        self.received_by_path: dict[str, dict[type[Message] | str, int]] = defaultdict(_counts)
        self.failures: dict[tuple[str, str], int] = defaultdict(int)
        self.opened_by_path: dict[str, int] = defaultdict(int)
        self.closed_by_path: dict[str, dict[int, int]] = defaultdict(_counts)
        self.stages: dict[str, Histogram] = {stage: Histogram() for stage in STAGES}
        self.gauges: dict[str, tuple[str, Callable[[], float]]] = {}
        self.parts: dict[str, Callable[[], dict[str, Any]]] = {}
        self.registry = CollectorRegistry()
        self.registry.register(Figures(self))
        ProcessCollector(registry=self.registry)

    def received(self, path: str, message_type: type[Message]) -> None:
        """A message of *path* was decoded."""
        self.received_by_path[path][message_type] += 1

    def counts(self, path: str) -> dict[type[Message] | str, int]:
        """Message class, or stream type, to how many of them *path* received."""
        return self.received_by_path[path]

    def failed(self, path: str, handler: str) -> None:
        """A handler of *path* raised, or answered nonsense."""
        self.failures[path, handler] += 1

    def opened(self, path: str) -> None:
        """A peer of *path* is there."""
        self.opened_by_path[path] += 1

    def closed(self, path: str, code: int) -> None:
        """A peer of *path* is gone."""
        self.closed_by_path[path][code] += 1

    def observe(self, stage: str, seconds: float) -> None:
        """*seconds* were spent in *stage*."""
        self.observer(stage)(seconds)

    def observer(self, stage: str) -> Callable[[float], None]:
        """What to call with the seconds spent in *stage*."""
        return self.stages.setdefault(stage, Histogram()).observe

    def show(self, name: str, read: Callable[[], dict[str, Any]]) -> None:
        """``/health`` shows under *name* what *read* returns."""
        self.parts[name] = read

    def watch(self, name: str, documentation: str, read: Callable[[], float]) -> None:
        """A gauge that is read when somebody asks.

        :param name: its whole name, e.g. ``mentra_sessions``.
        """
        self.gauges[name] = documentation, read

    def open_now(self, path: str) -> int:
        """Peers of *path* that are there."""
        return self.opened_by_path.get(path, 0) - sum(self.closed_by_path.get(path, {}).values())

    def health(self) -> dict[str, Any]:
        """The figures of ``/health``.  Source: docs/protocol."""
        kinds = {path: dict(self._by_kind(path)) for path in list(self.received_by_path)}
        figures: dict[str, Any] = {
            "connections": {
                "glassesConnections": self.open_now("glasses"),
                "appConnections": self.open_now("app"),
            },
            "messages": {
                "glassesTypes": kinds.get("glasses", {}),
                "appTypes": kinds.get("app", {}),
                "processed": sum(sum(one.values()) for one in kinds.values()),
                "errors": sum(self.failures.values()),
            },
            "loopLag": self.lag.worst(),
            "latency": {
                stage: {"p50": half, "p95": most} for stage, half, most in self.latencies()
            },
        }
        if self.parts:
            figures["parts"] = {name: read() for name, read in self.parts.items()}
        return figures

    def latencies(self) -> Iterator[tuple[str, float, float]]:
        """Stage, and the seconds that half and 95 in 100 of the newest took at most; without those
        where nothing has passed yet."""
        for stage, histogram in list(self.stages.items()):
            half, most = histogram.quantile(0.5), histogram.quantile(0.95)
            if half is not None and most is not None:
                yield stage, half, most

    def _by_kind(self, path: str) -> Iterator[tuple[str, int]]:
        for message_type, count in self.received_by_path[path].items():
            yield kind_of(message_type), count


class Figures(Collector):
    """Tells Prometheus what a :class:`Metrics` counted."""

    _log = Logger()

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def describe(self) -> list[Metric]:
        """Nothing in advance."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Everything."""
        yield InfoMetricFamily("mentra_build", "What runs here.", {"version": mentra.__version__})
        yield from self._connections()
        yield from self._messages()
        yield self._stages()
        yield self._latencies()
        yield from self._gauges()

    def _connections(self) -> Iterator[Metric]:
        metrics = self._metrics
        opened = CounterMetricFamily(
            "mentra_connections", "Connections that were opened.", labels=["path"]
        )
        now = GaugeMetricFamily("mentra_connections_open", "Connections open.", labels=["path"])
        closes = CounterMetricFamily(
            "mentra_closes", "Connections that ended, by close code.", labels=["path", "code"]
        )
        for path, count in metrics.opened_by_path.items():
            opened.add_metric([path], count)
            now.add_metric([path], metrics.open_now(path))
        for path, codes in metrics.closed_by_path.items():
            for code, count in _grouped(codes).items():
                closes.add_metric([path, code], count)
        yield from (opened, now, closes)

    def _messages(self) -> Iterator[Metric]:
        received = CounterMetricFamily(
            "mentra_messages", "Messages received, by registered type.", labels=["path", "type"]
        )
        for path, kinds in self._metrics.received_by_path.items():
            for message_type, count in kinds.items():
                received.add_metric([path, kind_of(message_type)], count)
        failures = CounterMetricFamily(
            "mentra_handler_failures", "Bugs of handlers and routes.", labels=["path", "handler"]
        )
        for (path, handler), count in self._metrics.failures.items():
            failures.add_metric([path, handler], count)
        yield from (received, failures)

    def _stages(self) -> Metric:
        family = HistogramMetricFamily(
            "mentra_stage_seconds", "Time spent in a stage of the way.", labels=["stage"]
        )
        for stage, histogram in self._metrics.stages.items():
            family.add_metric([stage], list(histogram.buckets()), histogram.total)
        return family

    def _latencies(self) -> Metric:
        family = GaugeMetricFamily(
            "mentra_stage_latency_seconds",
            "What half and 95 in 100 of the newest took in a stage at most.",
            labels=["stage", "quantile"],
        )
        for stage, half, most in self._metrics.latencies():
            family.add_metric([stage, "0.5"], half)
            family.add_metric([stage, "0.95"], most)
        return family

    def _gauges(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "mentra_loop_lag_seconds",
            "Longest delay of the event loop in the last seconds.",
            self._metrics.lag.worst(),
        )
        for name, (documentation, read) in self._metrics.gauges.items():
            try:
                yield GaugeMetricFamily(name, documentation, read())
            except Exception:  # noqa: BLE001 - one gauge's bug must not hide the others
                self._log.failure("{gauge} cannot be read", gauge=name)


def kind_of(message_type: type[Message] | str) -> str:
    """What a message's type is called in figures: one of few names, whatever peers send."""
    if isinstance(message_type, str):
        return message_type
    if message_type is Unknown:
        return "unknown"
    if message_type.spoken:
        return message_type.tag()
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", message_type.__name__).lower()


def _grouped(codes: dict[int, int]) -> dict[str, int]:
    grouped: dict[str, int] = defaultdict(int)
    for code, count in codes.items():
        # a peer chooses among thousands of application codes
        grouped[str(code) if 1000 <= code < 1016 else f"{code // 1000}xxx"] += count
    return grouped


def _counts() -> dict[Any, int]:
    return defaultdict(int)
