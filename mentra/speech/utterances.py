"""A wearer's speech for engines that take whole utterances: cut where somebody pauses."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mentra.errors import Refused
from mentra.hearing import Heard
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import IEngineFigures, IOwingStream, IRecogniserListener
from mentra.providers import broken
from mentra.speech.detection import new_detector
from mentra.speech.endpointing import (
    BYTES_PER_MS,
    Endpointer,
    SpeechEnded,
    SpeechSound,
    SpeechStarted,
)
from mentra.speech.loudness import Loudness
from mentra.speech.voice_activity import VoiceActivitySettings

MOST_UTTERANCES = 4
"""Of one wearer that may be at the engine; when one more begins, the oldest is given up."""


@attrs.frozen
class Understood:
    """What an engine made of an utterance.

    :ivar text: empty if nothing was said.
    """

    text: str
    language: str | None = None


class Hearing(Protocol):
    """An engine at work on one utterance.

    :ivar answer: what it understood; it fails with :class:`mentra.errors.Refused`, and may do so
        at any time.  Cancelling gives the utterance up.
    """

    answer: Deferred[Understood]

    def write(self, pcm: bytes) -> None:
        """Sound of it."""

    def finish(self) -> None:
        """That was all."""


Begin = Callable[[Callable[[str], None]], Hearing]
"""Makes one, given what to call with the text so far."""


@attrs.define(eq=False)
class _Utterance:
    start_ms: int
    hearing: Hearing | None = None
    end_ms: int = 0
    size: int = 0
    understood: Understood | None = None


@implementer(IOwingStream)
class UtteranceStream:
    """Several utterances may be at the engine; what is understood is told in their order.

    :param begin: has the engine begin with an utterance.
    :param closed: called once, when the stream is over.
    """

    _log = Logger()

    def __init__(
        self,
        name: str,
        endpointer: Endpointer,
        begin: Begin,
        listener: IRecogniserListener,
        figures: IEngineFigures,
        *,
        interim: bool,
        closed: Callable[["UtteranceStream"], None],
    ) -> None:
        self._name = name
        self._endpointer = endpointer
        self._begin = begin
        self._listener: IRecogniserListener | None = listener
        self._figures = figures
        self._interim = interim
        self._closed = closed
        self._utterances: deque[_Utterance] = deque()

    def write(self, pcm: bytes) -> None:
        """Sound that follows what came before."""
        if self._listener is not None:
            self._follow(self._endpointer.feed(pcm))

    def finalize(self) -> None:
        """Nobody speaks any more."""
        if self._listener is not None:
            self._follow(self._endpointer.flush())

    def close(self) -> None:
        """It is over, and nobody is told."""
        if self._listener is not None:
            self._listener = None
            self._end()

    def owes(self) -> bool:
        """Whether an utterance is yet to be answered."""
        return bool(self._utterances)

    def waiting(self) -> float:
        """Nobody here knows what a server makes wait."""
        return 0.0

    def _follow(self, events: list[SpeechStarted | SpeechSound | SpeechEnded]) -> None:
        for event in events:
            if self._listener is None:
                return
            if isinstance(event, SpeechStarted):
                self._start(event.at_ms)
            elif not self._utterances:
                # the engine failed at once, or whoever listened has closed
                return
            elif isinstance(event, SpeechSound):
                self._sound(event.pcm)
            else:
                self._finish(event.last_speech_ms)

    def _start(self, at_ms: int) -> None:
        if len(self._utterances) >= MOST_UTTERANCES:
            self._lose(self._utterances.popleft())
            self._tell()
        utterance = _Utterance(at_ms)
        self._utterances.append(utterance)
        utterance.hearing = self._begin(lambda text: self._so_far(utterance, text))
        utterance.hearing.answer.addCallbacks(
            lambda understood: self._done(utterance, understood), self._failed
        )

    def _lose(self, utterance: _Utterance) -> None:
        if utterance.hearing is not None:
            utterance.hearing.answer.cancel()
        self._figures.dropped(self._name, utterance.size / BYTES_PER_MS / 1000)
        self._log.warn(
            "{engine} is behind: of somebody's {most} utterances at it the oldest is given up",
            engine=self._name,
            most=MOST_UTTERANCES,
        )

    def _sound(self, pcm: bytes) -> None:
        utterance = self._utterances[-1]
        utterance.size += len(pcm)
        if utterance.hearing is not None:
            utterance.hearing.write(pcm)

    def _finish(self, last_speech_ms: int) -> None:
        utterance = self._utterances[-1]
        utterance.end_ms = max(last_speech_ms, utterance.start_ms)
        if utterance.hearing is not None:
            utterance.hearing.finish()

    def _so_far(self, utterance: _Utterance, text: str) -> None:
        if not (self._interim and self._utterances and utterance is self._utterances[0]):
            return
        end = utterance.end_ms or utterance.start_ms + utterance.size // BYTES_PER_MS
        self._hear(Understood(text), utterance.start_ms, end, is_final=False)

    def _done(self, utterance: _Utterance, understood: Understood) -> None:
        utterance.understood = understood
        self._tell()

    def _tell(self) -> None:
        """Whatever is understood and has nothing before it."""
        while self._utterances:
            first = self._utterances[0]
            if first.understood is None:
                return
            self._utterances.popleft()
            self._hear(first.understood, first.start_ms, first.end_ms, is_final=True)

    def _hear(self, understood: Understood, start_ms: int, end_ms: int, *, is_final: bool) -> None:
        text = understood.text.strip()
        if self._listener is None or not text:
            return
        heard = Heard(
            text=text, is_final=is_final, start_ms=start_ms, end_ms=end_ms,
            language=understood.language,
        )  # fmt: skip
        try:
            self._listener.heard(heard)
        except Exception:  # noqa: BLE001 - a listener's bug must not cost it what is heard next
            self._log.failure("what was recognised could not be taken in")

    def _failed(self, failure: Failure) -> None:
        if failure.check(CancelledError):
            return
        if not failure.check(Refused):
            self._log.failure("{engine} failed", failure, engine=self._name)
        problem = failure.value
        listener, self._listener = self._listener, None
        if listener is None:
            return
        self._end()
        listener.failed(problem if isinstance(problem, Refused) else broken(self._name, "failed"))

    def _end(self) -> None:
        utterances, self._utterances = self._utterances, deque()
        for utterance in utterances:
            if utterance.hearing is not None:
                utterance.hearing.answer.cancel()
        self._closed(self)


def endpointer_for(services: IServices) -> Endpointer:
    """A new one, as ``[voice_activity]`` says, for an engine that could do without: where nothing
    tells speech from other sound, loudness does."""
    settings: VoiceActivitySettings = services.settings(VoiceActivitySettings)
    detector = new_detector(services) or Loudness()
    return Endpointer(
        detector.is_speech,
        silence_ms=round(settings.silence * 1000),
        pre_roll_ms=round(settings.pre_roll * 1000),
        most_ms=round(settings.longest * 1000),
    )
