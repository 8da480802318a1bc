"""How long speech may stay without an answer."""

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mentra.interfaces.speech import IVoiceDetector
from mentra.speech.pieces import Pieces

FRAME = 640
"""Bytes of 20 ms, which voice detectors want."""

ENOUGH = 15
"""Frames of speech that must be answered: 300 ms, for a cough is no word."""

PAUSE = 50
"""Frames without speech after which it is taken to be over: one second."""


class Patience:
    """Waits for answers to what was said.

    An engine that gives interim results owes one soon after somebody begins to speak; one that is
    not known to give any, after they have stopped.

    :param budget: seconds.
    :param blown: called when they are over; nothing is waited for then until more is said.
    """

    def __init__(
        self,
        clock: IReactorTime,
        budget: float,
        detector: IVoiceDetector,
        blown: Callable[[], None],
    ) -> None:
        self.budget = budget
        self._clock = clock
        self._is_speech = detector.is_speech
        self._blown = blown
        self._pieces = Pieces(FRAME)
        self._owed = 0
        self._pause = 0
        self._timer: IDelayedCall | None = None

    def hear(self, pcm: bytes, *, at_once: bool) -> None:
        """*pcm* went in.

        :param at_once: the engine answers while somebody speaks.
        """
        if self._timer is not None:
            # what is owed is owed already
            return
        for frame in self._pieces.cut(pcm):
            if self._is_speech(frame):
                self._owed += 1
                self._pause = 0
            else:
                self._pause += 1
        if self._owed >= ENOUGH and (at_once or self._pause >= PAUSE):
            self._wait()
        elif self._pause >= PAUSE:
            self._owed = 0

    def ended(self) -> None:
        """Nobody speaks any more."""
        if self._owed >= ENOUGH and self._timer is None:
            self._wait()

    def wait_on(self, seconds: float) -> None:
        """What is owed may take so many seconds more."""
        self.stop()
        self._timer = self._clock.callLater(seconds, self._over)

    def answered(self) -> None:
        """A result came."""
        self.stop()
        self._owed = self._pause = 0

    def stop(self) -> None:
        """Nothing is waited for any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        if self.budget > 0:
            self._timer = self._clock.callLater(self.budget, self._over)

    def _over(self) -> None:
        self._timer = None
        self._owed = self._pause = 0
        self._blown()
