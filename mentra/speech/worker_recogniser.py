"""A recogniser whose work is done by worker processes."""

import itertools
import re
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import attrs
import msgspec
from twisted.application.service import MultiService
from twisted.internet.interfaces import IReactorProcess
from zope.interface import implementer

from mentra.errors import MentraError, Refused
from mentra.hearing import Recognition
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import IEngineFigures, IRecogniser, IRecogniserListener
from mentra.speech.gated import GatedStream
from mentra.speech.load import Load
from mentra.speech.voice_activity import endpointer, voice_detection
from mentra.speech.workers import Workers

MOST_GRAMMAR = 65_536
"""Characters of a grammar that an app may bring."""

_IMPORT = re.compile(r"\bimport\s*<")

_numbers = itertools.count(1)


@attrs.frozen(kw_only=True)
class Work:
    """How an engine works.

    :ivar name: of the engine.
    :ivar module: the package that the worker imports.
    :ivar extra: what brings that package.
    :ivar settings: for the worker's decoder.
    :ivar languages: BCP 47 tags; their base languages count.
    :ivar workers: processes at a time.
    :ivar patience: seconds in which a worker has to answer.
    :ivar behind: seconds of sound of one stream that may wait.
    :ivar streams: open at a time.
    """

    name: str
    module: str
    extra: str
    settings: dict[str, object]
    languages: tuple[str, ...]
    workers: int
    patience: float
    behind: float
    streams: int


@implementer(IRecogniser)
class WorkerRecogniser(MultiService):
    """Opens streams onto the workers.  Nothing runs before the first is opened.

    :param lacking: why it cannot work, whatever is installed; None: it may.
    :param find: finds a module by its name, or None.
    :ivar workers: the :class:`mentra.speech.workers.Workers`.
    """

    def __init__(
        self,
        services: IServices,
        work: Work,
        lacking: str | None = None,
        find: Callable[[str], object] = find_spec,
    ) -> None:
        super().__init__()
        self.name = work.name
        self._services = services
        self._work = work
        self._lacking = lacking
        if lacking is None and not find(work.module):
            self._lacking = (
                f"The recogniser {work.name} needs a package that is not installed: "
                f"pip install 'mentra[{work.extra}]'"
            )
        figures = IEngineFigures(services)
        self._bases = {language.lower().partition("-")[0] for language in work.languages}
        self._streams: set[GatedStream] = set()
        self.workers = Workers(
            IReactorProcess(services),
            services.clock,
            figures,
            name=work.name,
            arguments=(work.name, msgspec.json.encode(work.settings).decode()),
            most=work.workers,
            patience=work.patience,
        )
        self.workers.setServiceParent(self)
        self._load = Load(
            services.clock,
            figures,
            work.name,
            work.workers,
            lambda: [stream.waiting() for stream in self._streams],
        )
        services.metrics.show(work.name, self._load.shown)

    def stopService(self) -> Any:
        """All processes end, and nothing is waited for."""
        self._load.stop()
        return super().stopService()

    def unavailable(self) -> str | None:
        """What it lacks: a package, a model, voice detection."""
        if self._lacking is not None:
            return self._lacking
        try:
            lacking: str | None = voice_detection(self._services).unavailable()
        except MentraError as problem:
            return str(problem)
        return lacking or self.workers.unusable

    def addresses(self) -> tuple[str, ...]:
        """None: it stays on this machine."""
        return ()

    def speaks(self, language: str) -> bool:
        """Whether its model is of that language."""
        return language.lower().partition("-")[0] in self._bases

    def open(self, wanted: Recognition, listener: IRecogniserListener) -> GatedStream:
        """Begin to recognise.

        :raises Refused: ``UNKNOWN_LANGUAGE``, ``ENGINE_UNAVAILABLE``, ``ENGINE_BUSY`` or
            ``BAD_GRAMMAR``.
        """
        self._check(wanted)
        stream = GatedStream(
            self.workers,
            self._load,
            endpointer(self._services),
            wanted,
            listener,
            number=lambda: next(_numbers),
            most_waiting=self._work.behind,
            closed=self._streams.discard,
        )
        self._streams.add(stream)
        self.workers.warm()
        return stream

    def _check(self, wanted: Recognition) -> None:
        work = self._work
        if not self.speaks(wanted.language):
            known = ", ".join(work.languages)
            raise Refused(
                "UNKNOWN_LANGUAGE",
                f"The recogniser {work.name} knows {known} and not {wanted.language}; "
                "configure another recogniser for it",
            )
        lacking = self.unavailable()
        if lacking is not None:
            raise Refused("ENGINE_UNAVAILABLE", lacking)
        if len(self._streams) >= work.streams:
            self._load.refused(work.streams)
            raise Refused(
                "ENGINE_BUSY",
                f"The recogniser {work.name} listens to {work.streams} people already, as many as "
                f"[{work.name}] streams allows",
                retryable=True,
            )
        grammar = wanted.grammar or ""
        # an import would have the recogniser look for files
        if len(grammar) > MOST_GRAMMAR or _IMPORT.search(grammar):
            raise Refused(
                "BAD_GRAMMAR",
                f"A grammar has at most {MOST_GRAMMAR} characters and imports nothing",
                where="app",
            )
