"""A conversation: turn by turn, speech or text goes in, text and speech come out.

Source: docs/protocol/voice, "turns".
"""

from twisted.application.service import Service

from mentra.errors import Refused
from mentra.interfaces.messaging import IPeer
from mentra.interfaces.services import IServices
from mentra.interfaces.voice import IVoiceSession
from mentra.messages import llm
from mentra.messages.voice import SpeechData
from mentra.voice.answer import Answer
from mentra.voice.figures import Figures
from mentra.voice.guest_time import Share
from mentra.voice.memory import Memory
from mentra.voice.microphones import Microphones
from mentra.voice.settings import VoiceSettings
from mentra.voice.telling import Telling
from mentra.voice.tools import Toolbox
from mentra.voice.turn import Turn
from mentra.voice.turn_taking import Floor, TurnTaking, turn_taking_machine

NOT_UNDERSTOOD = "Could not understand audio. Please try again."
NOT_PROCESSED = "Failed to process request"

BUSY = ("processing", "speaking")


class Conversation(Service):
    """What goes on in one session: whose turn it is, and what becomes of each turn.

    :param share: what is left for the guest, if the session is one's.
    """

    def __init__(
        self,
        session: IVoiceSession,
        services: IServices,
        share: Share | None,
        figures: Figures,
    ) -> None:
        self._services = services
        self._clock = services.clock
        self._settings: VoiceSettings = services.settings(VoiceSettings)
        self._share = share
        self._figures = figures
        self._telling = Telling(session)
        self._floor = Floor(self._telling.moved)
        self._turn_taking: TurnTaking = turn_taking_machine(self._floor)
        self._memory = Memory(self._settings.memory_turns, self._settings.memory_characters)
        self._toolbox = Toolbox(session, services, self._settings.tool_timeout)
        self._microphones = Microphones(services, self._settings, self)
        self._turns = 0
        self._turn: Turn | None = None
        self._answer: Answer | None = None

    @property
    def state(self) -> str:
        """``idle``, ``listening``, ``processing`` or ``speaking``."""
        return self._floor.state

    @property
    def is_answering(self) -> bool:
        """Whether somebody has asked, and is not answered to the end."""
        return self.state in BUSY

    def stopService(self) -> None:
        """The session is over."""
        self._drop()
        super().stopService()

    # -- what clients say

    def hear(self, piece: SpeechData, peer: IPeer) -> None:
        """A piece of speech.

        :raises Refused: it is none that can be understood, or guests are not listened to now.
        """
        if self.is_answering:
            # else a client that wants to be heard now says interruption first
            if self._settings.interrupt_by_voice:
                self._overhear(piece, peer)
            return
        if self.state == "idle":
            self._require_time()
            self._microphones.begin(piece, peer)
            self._listen()
        if self._microphones.hear(piece, peer):
            self.is_complete()

    def end_utterance(self) -> None:
        """What was said is complete."""
        is_belated = self._microphones.is_end_belated()
        if self.state == "listening":
            self._finish()
        elif self.state == "idle" and not is_belated:
            self._fail("ASR_ERROR", NOT_UNDERSTOOD)

    def type(self, text: str) -> None:
        """Text in place of speech; it interrupts whatever goes on.

        :raises Refused: guests are not listened to now.
        """
        self._require_time()
        if self.is_answering:
            self.interrupt(None)
        elif self.state == "listening":
            self._drop()
        if self.state == "idle":
            self._turn_taking.hears()
        turn = self._turn = self._new_turn(spoken=False)
        turn.asked_at = turn.began_at
        self._turn_taking.is_asked()
        self._think(turn, text)

    def interrupt(self, turn_index: int | None) -> None:
        """Stop whatever goes on, now."""
        index = self._turns if turn_index is None else turn_index
        if self.state == "idle":
            self._telling.interrupted(index)
            return
        self._remember()
        self._drop()
        self._figures.ended("interrupted")
        self._turn_taking.is_interrupted()
        self._telling.interrupted(index)
        self._turn_taking.settles()

    def retry(self) -> None:
        """Forget the speech that was collected."""
        if self._turn is not None and self._answer is None:
            self._drop()
            self._turn_taking.gives_up()

    # -- listening

    def _listen(self) -> None:
        self._turn = self._new_turn(spoken=True)
        self._turn_taking.hears()

    def _overhear(self, piece: SpeechData, peer: IPeer) -> None:
        """Speech interrupts an answer, and is heard from its beginning."""
        if self._answer is None:
            return  # what comes behind a question is no objection to its answer
        objection = self._microphones.overhear(piece, peer)
        if objection is None:
            return
        self._require_time()
        self.interrupt(None)
        self._listen()
        if self._microphones.take_up(objection, piece):
            self.is_complete()

    def _require_time(self) -> None:
        if self._share is not None and not self._share.is_left():
            raise Refused("RATE_LIMITED", "Guests have asked enough for now", retryable=True)

    def _new_turn(self, *, spoken: bool) -> Turn:
        self._turns += 1
        return Turn(self._turns, spoken, self._clock.seconds())

    def _finish(self) -> None:
        if self._turn is not None:
            self._turn.asked_at = self._clock.seconds()
            self._turn_taking.is_asked()
            self._microphones.finish()

    def speech_started(self) -> None:
        """Somebody begins to speak."""
        self._telling.activity("speech_start")

    def speech_ended(self) -> None:
        """Nobody speaks any more."""
        self._telling.activity("speech_end")

    def is_complete(self) -> None:
        """What was said is over, by itself."""
        self._microphones.ended_by_itself()
        self._finish()

    def heard(self, text: str) -> None:
        """What was understood so far."""
        self._telling.transcript(text, is_final=False)

    def understood(self, text: str, confidence: float | None) -> None:
        """All that was said."""
        turn = self._turn
        if turn is None:
            return
        if not text:
            self._fail("ASR_ERROR", NOT_UNDERSTOOD)
            return
        self._telling.transcript(text, is_final=True, confidence=confidence)
        self._think(turn, text)

    def not_understood(self, problem: Refused) -> None:
        """It cannot be understood, for the engine failed."""
        # whoever runs the server is named what to install; the person can try again
        self._fail("ASR_ERROR", problem.message, problem.retryable)

    # -- answering

    def _think(self, turn: Turn, text: str) -> None:
        turn.asked = text
        turn.understood_at = self._clock.seconds()
        self._answer = Answer(
            turn, self._services, self._settings, self._toolbox, self._telling, self
        )
        self._answer.begin([*self._memory.turns(), llm.Turn(role="user", content=text)])

    def speaks(self) -> None:
        """The answer is about to be heard."""
        self._turn_taking.answers()

    def has_answer(self, text: str) -> None:
        """The answer is complete, and may still have to be spoken."""
        if self._turn is not None:
            self._memory.add(self._turn.asked, text)

    def no_answer(self) -> None:
        """There is no answer, or only half of one."""
        self._remember()
        self._fail("PROCESSING_ERROR", NOT_PROCESSED)

    def is_told(self) -> None:
        """All of the answer was told."""
        turn = self._turn
        if turn is None:
            return
        turn.observe(self._services.metrics)
        self._figures.ended("answered")
        self._telling.ends(turn)
        self._drop()
        self._turn_taking.is_done()

    # -- how a turn ends

    def _remember(self) -> None:
        """What was answered before it was cut off."""
        text = "" if self._answer is None else self._answer.unfinished
        if self._turn is not None and text:
            self._memory.add(self._turn.asked, f"{text} ...")

    def _fail(self, code: str, message: str, recoverable: bool = True) -> None:
        self._drop()
        self._figures.ended("not_understood" if code == "ASR_ERROR" else "failed")
        self._turn_taking.fails()
        self._telling.failed(code, message, recoverable)
        self._turn_taking.settles()

    def _drop(self) -> None:
        """Nothing more comes of the turn, whatever there is of it."""
        turn, self._turn = self._turn, None
        answer, self._answer = self._answer, None
        heard = self._microphones.stop()
        if answer is not None:
            answer.stop()
        if turn is not None and self._share is not None:
            self._share.spend(heard + self._clock.seconds() - turn.began_at)
