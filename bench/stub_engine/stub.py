"""An engine that answers every piece of sound at once, and costs nothing: for benchmarks."""

from typing import Any

from zope.interface import implementer

from mentra.extension import EngineFactory
from mentra.hearing import Heard, Recognition
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


stub = EngineFactory(IRecogniser, "stub", StubRecogniser)
