"""What engines did not manage, in figures."""

from prometheus_client import Counter
from zope.interface import implementer

from mentra.extension import ComponentFactory
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import IEngineFigures


@implementer(IEngineFigures)
class EngineFigures:
    """Counters, one of each for all engines."""

    def __init__(self, services: IServices) -> None:
        registry = services.metrics.registry
        self._dropped = Counter(
            "mentra_engine_dropped_seconds_total",
            "Seconds of sound that an engine was not given, because it was too far behind.",
            ["engine"],
            registry=registry,
        )
        self._restarts = Counter(
            "mentra_engine_restarts_total",
            "Processes of an engine that ended by themselves or had to be ended.",
            ["engine"],
            registry=registry,
        )

    def dropped(self, engine: str, seconds: float) -> None:
        """So much sound was not recognised."""
        self._dropped.labels(engine).inc(seconds)

    def restarted(self, engine: str) -> None:
        """A process of *engine* ended."""
        self._restarts.labels(engine).inc()


engine_figures = ComponentFactory(IEngineFigures, EngineFigures)
