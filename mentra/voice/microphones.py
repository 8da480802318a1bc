"""The microphones of a conversation: which of them has the word, and what is heard through it."""

import attrs
from twisted.logger import Logger

from mentra.interfaces.messaging import IPeer
from mentra.interfaces.services import IServices
from mentra.messages.voice import SpeechData
from mentra.speech.detection import new_detector
from mentra.speech.loudness import Loudness
from mentra.voice.overhearing import Overhearing
from mentra.voice.settings import VoiceSettings
from mentra.voice.sounding import Sounding
from mentra.voice.utterance import Heeding, Utterance


@attrs.frozen
class Objection:
    """Speech that came while an answer was given.

    :ivar pcm: its beginning, and a moment from before it.
    """

    peer: IPeer
    sounding: Sounding
    pcm: bytes


class Microphones:
    """Those of all connections of one session, of which one at a time has the word.

    :param heeding: told what is said.
    """

    _log = Logger()

    def __init__(self, services: IServices, settings: VoiceSettings, heeding: Heeding) -> None:
        self._services = services
        self._settings = settings
        self._heeding = heeding
        self._utterance: Utterance | None = None
        self._sounding: Sounding | None = None
        self._talker: IPeer | None = None
        self._ears: dict[IPeer, Overhearing] = {}
        self._end_may_follow = False

    def begin(self, piece: SpeechData, peer: IPeer) -> None:
        """*peer* has the word from now on; its *piece* is not heard yet.

        :raises Refused: it is none that can be understood, and nothing has changed.
        """
        sounding = Sounding(self._services)
        sounding.check(piece)
        self._begin(sounding, peer)

    def hear(self, piece: SpeechData, peer: IPeer) -> bool:
        """A piece of what is said; whether it was the last one.  Others than who has the word are
        not heard.

        :raises Refused: it is none that can be understood.
        """
        if self._sounding is None or peer is not self._talker:
            return False
        self._hear(self._sounding.pcm(piece))
        return self._is_last(piece)

    def finish(self) -> None:
        """What was said is complete."""
        sounding, self._sounding = self._sounding, None
        if sounding is not None and sounding.gaps:
            self._log.debug("{n} pieces of speech are missing", n=sounding.gaps)
        if self._utterance is not None:
            self._utterance.finish()

    def stop(self) -> float:
        """Nobody has the word; seconds of sound that were heard."""
        utterance, self._utterance = self._utterance, None
        self._sounding = self._talker = None
        self._ears.clear()
        if utterance is None:
            return 0.0
        utterance.stop()
        return utterance.seconds

    # -- an utterance may end by itself, and end_utterance be on its way all the same

    def ended_by_itself(self) -> None:
        """It did so just now."""
        self._end_may_follow = True

    def is_end_belated(self) -> bool:
        """An end_utterance came; whether what it ends has ended before."""
        belated, self._end_may_follow = self._end_may_follow, False
        return belated

    # -- while an answer is given

    def overhear(self, piece: SpeechData, peer: IPeer) -> Objection | None:
        """A piece of sound during an answer; an objection once somebody speaks.

        :raises Refused: it is none that can be understood.
        """
        ear = self._ears.get(peer)
        if ear is None:
            ear = self._ears[peer] = Overhearing(self._services)
        pcm = ear.speech(piece)
        return None if pcm is None else Objection(peer, ear.sounding, pcm)

    def take_up(self, objection: Objection, piece: SpeechData) -> bool:
        """Who objected has the word, and is heard from the beginning; whether *piece*, which came
        last of it, was the last of all."""
        self._begin(objection.sounding, objection.peer)
        self._hear(objection.pcm)
        return self._is_last(piece)

    def _begin(self, sounding: Sounding, peer: IPeer) -> None:
        self._sounding, self._talker = sounding, peer
        detector = new_detector(self._services) or Loudness()
        self._utterance = Utterance(self._services, self._settings, detector, self._heeding)
        self._end_may_follow = False

    def _hear(self, pcm: bytes | None) -> None:
        if pcm and self._utterance is not None:
            self._utterance.hear(pcm)

    def _is_last(self, piece: SpeechData) -> bool:
        # what was heard may have ended it already
        return bool(piece.is_last) and self._sounding is not None
