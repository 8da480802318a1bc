"""Whether somebody speaks: what the phone says of it, or else what is heard here."""

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mentra.interfaces.speech import IVoiceDetector
from mentra.speech.pieces import Pieces

FRAME = 640
"""Bytes of 20 ms, which voice detectors want."""

A_WORD = 3
"""Frames of speech that are taken for a beginning."""

EVIDENCE = 250
"""Frames of speech, five seconds, against which a phone that says nobody speaks is not believed:
beyond them some of it would be lost."""


class Voice:
    """Listens to the phone's voice detection and, where there is none, to the sound itself.

    :param detector: None: all sound is taken for speech.
    :param hangover: seconds without speech, or without sound, after which nobody speaks; where the
        phone says so, its word counts.
    :param ignores_phone: whether the phone sends silence too, so that its word is of no matter.
    :param began: called when somebody begins to speak; ``ended`` when nobody speaks any more.
    :ivar is_on: whether somebody speaks.
    """

    def __init__(
        self,
        clock: IReactorTime,
        detector: IVoiceDetector | None,
        hangover: float,
        *,
        ignores_phone: Callable[[], bool],
        began: Callable[[], None],
        ended: Callable[[], None],
    ) -> None:
        self.is_on = False
        self._clock = clock
        self._detector = detector
        self._hangover = hangover
        self._ignores_phone = ignores_phone
        self._began = began
        self._ended = ended
        self._pieces = Pieces(FRAME)
        self._word: bool | None = None
        self._by_phone = False
        self._heard = 0
        self._last_sound = self._last_speech = 0.0
        self._waiting: IDelayedCall | None = None

    def said(self, speaking: bool) -> None:
        """The phone says whether somebody speaks."""
        self._word = speaking
        self._heard = 0
        if self._ignores_phone():
            return
        if speaking:
            self._by_phone = True
            self._begin()
        elif self._by_phone:
            self.end()

    def hear(self, pcm: bytes) -> bool:
        """Sound came; whether somebody speaks."""
        now = self._last_sound = self._clock.seconds()
        ignored = self._ignores_phone()
        self._by_phone = self._by_phone and not ignored
        if self._by_phone and self.is_on:
            return True
        word = None if ignored else self._word
        if word is True:
            # the glasses were away, and their phone goes on where it was
            self._by_phone = True
            self._begin()
            return True
        speech, frames = self._speech_in(pcm, word)
        if speech:
            self._last_speech = now
            self._heard += speech
        if self.is_on:
            if self._waiting is None:
                self._wait(self._hangover)
            if now - self._last_speech >= self._hangover:
                self.end()
        elif self._heard >= (A_WORD if word is None else EVIDENCE):
            self._begin()
        elif word is None and frames and not speech:
            self._heard = 0
        return self.is_on

    def end(self) -> None:
        """Nobody speaks, whoever said so."""
        self._by_phone = False
        self._heard = 0
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        if self.is_on:
            self.is_on = False
            self._ended()

    def _begin(self) -> None:
        if not self.is_on:
            self.is_on = True
            self._last_sound = self._last_speech = self._clock.seconds()
            self._wait(self._hangover)
            self._began()

    def _speech_in(self, pcm: bytes, word: bool | None) -> tuple[int, int]:
        """Frames of speech that *pcm* completes, and frames in all."""
        detector = self._detector
        if detector is None:
            return A_WORD if word is None else 0, A_WORD
        found = [detector.is_speech(frame) for frame in self._pieces.cut(pcm)]
        return sum(found), len(found)

    # -- sound that just stops

    def _wait(self, seconds: float) -> None:
        self._waiting = self._clock.callLater(seconds, self._look)

    def _look(self) -> None:
        self._waiting = None
        quiet = self._clock.seconds() - self._last_sound
        if self._by_phone:
            # should its word not count any more, the next sound begins to wait anew
            return
        if quiet >= self._hangover:
            self.end()
        else:
            self._wait(self._hangover - quiet)
