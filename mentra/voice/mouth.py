"""Sentences as sound, sent in pieces of one length a little faster than they are spoken."""

from collections import deque
from typing import Any, Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from mentra.errors import NotThere, Refused
from mentra.interfaces.engines import IUtterances
from mentra.interfaces.services import IServices
from mentra.voice.settings import VoiceSettings
from mentra.voice.waves import pcm_of

RATE = 16_000
"""Samples a second of what is sent."""

AHEAD = 10 * 2 * RATE
"""Bytes of sound that wait to be sent; nothing is spoken beyond them."""

PATIENCE = 0.3
"""Seconds until a busy engine is asked again."""

TRIES = 10


class Listening(Protocol):
    """Who sends what is said."""

    def sounds(self, pcm: bytes, is_last: bool) -> None:
        """A piece of sound: mono PCM, int16, 16 kHz; the last one may be shorter."""

    def said(self) -> None:
        """All is said."""

    def cannot_speak(self, problem: Refused) -> None:
        """No more sound comes than was made; ``said`` is called all the same.  Told once."""


class Mouth:
    """Says one answer, sentence by sentence."""

    _log = Logger()

    def __init__(self, services: IServices, settings: VoiceSettings, listening: Listening) -> None:
        self._utterances: Any = IUtterances(services, None)
        self._clock = services.clock
        self._voice = settings.voice or None
        self._size = int(settings.chunk * RATE) * 2
        self._pause = settings.chunk / settings.pace
        self._listening = listening
        self._sentences: deque[str] = deque()
        self._sound = bytearray()
        self._work: Deferred[None] | None = None
        self._next: IDelayedCall | None = None
        self._closing = self._mute = self._over = False

    def say(self, sentence: str) -> None:
        """Say this after what was to be said before."""
        if not self._over and not self._mute:
            self._sentences.append(sentence)
            self._go_on()

    def close(self) -> None:
        """Nothing more is to be said."""
        self._closing = True
        self._go_on()
        self._send_soon()

    def stop(self) -> None:
        """Fall silent, now."""
        self._over = True
        self._sentences.clear()
        self._sound.clear()
        if self._next is not None and self._next.active():
            self._next.cancel()
        self._next = None
        work, self._work = self._work, None
        if work is not None:
            work.cancel()

    # -- speaking

    def _go_on(self) -> None:
        if self._work is None and self._sentences and len(self._sound) < AHEAD and not self._over:
            self._work = work = Deferred.fromCoroutine(self._speak(self._sentences.popleft()))
            work.addCallbacks(self._spoken, self._failed)
            if self._over:
                # what it led to has stopped us before there was anything to be cancelled
                work.cancel()

    async def _speak(self, sentence: str) -> None:
        for left in range(TRIES, -1, -1):
            try:
                speech = await self._utterances.say(sentence, self._voice, None, {})
                self._sound += await pcm_of(speech)
                return
            except Refused as refusal:
                if refusal.code == "NOTHING_TO_SAY":
                    return  # dots and dashes alone
                if refusal.code != "TOO_MANY_SPEECHES" or not left:
                    raise
                await deferLater(self._clock, PATIENCE)

    def _spoken(self, result: None) -> None:
        self._work = None
        self._send_soon()
        self._go_on()

    def _failed(self, failure: Failure) -> None:
        self._work = None
        problem = failure.value
        if isinstance(problem, CancelledError) or self._over:
            return
        if isinstance(problem, NotThere):
            problem = Refused("NO_SYNTHESISER", str(problem))
        if not isinstance(problem, Refused):
            self._log.failure("the assistant cannot speak", failure)
            problem = Refused("HANDLER_ERROR", "the server failed")
        self._mute = True
        self._sentences.clear()
        self._listening.cannot_speak(problem)
        self._send_soon()

    # -- sending

    def _send_soon(self) -> None:
        if self._next is None and not self._over:
            self._send()

    def _send(self) -> None:
        self._next = None
        is_all = self._closing and self._work is None and not self._sentences
        if len(self._sound) > self._size:
            piece = bytes(self._sound[: self._size])
            del self._sound[: self._size]
            self._next = self._clock.callLater(self._pause, self._send)
            self._go_on()
            self._listening.sounds(piece, False)
        elif is_all:
            piece = bytes(self._sound)
            self.stop()
            if piece:
                self._listening.sounds(piece, True)
            self._listening.said()
