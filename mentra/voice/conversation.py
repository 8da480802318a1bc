"""A conversation: turn by turn, speech or text goes in, text and speech come out.

Source: docs/protocol/voice, "turns".
"""

from twisted.application.service import Service
from twisted.logger import Logger

from mentra.errors import Refused
from mentra.interfaces.messaging import IPeer
from mentra.interfaces.services import IServices
from mentra.interfaces.voice import IVoiceSession
from mentra.messages import llm
from mentra.messages.voice import SpeechData
from mentra.speech.detection import new_detector
from mentra.speech.loudness import Loudness
from mentra.voice.figures import Figures
from mentra.voice.guest_time import Share
from mentra.voice.memory import Memory
from mentra.voice.mouth import Mouth
from mentra.voice.sentences import Sentences
from mentra.voice.settings import VoiceSettings
from mentra.voice.sounding import Sounding
from mentra.voice.telling import Telling
from mentra.voice.thinking import Thinking
from mentra.voice.tools import Toolbox
from mentra.voice.turn import PAUSE, Turn
from mentra.voice.turn_taking import Floor, TurnTaking, turn_taking_machine
from mentra.voice.utterance import Utterance

NOT_UNDERSTOOD = "Could not understand audio. Please try again."
NOT_PROCESSED = "Failed to process request"
NOT_SPOKEN = "The answer cannot be spoken now: it is text alone, or from here on"
TOLD_BEFORE = ("NO_SYNTHESISER", "ENGINE_UNAVAILABLE")
"""Why there is no speech at all: clients know it since they came in."""

BUSY = ("processing", "speaking")


class Conversation(Service):
    """What goes on in one session.

    :param share: what is left for the guest, if the session is one's.
    """

    _log = Logger()

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
        self._turns = 0
        self._turn: Turn | None = None
        self._sounding: Sounding | None = None
        self._sentences = Sentences()
        self._talker: IPeer | None = None
        # an utterance ended by itself, and end_utterance may be on its way all the same
        self._end_may_follow = False

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
            fresh = Sounding(self._services)
            fresh.check(piece)
            self._begin_to_listen(fresh, peer)
        turn, sounding = self._turn, self._sounding
        if turn is None or turn.utterance is None or peer is not self._talker or sounding is None:
            return  # somebody else has the word
        self._hear(turn.utterance, sounding.pcm(piece), bool(piece.is_last))

    def end_utterance(self) -> None:
        """What was said is complete."""
        if self.state == "listening":
            self._end_may_follow = False
            self._finish()
        elif self.state == "idle" and not self._end_may_follow:
            self._fail("ASR_ERROR", NOT_UNDERSTOOD)
        else:
            self._end_may_follow = False

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
        turn = self._turn = self._new_turn()
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
        turn = self._turn
        if turn is not None and turn.understood_at is None:
            self._drop()
            self._turn_taking.gives_up()

    # -- listening

    def _hear(self, utterance: Utterance, pcm: bytes | None, is_last: bool) -> None:
        if pcm:
            utterance.hear(pcm)
        if is_last and self.state == "listening":
            self._end_may_follow = True
            self._finish()

    def _overhear(self, piece: SpeechData, peer: IPeer) -> None:
        """Speech interrupts an answer, and is heard from its beginning."""
        turn = self._turn
        if turn is None or turn.thinking is None:
            return  # what comes behind a question is no objection to its answer
        ear = turn.ear(peer, self._services)
        pcm = ear.speech(piece)
        if pcm is not None:
            self._require_time()
            self.interrupt(None)
            self._hear(self._begin_to_listen(ear.sounding, peer), pcm, bool(piece.is_last))

    def _begin_to_listen(self, sounding: Sounding, peer: IPeer) -> Utterance:
        self._sounding, self._talker = sounding, peer
        detector = new_detector(self._services) or Loudness()
        self._turn = turn = self._new_turn()
        utterance = Utterance(self._services, self._settings, detector, self)
        turn.utterance = utterance
        self._end_may_follow = False
        self._turn_taking.hears()
        return utterance

    def _require_time(self) -> None:
        if self._share is not None and not self._share.is_left():
            raise Refused("RATE_LIMITED", "Guests have asked enough for now", retryable=True)

    def _new_turn(self) -> Turn:
        self._turns += 1
        return Turn(self._turns, self._clock.seconds())

    def _finish(self) -> None:
        turn = self._turn
        if turn is not None and turn.utterance is not None:
            turn.asked_at = self._clock.seconds()
            self._turn_taking.is_asked()
            if self._sounding is not None and self._sounding.gaps:
                self._log.debug("{n} pieces of speech are missing", n=self._sounding.gaps)
            self._sounding = None
            turn.utterance.finish()

    def speech_started(self) -> None:
        """Somebody begins to speak."""
        self._telling.activity("speech_start")

    def speech_ended(self) -> None:
        """Nobody speaks any more."""
        self._telling.activity("speech_end")

    def is_complete(self) -> None:
        """What was said is over, by itself."""
        self._end_may_follow = True
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
        self._telling.begins(turn)
        self._sentences = Sentences()
        if self._settings.speak:
            turn.mouth = Mouth(self._services, self._settings, self)
        turn.thinking = Thinking(self._services, self._settings, self._toolbox, self)
        asked = llm.Turn(role="user", content=text)
        turn.thinking.begin([*self._memory.turns(), asked])

    def grows(self, piece: str) -> None:
        """The answer goes on."""
        turn = self._turn
        if turn is None or turn.thinking is None:
            return
        now = self._clock.seconds()
        if turn.answered_at is None:
            turn.answered_at = now
        sentences = self._sentences.add(piece)
        if sentences or now - turn.shown_at >= PAUSE:
            self._show(turn)
        turn.say(sentences, now)

    def answered(self) -> None:
        """The answer is complete."""
        turn = self._turn
        if turn is None or turn.thinking is None:
            return
        text = turn.thinking.text.strip()
        if not text:
            self._fail("PROCESSING_ERROR", NOT_PROCESSED)
            return
        self._memory.add(turn.asked, text)
        self._telling.answer(turn, text, is_final=True)
        turn.say(self._sentences.rest(), self._clock.seconds())
        if turn.mouth is None:
            self.said()
        else:
            turn.mouth.close()

    def not_answered(self, problem: Refused) -> None:
        """There is no answer, or only half of one."""
        self._remember()
        self._fail("PROCESSING_ERROR", NOT_PROCESSED)

    def _show(self, turn: Turn) -> None:
        """The answer so far, for those who read it."""
        assert turn.thinking is not None
        turn.shown_at = self._clock.seconds()
        self._telling.answer(turn, turn.thinking.text, is_final=False)

    def sounds(self, pcm: bytes, is_last: bool) -> None:
        """A piece of the answer as sound."""
        turn = self._turn
        if turn is None:
            return
        if turn.sounded_at is None:
            turn.sounded_at = self._clock.seconds()
            self._turn_taking.answers()
        self._telling.sound(turn, pcm, is_last)

    def said(self) -> None:
        """All is said."""
        turn = self._turn
        if turn is None:
            return
        turn.observe(self._services.metrics)
        self._figures.ended("answered")
        if turn.unspoken:
            # after the text, so that nobody takes it for the end of the answer
            self._telling.failed("PROCESSING_ERROR", NOT_SPOKEN)
        self._telling.ends(turn)
        self._drop()
        self._turn_taking.is_done()

    def cannot_speak(self, problem: Refused) -> None:
        """The synthesiser failed, or there is none: text has to do."""
        if self._turn is not None and problem.code not in TOLD_BEFORE:
            self._log.warn("the assistant cannot speak: {code}", code=problem.code)
            self._turn.unspoken = True

    # -- how a turn ends

    def _remember(self) -> None:
        """What was answered before it was cut off."""
        turn = self._turn
        text = "" if turn is None else turn.unfinished()
        if turn is not None and text:
            self._memory.add(turn.asked, f"{text} ...")

    def _fail(self, code: str, message: str, recoverable: bool = True) -> None:
        self._drop()
        self._figures.ended("not_understood" if code == "ASR_ERROR" else "failed")
        self._turn_taking.fails()
        self._telling.failed(code, message, recoverable)
        self._turn_taking.settles()

    def _drop(self) -> None:
        """Nothing more comes of the turn, whatever there is of it."""
        turn, self._turn, self._talker, self._sounding = self._turn, None, None, None
        if turn is None:
            return
        turn.stop()
        if self._share is not None:
            heard = 0.0 if turn.utterance is None else turn.utterance.seconds
            self._share.spend(heard + self._clock.seconds() - turn.began_at)
