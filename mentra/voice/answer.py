"""An answer on its way: thought, shown as it grows, spoken sentence by sentence, and when it is all
told."""

from typing import Protocol

from twisted.logger import Logger

from mentra.errors import Refused
from mentra.interfaces.services import IServices
from mentra.messages import llm
from mentra.voice.mouth import Mouth
from mentra.voice.sentences import Sentences
from mentra.voice.settings import VoiceSettings
from mentra.voice.telling import Telling
from mentra.voice.thinking import Thinking
from mentra.voice.tools import Toolbox
from mentra.voice.turn import Turn

PAUSE = 0.1
"""Seconds between two pieces of a growing answer."""

NOT_SPOKEN = "The answer cannot be spoken now: it is text alone, or from here on"
TOLD_BEFORE = ("NO_SYNTHESISER", "ENGINE_UNAVAILABLE")
"""Why there is no speech at all: clients know it since they came in."""


class Wanting(Protocol):
    """Whose question it was.  After ``no_answer`` or ``is_told``, or ``stop``, nothing follows."""

    def speaks(self) -> None:
        """The first sound of it is about to be sent."""

    def has_answer(self, text: str) -> None:
        """*text* is all of it; it may still have to be spoken."""

    def no_answer(self) -> None:
        """There is none, or only half of one."""

    def is_told(self) -> None:
        """All of it was told."""


class Answer:
    """The answer to the question of one turn; :meth:`stop` ends it at any time.

    :param turn: is told when what happened.
    """

    _log = Logger()

    def __init__(
        self,
        turn: Turn,
        services: IServices,
        settings: VoiceSettings,
        toolbox: Toolbox,
        telling: Telling,
        wanting: Wanting,
    ) -> None:
        self._turn = turn
        self._clock = services.clock
        self._telling = telling
        self._wanting = wanting
        self._sentences = Sentences()
        self._mouth = Mouth(services, settings, self) if settings.speak else None
        self._thinking = Thinking(services, settings, toolbox, self)
        self._shown_at = float("-inf")
        self._is_unspoken = False

    @property
    def unfinished(self) -> str:
        """What there is of it, if it came to no end; else nothing."""
        return "" if self._thinking.is_over else self._thinking.text.strip()

    def begin(self, turns: list[llm.Turn]) -> None:
        """Think.

        :param turns: the conversation, what is asked now at its end.
        """
        self._telling.begins(self._turn)
        self._thinking.begin(turns)

    def stop(self) -> None:
        """Nobody wants it any more."""
        self._thinking.stop()
        if self._mouth is not None:
            self._mouth.stop()

    # -- what is thought

    def grows(self, piece: str) -> None:
        """The text goes on."""
        now = self._clock.seconds()
        if self._turn.answered_at is None:
            self._turn.answered_at = now
        sentences = self._sentences.add(piece)
        if sentences or now - self._shown_at >= PAUSE:
            self._shown_at = now
            self._telling.answer(self._turn, self._thinking.text, is_final=False)
        self._say(sentences)

    def answered(self) -> None:
        """The text is complete."""
        text = self._thinking.text.strip()
        if not text:
            self._wanting.no_answer()
            return
        self._wanting.has_answer(text)
        self._telling.answer(self._turn, text, is_final=True)
        self._say(self._sentences.rest())
        if self._mouth is None:
            self.said()
        else:
            self._mouth.close()

    def not_answered(self, problem: Refused) -> None:
        """There is none, or only half of one."""
        self._wanting.no_answer()

    # -- what is said

    def _say(self, sentences: list[str]) -> None:
        for sentence in sentences:
            if self._mouth is not None:
                if self._turn.sentence_at is None:
                    self._turn.sentence_at = self._clock.seconds()
                self._mouth.say(sentence)

    def sounds(self, pcm: bytes, is_last: bool) -> None:
        """A piece of it as sound."""
        if self._turn.sounded_at is None:
            self._turn.sounded_at = self._clock.seconds()
            self._wanting.speaks()
        self._telling.sound(self._turn, pcm, is_last)

    def said(self) -> None:
        """All is said."""
        if self._is_unspoken:
            # after the text, so that nobody takes it for the end of the answer
            self._telling.failed("PROCESSING_ERROR", NOT_SPOKEN)
        self._wanting.is_told()

    def cannot_speak(self, problem: Refused) -> None:
        """The synthesiser failed, or there is none: text has to do."""
        if problem.code not in TOLD_BEFORE:
            self._log.warn("the assistant cannot speak: {code}", code=problem.code)
            self._is_unspoken = True
