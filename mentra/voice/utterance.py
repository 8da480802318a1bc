"""What somebody says in one go, from the first sound to the text that was understood."""

from typing import Any, Protocol

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from zope.interface import implementer

from mentra.errors import Refused
from mentra.hearing import Heard, Recognition
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import IRecogniserListener, IRecognition, IVoiceDetector
from mentra.speech.endpointing import (
    BYTES_PER_MS,
    Endpointer,
    SpeechEnded,
    SpeechSound,
    SpeechStarted,
)
from mentra.voice.feeding import Feeding
from mentra.voice.settings import VoiceSettings

NEAR_MS = 400
"""What a recogniser's times may be off from where somebody spoke last, milliseconds."""

BEHIND = Refused(
    "ENGINE_BUSY",
    "More people speak than can be understood at once. Please try again in a moment.",
    retryable=True,
)

SETTLE = 1.0
"""Seconds in which another result may follow the last one."""


class Heeding(Protocol):
    """Who wants to know what is said."""

    def speech_started(self) -> None:
        """Somebody begins to speak."""

    def speech_ended(self) -> None:
        """Nobody speaks any more."""

    def is_complete(self) -> None:
        """What was said is over, by itself: whoever listens calls ``finish``."""

    def heard(self, text: str) -> None:
        """What was understood so far."""

    def understood(self, text: str, confidence: float | None) -> None:
        """All that was said; an empty text is nothing.  Said once, after ``finish``."""

    def not_understood(self, problem: Refused) -> None:
        """It cannot be understood, for the engine failed.  Said in place of ``understood``."""


@implementer(IRecogniserListener)
class Utterance:
    """Finds where speech begins and ends, and has it recognised meanwhile.

    What is no speech is never given to a recogniser: it would make words of it.
    """

    _log = Logger()

    def __init__(
        self,
        services: IServices,
        settings: VoiceSettings,
        detector: IVoiceDetector,
        heeding: Heeding,
    ) -> None:
        self._recognition: Any = IRecognition(services, None)
        self._clock = services.clock
        self._began_at = self._clock.seconds()
        self._language = settings.language
        self._timeout = settings.transcript_timeout
        self._heeding = heeding
        self._most = int(settings.max_utterance * 1000) * BYTES_PER_MS
        self._endpointer = Endpointer(
            detector.is_speech,
            silence_ms=int(settings.silence * 1000),
            most_ms=2 * int(settings.max_utterance * 1000),
        )
        self._stream: Feeding | None = None
        self._timer: IDelayedCall | None = None
        self._length = self._began_ms = self._spoke_ms = self._final_ms = 0
        self._finals: list[str] = []
        self._confidences: list[float] = []
        self._pending = ""
        self._finished = self._over = False

    @property
    def seconds(self) -> float:
        """How much sound came."""
        return self._length / BYTES_PER_MS / 1000

    def hear(self, pcm: bytes) -> None:
        """Sound that follows what came before; beyond the longest utterance nothing is heard."""
        if self._finished or self._over:
            return
        pcm = pcm[: self._most - self._length]
        self._length += len(pcm)
        for event in self._endpointer.feed(pcm):
            self._met(event)
            if self._over:
                return
            if isinstance(event, SpeechEnded):
                self._heeding.is_complete()
                return
        if self._length >= self._most:
            self._heeding.is_complete()

    def finish(self) -> None:
        """No more sound counts: have what was said understood."""
        if self._finished or self._over:
            return
        self._finished = True
        for event in self._endpointer.flush():
            self._met(event)
        if self._over:
            return
        if self._stream is None:
            self._end("")
            return
        self._stream.finalize()
        if self._is_covered() and not self._over:
            self._end(self._text())
        elif not self._over:
            # what came faster than it was spoken takes its time
            behind = self.seconds - (self._clock.seconds() - self._began_at)
            self._wait(self._timeout + max(0.0, behind))

    def stop(self) -> None:
        """Nobody wants to know any more."""
        self._over = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    # -- where speech begins and ends

    def _met(self, event: SpeechStarted | SpeechSound | SpeechEnded) -> None:
        if isinstance(event, SpeechSound):
            if self._stream is not None:
                self._stream.write(event.pcm)
        elif isinstance(event, SpeechStarted):
            self._began_ms = event.at_ms
            self._heeding.speech_started()
            self._open()
        else:
            self._spoke_ms = event.last_speech_ms - self._began_ms
            self._heeding.speech_ended()

    def _open(self) -> None:
        try:
            if self._recognition is None:
                raise Refused("ENGINE_UNAVAILABLE", "Nobody here recognises speech")
            stream = self._recognition.open(Recognition(language=self._language), self)
            self._stream = Feeding(self._clock, stream)
        except Refused as refusal:
            self.failed(refusal)

    # -- what is understood

    def heard(self, result: Heard) -> None:
        """The recogniser understood something."""
        if self._over:
            return
        if result.is_final:
            self._pending = ""
            self._final_ms = result.end_ms
            if result.text:
                self._finals.append(result.text)
            if result.confidence is not None:
                self._confidences.append(result.confidence)
        else:
            self._pending = result.text
        if not self._finished:
            self._tell()
        elif self._is_covered():
            self._end(self._text())
        elif result.is_final:
            # times of some engines are no more than a guess
            self._wait(SETTLE)
        else:
            self._tell()

    def failed(self, problem: Refused) -> None:
        """The recogniser gave up."""
        if self._over:
            return
        self._log.warn("the assistant cannot hear: {code}", code=problem.code)
        self.stop()
        self._heeding.not_understood(problem)

    def _tell(self) -> None:
        text = self._text()
        if text:
            self._heeding.heard(text)

    def _text(self) -> str:
        return " ".join([*self._finals, *([self._pending] if self._pending else ())])

    def _is_covered(self) -> bool:
        """Whether the last result reaches as far as somebody spoke."""
        reaches = self._final_ms >= self._spoke_ms - NEAR_MS
        return bool(self._finals) and not self._pending and reaches

    def _wait(self, seconds: float) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = self._clock.callLater(seconds, self._out_of_time)

    def _out_of_time(self) -> None:
        self._timer = None
        if not self._text() and self._stream is not None and self._stream.is_behind:
            self.failed(BEHIND)
        else:
            self._end(self._text())

    def _end(self, text: str) -> None:
        confidences = self._confidences
        confidence = min(confidences) if confidences else None
        self.stop()
        self._heeding.understood(text, confidence)
