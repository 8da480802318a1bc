"""Speech to text as it is configured: which engine, and who takes over from it."""

from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from twisted.application.service import Service
from zope.interface import implementer

from mentra.errors import NotThere, Refused
from mentra.extension import ComponentFactory
from mentra.hearing import Recognition
from mentra.interfaces.engines import IEngines
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import (
    IRecogniser,
    IRecogniserListener,
    IRecognition,
    ITranslatingRecogniser,
)
from mentra.speech.circuits import Breaker
from mentra.speech.detection import new_detector
from mentra.speech.fail_over import FailOver
from mentra.speech.leg import Engine
from mentra.speech.loudness import Loudness
from mentra.speech.patience import Patience
from mentra.speech.settings import SpeechSettings

SECOND = 32_000
"""Bytes of one: 16,000 samples of two."""


class Figures(Collector):
    """Which engine hears, and how often another one had to."""

    def __init__(self) -> None:
        self._engines: list[Engine] = []
        self._takeovers: Counter[tuple[str, str]] = Counter()
        self._lost = 0

    def know(self, engine: Engine) -> None:
        """Show *engine* from now on."""
        self._engines.append(engine)

    def took_over(self, before: str, reason: str) -> None:
        """Somebody else took over from the engine *before*."""
        self._takeovers[before, reason] += 1

    def lost(self, length: int) -> None:
        """So many bytes of sound were too much to be kept."""
        self._lost += length

    def describe(self) -> list[Metric]:
        """Nothing in advance."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Everything."""
        streams = GaugeMetricFamily(
            "mentra_recogniser_streams", "Streams that an engine has.", labels=["engine"]
        )
        circuits = GaugeMetricFamily(
            "mentra_recogniser_circuit_open",
            "Whether an engine is left alone, for it failed.",
            labels=["engine"],
        )
        for engine in self._engines:
            streams.add_metric([engine.name], engine.streams)
            circuits.add_metric([engine.name], engine.breaker.is_open)
        takeovers = CounterMetricFamily(
            "mentra_recogniser_takeovers",
            "Streams that went on with another engine, by the one before and the reason.",
            labels=["engine", "reason"],
        )
        for labels, count in self._takeovers.items():
            takeovers.add_metric(labels, count)
        yield from (streams, circuits, takeovers)
        yield CounterMetricFamily(
            "mentra_recogniser_lost_seconds",
            "Sound that no engine could be told again after one had failed.",
            self._lost / SECOND,
        )


@implementer(IRecognition)
class ConfiguredRecognition(Service):
    """Knows the engines of every language, and how each one is doing."""

    def __init__(self, services: IServices) -> None:
        self._services = services
        self._clock = services.clock
        self._settings: SpeechSettings = services.settings(SpeechSettings)
        self._engines = IEngines(services)
        self._known: dict[str, Engine] = {}
        self._figures = Figures()
        services.metrics.registry.register(self._figures)

    def stopService(self) -> None:
        """No engine is waited for any more."""
        for engine in self._known.values():
            engine.breaker.stop()
        super().stopService()

    def why_not(self, language: str) -> str | None:
        """Why nobody here recognises *language*; None: somebody does."""
        reasons = []
        for name in self._names(language):
            reason = self._reason(name, language)
            if reason is None:
                return None
            reasons.append(reason)
        told = "; ".join(reasons) or "[speech] recognisers is empty"
        return f"Nobody here recognises {language}: {told}"

    def translates(self, source: str, target: str) -> bool:
        """Whether the recogniser that hears *source* first translates it on the way."""
        able = (name for name in self._names(source) if self._reason(name, source) is None)
        recognisers = (self._engine(name).recogniser for name in able)
        first = ITranslatingRecogniser(next(recognisers, None), None)
        return first is not None and bool(first.translates(source, target))

    def open(self, wanted: Recognition, listener: IRecogniserListener) -> FailOver:
        """Begin to recognise.

        :raises Refused: ``UNKNOWN_LANGUAGE``, or ``ENGINE_UNAVAILABLE``: none can do it now.
        """
        language = wanted.language
        names = [name for name in self._names(language) if self._reason(name, language) is None]
        if not names:
            raise Refused("UNKNOWN_LANGUAGE", self.why_not(language) or "", where="provider")
        stream = FailOver(
            wanted,
            listener,
            [self._engine(name) for name in names],
            seconds=self._settings.replay,
            patience=self._patience,
            told=self._figures,
        )
        stream.begin()
        return stream

    def _names(self, language: str) -> tuple[str, ...]:
        """Who is asked for *language*, in order."""
        settings = self._settings
        base = language.partition("-")[0]
        chosen = settings.languages.get(language) or settings.languages.get(base)
        return tuple(dict.fromkeys(chosen or settings.recognisers))

    def _reason(self, name: str, language: str) -> str | None:
        """Why the engine called *name* does not recognise *language*; None: it does."""
        try:
            recogniser = self._engine(name).recogniser
        except NotThere as missing:
            return f"{missing} (the order is set in [speech] recognisers and languages)"
        why_not: str | None = recogniser.unavailable()
        if why_not is not None:
            return why_not
        if recogniser.speaks(language):
            return None
        return f"{name} does not speak it; name one that does in [speech] languages"

    def _engine(self, name: str) -> Engine:
        """:raises NotThere: there is none of that name."""
        engine = self._known.get(name)
        if engine is None:
            settings = self._settings
            breaker = Breaker(self._clock, settings.failures, settings.cool_down)
            engine = Engine(name, self._engines.get(IRecogniser, name), breaker)
            self._known[name] = engine
            self._figures.know(engine)
        return engine

    def _patience(self, blown: Callable[[], None]) -> Patience:
        detector = new_detector(self._services) or Loudness()
        return Patience(self._clock, self._settings.caption_budget, detector, blown)


recognition = ComponentFactory(IRecognition, ConfiguredRecognition)
