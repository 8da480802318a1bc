"""The work of one language: sound in, what was said out."""

from collections.abc import Callable, Iterable
from typing import Protocol

import attrs
from twisted.internet.interfaces import IDelayedCall
from zope.interface import implementer

from mentra.errors import Refused
from mentra.glasses.captions.backlog import Backlog
from mentra.glasses.captions.data import new_utterance_id
from mentra.glasses.captions.life import Life, life_machine
from mentra.glasses.captions.retries import Retries
from mentra.glasses.captions.settings import CaptionsSettings
from mentra.glasses.captions.timeline import Timeline
from mentra.glasses.captions.wishes import Wish
from mentra.hearing import Heard, Recognition
from mentra.interfaces.audio import ICaptionFigures
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import (
    IOwingStream,
    IRecogniserListener,
    IRecogniserStream,
    IRecognition,
)
from mentra.speech.fail_over import RESTING
from mentra.speech.settings import SpeechSettings
from mentra.speech.tags import AUTO

MOST_PIECES = 10_000
"""Pieces of sound that are kept for the next attempt; their length has a bound besides."""

NOBODY = "Nobody here recognises speech: no plugin brings recognition"


class Publisher(Protocol):
    """Who tells the apps."""

    def said(self, wish: Wish, heard: Heard, utterance_id: str, took: float | None) -> None:
        """Something was said.

        :param took: seconds from the sound to its recognition; None if nobody knows.
        """

    def silenced(self, wish: Wish, problem: Refused) -> None:
        """Nothing can be recognised for a while, and why."""


@implementer(IRecogniserListener)
class Source:
    """Recognises one language for all who want it.

    :ivar wish: what they want; replace it when they change their minds.
    :ivar life: what to tell it.
    :ivar last_sound: clock seconds.
    """

    def __init__(
        self, wish: Wish, services: IServices, settings: CaptionsSettings, publisher: Publisher
    ) -> None:
        self.wish = wish
        self.retries = Retries(settings)
        self.life: Life = life_machine(self)
        self.last_sound = 0.0
        self._recognition: IRecognition | None = IRecognition(services, None)
        self._clock = services.clock
        self._now = services.now
        self._settings = settings
        self._publisher = publisher
        self._timeline = Timeline()
        speech: SpeechSettings = services.settings(SpeechSettings)
        lost = ICaptionFigures(services).dropped("failed")
        self._kept = Backlog(MOST_PIECES, speech.replay, lost)
        self._all_was_said = False
        self._stream: IRecogniserStream | None = None
        self._timer: IDelayedCall | None = None
        self._utterance_id: str | None = None
        self._pending: Heard | None = None
        self._finish_by = 0.0

    @property
    def is_hearing(self) -> bool:
        """Whether a recogniser has a stream of it."""
        return self._stream is not None

    def why_not(self) -> str | None:
        """Why nobody here recognises the language; None: somebody does."""
        if self._recognition is None:
            return NOBODY
        reason: str | None = self._recognition.why_not(self.wish.language)
        return reason

    # -- what its life asks for

    def open(self, sound: Iterable[bytes]) -> None:
        """Have a recogniser hear."""
        self._all_was_said = False
        self._timeline.begin()
        self.last_sound = self._clock.seconds()
        try:
            self._stream = self._opened(self.wish.language)
        except Refused as problem:
            self.keep(sound)
            self.life.fail(problem)
            return
        for pcm in sound:
            self.write(pcm)

    def _opened(self, language: str) -> IRecogniserStream:
        """:raises Refused: there is none now."""
        if self._recognition is None:
            raise Refused("UNKNOWN_LANGUAGE", NOBODY)
        wish = self.wish
        wanted = Recognition(
            language=language,
            languages=tuple(dict.fromkeys((*wish.tags[1:], *wish.hints))),
            translate_to=wish.targets[0] if len(wish.targets) == 1 else None,
        )
        try:
            stream: IRecogniserStream = self._recognition.open(wanted, self)
        except Refused:
            if language != AUTO:
                raise
            # better the likeliest language than none
            return self._opened(self._settings.language)
        return stream

    def write(self, pcm: bytes) -> None:
        """Sound for it."""
        stream = self._stream
        if stream is None:
            # it failed at the piece before
            self.keep((pcm,))
            return
        self.last_sound = now = self._clock.seconds()
        self._timeline.add(len(pcm), now)
        stream.write(pcm)

    def finalize(self) -> None:
        """Ask for its last words."""
        if self._stream is not None:
            self._finish_by = self._clock.seconds() + self._settings.finish_behind
            self._after(self._settings.finish_within, self._had_time)
            self._stream.finalize()

    def resume(self, sound: Iterable[bytes]) -> None:
        """There is more to hear."""
        self._cancel()
        for pcm in sound:
            self.write(pcm)

    def shut(self) -> None:
        """It is done."""
        self._cancel()
        self._kept.clear()
        self._drop_stream()

    def wait(self, problem: Refused) -> None:
        """It failed."""
        self._drop_stream()
        if problem is RESTING:
            # nobody was asked: that is no attempt, and soon somebody may be
            self._publisher.silenced(self.wish, problem)
            self._after(self._settings.retry_after, self.life.retry)
            return
        seconds = self.retries.after(problem)
        if seconds is not None:
            self._after(seconds, self.life.retry)
            return
        self._kept.give_up()
        self._publisher.silenced(self.wish, problem)
        if self.retries.is_hopeless or not problem.retryable:
            self.life.despair()
        else:
            self.life.give_up()

    def count(self, problem: Refused) -> None:
        """It failed at its last words."""
        self.retries.after(problem)
        self.shut()

    def keep(self, sound: Iterable[bytes]) -> None:
        """Sound for the next attempt."""
        self._all_was_said = False
        for pcm in sound:
            self._kept.append(pcm)

    def was_said(self) -> None:
        """The next attempt is for what was kept alone."""
        self._all_was_said = True

    def reopen(self) -> None:
        """The next attempt."""
        all_was_said = self._all_was_said
        self.open(self._kept.take())
        if all_was_said:
            self.life.end()

    # -- what the recogniser says

    def heard(self, result: Heard) -> None:
        """Something was recognised."""
        self.retries.worked()
        came = self._timeline.when(result.end_ms)
        took = None if came is None else max(0.0, self._clock.seconds() - came)
        if not result.text:
            if not result.is_final or self._pending is None:
                return
            # what was shown must end, and is better than nothing
            result = attrs.evolve(self._pending, is_final=True)
        elif self._pending is not None and result.start_ms >= self._pending.end_ms > 0:
            # another utterance has begun, and the engine left the one before as it was
            self._finish()
        self._publish(result, took)
        if result.is_final and not self._is_owed():
            self.life.finished()

    def failed(self, problem: Refused) -> None:
        """The recogniser's stream is over."""
        self._stream = None
        self.life.fail(problem)

    def _is_owed(self) -> bool:
        """Whether the recogniser says that there is more to come."""
        owing = IOwingStream(self._stream, None)
        return owing is not None and owing.owes()

    def _had_time(self) -> None:
        """The time for last words is over, but for one that has not got to them."""
        left = self._finish_by - self._clock.seconds()
        if left > 0 and self._is_owed():
            self._after(min(left, self._settings.finish_within), self._had_time)
        else:
            self.life.finished()

    def _publish(self, result: Heard, took: float | None) -> None:
        utterance_id = self._utterance_id or new_utterance_id(self._now())
        self._utterance_id = None if result.is_final else utterance_id
        self._pending = None if result.is_final else result
        self._publisher.said(self.wish, result, utterance_id, took)

    def _drop_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
        self._finish()

    def _finish(self) -> None:
        """What was not final is now."""
        if self._pending is not None:
            self._publish(attrs.evolve(self._pending, is_final=True), None)

    # -- one delayed call at a time

    def _after(self, seconds: float, function: Callable[[], None]) -> None:
        self._cancel()
        self._timer = self._clock.callLater(seconds, self._due, function)

    def _due(self, function: Callable[[], None]) -> None:
        self._timer = None
        function()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
