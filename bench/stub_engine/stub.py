"""For benchmarks: an engine that answers each piece of sound at once and costs nothing, and a watch
on the event loop."""

from typing import Any

from twisted.application.service import Service
from zope.interface import Interface, implementer

from mentra.extension import Access, ComponentFactory, EngineFactory, route
from mentra.hearing import Heard, Recognition
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import IRecogniser, IRecogniserListener, IRecogniserStream

MOST_WORDS = 30
"""Answers to a final one."""


@implementer(IRecogniserStream)
class StubStream:
    """Hears one word in each piece."""

    def __init__(self, clock: Any, listener: IRecogniserListener) -> None:
        self._clock = clock
        self._listener = listener
        self._size = 0
        self._begin = 0
        self._words: list[str] = []
        self._is_open = True

    def write(self, pcm: bytes) -> None:
        """Answer, but not within the call: engines never do."""
        self._size += len(pcm)
        self._words.append(f"word{self._size // 32}")
        self._clock.callLater(0, self._answer, self._size // 32)

    def finalize(self) -> None:
        """Nothing is pending."""

    def close(self) -> None:
        """Say no more."""
        self._is_open = False

    def _answer(self, end_ms: int) -> None:
        if not self._is_open:
            return
        is_final = len(self._words) >= MOST_WORDS
        text = " ".join(self._words)
        self._listener.heard(
            Heard(text=text, is_final=is_final, start_ms=self._begin, end_ms=end_ms)
        )
        if is_final:
            self._words.clear()
            self._begin = end_ms


@implementer(IRecogniser)
class StubRecogniser:
    """Speaks every language."""

    name = "stub"

    def __init__(self, services: Any) -> None:
        self._clock = services.clock

    def unavailable(self) -> None:
        """It is always there."""

    def addresses(self) -> tuple[str, ...]:
        """It stays here."""
        return ()

    def speaks(self, language: str) -> bool:
        """Any."""
        return True

    def open(self, wanted: Recognition, listener: IRecogniserListener) -> StubStream:
        """A stream."""
        return StubStream(self._clock, listener)


class ILateness(Interface):
    """How late the event loop is."""

    def take() -> float:
        """Seconds at worst since this was asked last."""


EVERY = 0.005


@implementer(ILateness)
class Lateness(Service):
    """Looks at the clock every few milliseconds."""

    def __init__(self, services: IServices) -> None:
        self._clock = services.clock
        self._worst = 0.0
        self._call: Any = None

    def startService(self) -> None:
        """Begin to look."""
        super().startService()
        self._wait()

    def stopService(self) -> None:
        """Look no more."""
        super().stopService()
        self._call.cancel()

    def take(self) -> float:
        """Seconds at worst since this was asked last."""
        worst, self._worst = self._worst, 0.0
        return worst

    def _wait(self) -> None:
        self._due = self._clock.seconds() + EVERY
        self._call = self._clock.callLater(EVERY, self._look)

    def _look(self) -> None:
        self._worst = max(self._worst, self._clock.seconds() - self._due)
        self._wait()


lateness = ComponentFactory(ILateness, Lateness)


@route("GET", "/bench/lateness", access=Access.PUBLIC, answer=dict[str, float])
def tell_lateness(call: Any) -> dict[str, float]:
    """How late the event loop was."""
    return {"worst": ILateness(call.services).take()}


stub = EngineFactory(IRecogniser, "stub", StubRecogniser)
