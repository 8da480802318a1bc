"""Sound that no recogniser of captions was given, in figures."""

from collections.abc import Callable

from prometheus_client import Counter
from zope.interface import implementer

from mentra.extension import ComponentFactory
from mentra.interfaces.audio import ICaptionFigures
from mentra.interfaces.services import IServices


@implementer(ICaptionFigures)
class CaptionFigures:
    """One counter for all sessions."""

    def __init__(self, services: IServices) -> None:
        self._dropped = Counter(
            "mentra_captions_dropped_seconds_total",
            "Seconds of sound that were kept for a recogniser and had to give way to newer ones.",
            ["why"],
            registry=services.metrics.registry,
        )

    def dropped(self, why: str) -> Callable[[float], None]:
        """What to call with the seconds that had to give way."""
        count: Callable[[float], None] = self._dropped.labels(why).inc
        return count


caption_figures = ComponentFactory(ICaptionFigures, CaptionFigures)
