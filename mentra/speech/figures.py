"""What engines did not manage, in figures."""

from collections.abc import Callable, Iterable

from prometheus_client import Counter, Gauge
from zope.interface import implementer

from mentra.extension import ComponentFactory
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import IEngineFigures


@implementer(IEngineFigures)
class EngineFigures:
    """One of each for all engines."""

    def __init__(self, services: IServices) -> None:
        registry = services.metrics.registry
        self._dropped = Counter(
            "mentra_engine_dropped_seconds_total",
            "Seconds of sound that an engine was not given, because it was too far behind.",
            ["engine"],
            registry=registry,
        )
        self._refused = Counter(
            "mentra_engine_refused_total",
            "Streams that an engine refused, because it had as many as it may have.",
            ["engine"],
            registry=registry,
        )
        self._restarts = Counter(
            "mentra_engine_restarts_total",
            "Processes of an engine that ended by themselves or had to be ended.",
            ["engine"],
            registry=registry,
        )

        self._waiting = Gauge(
            "mentra_engine_waiting_streams",
            "People whose speech waits, for an engine has too much to do.",
            ["engine"],
            registry=registry,
        )
        self._behind = Gauge(
            "mentra_engine_waiting_seconds",
            "Seconds of speech that wait, of whoever waits longest.",
            ["engine"],
            registry=registry,
        )

    def dropped(self, engine: str, seconds: float) -> None:
        """So much sound was not recognised."""
        self._dropped.labels(engine).inc(seconds)

    def refused(self, engine: str) -> None:
        """Somebody was not listened to."""
        self._refused.labels(engine).inc()

    def restarted(self, engine: str) -> None:
        """A process of *engine* ended."""
        self._restarts.labels(engine).inc()

    def watch(self, engine: str, waiting: Callable[[], Iterable[float]]) -> None:
        """Show how far behind *engine* is."""
        self._waiting.labels(engine).set_function(lambda: sum(map(bool, waiting())))
        self._behind.labels(engine).set_function(lambda: max(waiting(), default=0.0))


engine_figures = ComponentFactory(IEngineFigures, EngineFigures)
