"""A recogniser's stream that wakes a worker only while somebody speaks."""

from collections import deque
from collections.abc import Callable

from twisted.logger import Logger
from zope.interface import implementer

from mentra.errors import Refused
from mentra.hearing import Heard, Recognition, Word
from mentra.interfaces.speech import IOwingStream, IRecogniserListener
from mentra.speech.endpointing import (
    BYTES_PER_MS,
    Endpointer,
    Event,
    SpeechEnded,
    SpeechSound,
    SpeechStarted,
)
from mentra.speech.job import Job
from mentra.speech.load import Load
from mentra.speech.pipe import Guess
from mentra.speech.workers import Workers


@implementer(IOwingStream)
class GatedStream:
    """One wearer's speech, utterance by utterance, each one a job for the workers.

    Of one stream there is one utterance at work at a time, so that results stay in order; those
    after it wait with their sound.

    :param most_waiting: seconds of sound that may wait; beyond it the oldest is dropped.
    :param closed: called once, when the stream is over.
    """

    _log = Logger()

    def __init__(
        self,
        workers: Workers,
        load: Load,
        endpointer: Endpointer,
        wanted: Recognition,
        listener: IRecogniserListener,
        *,
        number: Callable[[], int],
        most_waiting: float,
        closed: Callable[["GatedStream"], None],
    ) -> None:
        self._workers = workers
        self._load = load
        self._endpointer = endpointer
        self._wanted = wanted
        self._listener = listener
        self._number = number
        self._most_waiting = int(most_waiting * 1000) * BYTES_PER_MS
        self._closed = closed
        self._jobs: deque[Job] = deque()
        self._manner = ""
        self._is_open = True

    def write(self, pcm: bytes) -> None:
        """Sound that follows what came before."""
        if self._is_open:
            self._follow(self._endpointer.feed(pcm))

    def finalize(self) -> None:
        """Nobody speaks any more."""
        if self._is_open:
            self._follow(self._endpointer.flush())

    def close(self) -> None:
        """No more sound comes, and nothing is heard any more."""
        if not self._is_open:
            return
        self._is_open = False
        if self._jobs:
            self._workers.drop(self._jobs[0])
        self._jobs.clear()
        self._closed(self)

    def owes(self) -> bool:
        """Whether something that was said is yet to be answered."""
        return bool(self._jobs)

    def waiting(self) -> float:
        """Seconds of it that no worker has got."""
        return sum(job.waiting for job in self._jobs) / BYTES_PER_MS / 1000

    def _follow(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, SpeechStarted):
                self._begin(event.at_ms)
            elif isinstance(event, SpeechSound):
                self._jobs[-1].add(event.pcm)
                self._shorten()
            elif isinstance(event, SpeechEnded):
                self._jobs[-1].is_over = True
        if events and self._jobs:
            self._workers.more(self._jobs[0])
            self._load.waits(self.waiting())

    def _begin(self, at_ms: int) -> None:
        wanted = self._wanted
        job = Job(
            number=self._number(),
            starts_ms=at_ms,
            grammar=wanted.grammar or "",
            interim=wanted.interim,
            manner="",
            guessed=lambda guess: self._heard(job, guess, is_final=False),
            done=lambda guess, manner: self._done(job, guess, manner),
            failed=self._failed,
        )
        self._jobs.append(job)
        if len(self._jobs) == 1:
            self._submit(job)

    def _submit(self, job: Job) -> None:
        job.manner = self._manner
        self._workers.submit(job)

    def _shorten(self) -> None:
        """Drop what is oldest of what waits too long."""
        surplus = sum(job.new for job in self._jobs) - self._most_waiting
        dropped = 0
        for job in self._jobs:
            while dropped < surplus and (size := job.drop_oldest()):
                dropped += size
        if dropped:
            self._load.dropped(dropped / BYTES_PER_MS / 1000)

    # -- what workers say

    def _done(self, job: Job, guess: Guess | None, manner: str) -> None:
        self._jobs.popleft()
        self._manner = manner
        if guess is not None:
            self._heard(job, guess, is_final=True)
        # unless the listener has closed
        if self._jobs:
            self._submit(self._jobs[0])

    def _heard(self, job: Job, guess: Guess, *, is_final: bool) -> None:
        result = _result(job, guess, is_final)
        if result is None or not self._is_open:
            return
        try:
            self._listener.heard(result)
        except Exception:  # noqa: BLE001 - a listener's bug must not cost others their worker
            self._log.failure("what was recognised could not be taken in")

    def _failed(self, problem: Refused) -> None:
        if not self._is_open:
            return
        self._is_open = False
        self._jobs.clear()
        self._closed(self)
        try:
            self._listener.failed(problem)
        except Exception:  # noqa: BLE001 - as above
            self._log.failure("the end of recognition could not be taken in")


def _result(job: Job, guess: Guess, is_final: bool) -> Heard | None:
    """*guess* in the stream's times; None if nothing was said."""
    words = tuple(
        Word(
            text=text,
            start_ms=job.stream_ms(start),
            end_ms=job.stream_ms(end),
            confidence=None if sure < 0 else sure,
            is_final=is_final,
        )
        for text, start, end, sure in guess.words
    )
    text = guess.text.strip()
    if not text:
        return None
    known = [word.confidence for word in words if word.confidence is not None]
    return Heard(
        text=text,
        is_final=is_final,
        start_ms=words[0].start_ms if words else job.starts_ms,
        end_ms=words[-1].end_ms if words else job.heard_ms,
        confidence=round(sum(known) / len(known), 3) if known else None,
        words=words,
    )
