"""Engines that hear, speak and translate as a test tells them to."""

from typing import Any

import attrs
from twisted.internet.defer import Deferred
from zope.interface import implementer

from mentra.errors import Refused
from mentra.hearing import Heard, Recognition
from mentra.interfaces.engines import ISpeech
from mentra.interfaces.speech import (
    IOwingStream,
    IRecogniser,
    IRecogniserListener,
    ISynthesis,
    ITranslatingRecogniser,
    ITranslator,
    IVoiceDetection,
    IVoiceDetector,
)

FRAME_BYTES = 640
"""Of 20 ms of sound."""

LOUD = 1000
"""What a sample reaches, upwards or downwards, where the fake detector hears speech."""


@attrs.define
class FakeEngine:
    """What engines have in common.

    :ivar lacking: what ``unavailable`` answers.
    :ivar servers: what ``addresses`` answers.
    """

    name: str = "fake"
    lacking: str | None = None
    servers: tuple[str, ...] = ()

    def unavailable(self) -> str | None:
        """``lacking``."""
        return self.lacking

    def addresses(self) -> tuple[str, ...]:
        """``servers``."""
        return self.servers


# -- recognisers -----------------------------------------------------------------------------


@implementer(IRecogniserListener)
@attrs.define(eq=False)
class FakeListener:
    """Keeps what it is told.

    :ivar results: in order.
    :ivar problems: of them there is one at most.
    """

    results: list[Heard] = attrs.field(factory=list)
    problems: list[Refused] = attrs.field(factory=list)

    def heard(self, result: Heard) -> None:
        """Keep it."""
        self.results.append(result)

    def failed(self, problem: Refused) -> None:
        """Keep it."""
        self.problems.append(problem)

    @property
    def finals(self) -> list[Heard]:
        """Of the results those that are final."""
        return [one for one in self.results if one.is_final]

    @property
    def text(self) -> str:
        """All that is final."""
        return " ".join(one.text for one in self.finals)


@implementer(IOwingStream)
@attrs.define(eq=False)
class FakeStream:
    """One wearer's speech, of which a test says what was understood.

    :ivar written: every piece of sound, as it was written.
    :ivar finalized: after how many pieces each ``finalize`` came.
    :ivar closed: whether its owner has closed it.
    :ivar is_owing: what ``owes`` answers.
    :ivar behind: what ``waiting`` answers, seconds.
    """

    wanted: Recognition
    listener: IRecogniserListener
    written: list[bytes] = attrs.field(factory=list)
    finalized: list[int] = attrs.field(factory=list)
    closed: bool = False
    has_failed: bool = False
    is_owing: bool = False
    behind: float = 0.0

    def owes(self) -> bool:
        """``is_owing``."""
        return self.is_owing

    def waiting(self) -> float:
        """``behind``."""
        return self.behind

    @property
    def sound(self) -> bytes:
        """All that was written."""
        return b"".join(self.written)

    @property
    def is_open(self) -> bool:
        """Whether something may still be heard."""
        return not (self.closed or self.has_failed)

    def write(self, pcm: bytes) -> None:
        """Keep it."""
        self.written.append(pcm)

    def finalize(self) -> None:
        """Keep it; :meth:`hear` is what makes a result."""
        self.finalized.append(len(self.written))

    def close(self) -> None:
        """Be closed."""
        self.closed = True

    def hear(
        self, text: str, *, final: bool = True, start_ms: int = 0, end_ms: int = 1000, **more: Any
    ) -> None:
        """The engine understood *text*; *more* are fields of ``Heard``.

        :raises AssertionError: the stream is over: no engine says anything then.
        """
        assert self.is_open, "nothing is heard once the stream is over"
        self.listener.heard(
            Heard(text=text, is_final=final, start_ms=start_ms, end_ms=end_ms, **more)
        )

    def fail(
        self, code: str = "ENGINE_FAILED", message: str = "it broke", *, retryable: bool = True
    ) -> None:
        """The engine gives up.

        :raises AssertionError: the stream is over already.
        """
        assert self.is_open, "a stream fails once"
        self.has_failed = True
        self.listener.failed(Refused(code, message, where="provider", retryable=retryable))


@implementer(IRecogniser)
@attrs.define
class FakeRecogniser(FakeEngine):
    """Opens streams that understand what a test says.

    :ivar languages: base languages or whole tags.
    :ivar streams: opened, in order.
    :ivar refusal: what ``open`` raises, None for nothing.
    """

    languages: tuple[str, ...] = ("en",)
    streams: list[FakeStream] = attrs.field(factory=list)
    refusal: Refused | None = None

    def speaks(self, language: str) -> bool:
        """Whether it or its base is among ``languages``."""
        return language in self.languages or language.partition("-")[0] in self.languages

    def open(self, wanted: Recognition, listener: IRecogniserListener) -> FakeStream:
        """A stream, kept.

        :raises Refused: as a test wants it, or for another language.
        """
        if self.refusal is not None:
            raise self.refusal
        if self.lacking is not None:
            raise Refused("ENGINE_UNAVAILABLE", self.lacking)
        if not self.speaks(wanted.language):
            known = ", ".join(self.languages)
            raise Refused("UNKNOWN_LANGUAGE", f"{self.name} speaks {known} alone")
        self.streams.append(FakeStream(wanted, listener))
        return self.streams[-1]

    @property
    def running(self) -> list[FakeStream]:
        """Streams that are not over."""
        return [one for one in self.streams if one.is_open]


@implementer(ITranslatingRecogniser)
@attrs.define
class FakeTranslatingRecogniser(FakeRecogniser):
    """One that may be wanted to translate on the way.

    :ivar into: base languages.
    """

    into: tuple[str, ...] = ("es",)

    def translates(self, source: str, target: str) -> bool:
        """Whether *target* is among ``into``."""
        return target.partition("-")[0] in self.into


# -- voice activity --------------------------------------------------------------------------


@implementer(IVoiceDetector)
class FakeDetector:
    """Takes what is loud for speech."""

    def is_speech(self, frame: bytes) -> bool:
        """Whether a sample of it reaches ``LOUD``.

        :raises ValueError: it is not 20 ms.
        """
        if len(frame) != FRAME_BYTES:
            raise ValueError(f"a frame has {FRAME_BYTES} bytes, not {len(frame)}")
        # of a frame that is one sample repeated, only that one is looked at
        return any(abs(sample) >= LOUD for sample in set(memoryview(frame).cast("h")))


@implementer(IVoiceDetection)
@attrs.define
class FakeVoiceDetection(FakeEngine):
    """Detectors for which loud sound is speech; :func:`loud` and :func:`quiet` make sound."""

    def detector(self) -> FakeDetector:
        """A new one."""
        return FakeDetector()


def loud(ms: int) -> bytes:
    """So many milliseconds of what the fake detector takes for speech."""
    return (LOUD).to_bytes(2, "little") * (16 * ms)


def quiet(ms: int) -> bytes:
    """So many milliseconds of silence."""
    return bytes(32 * ms)


# -- translators -----------------------------------------------------------------------------


@attrs.define(eq=False)
class FakeTranslation:
    """A text that is to be translated; succeed or fail to let it end."""

    text: str
    source: str
    target: str
    is_cancelled: bool = False
    answer: Deferred[str] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        def cancelled(answer: Deferred[str]) -> None:
            self.is_cancelled = True

        self.answer = Deferred(cancelled)

    def succeed(self, text: str) -> None:
        """It is *text*."""
        self.answer.callback(text)

    def fail(self, code: str = "TRANSLATION_FAILED", *, retryable: bool = True) -> None:
        """It cannot be done."""
        self.answer.errback(Refused(code, "no answer", where="provider", retryable=retryable))


@implementer(ITranslator)
@attrs.define
class FakeTranslator(FakeEngine):
    """Keeps what it was asked; nothing is answered until a test does.

    :ivar pairs: source and target, base languages; None is any.
    :ivar asked: in order.
    """

    pairs: frozenset[tuple[str, str]] | None = None
    asked: list[FakeTranslation] = attrs.field(factory=list)

    def translates(self, source: str, target: str) -> bool:
        """Whether the pair is among ``pairs``."""
        pair = (source.partition("-")[0], target.partition("-")[0])
        return self.pairs is None or pair in self.pairs

    def translate(self, text: str, source: str, target: str) -> Deferred[str]:
        """Keep it."""
        self.asked.append(FakeTranslation(text, source, target))
        return self.asked[-1].answer


# -- synthesis -------------------------------------------------------------------------------


@implementer(ISpeech)
@attrs.frozen
class FakeSpeech:
    """Something said; its sound is only a name for it."""

    body: bytes
    content_type: str = "audio/wav"


@implementer(ISynthesis)
@attrs.define
class FakeSynthesis(FakeEngine):
    """Says what it was told, in words.

    :ivar said: text, voice, model and settings, of each call.
    :ivar problem: what ``speak`` raises, None for nothing.
    :ivar thinking: a Deferred of a speech that ``speak`` waits for, None for at once.
    """

    voices: tuple[str, ...] = ("ann", "bob")
    said: list[tuple[str, str | None, str | None, Any]] = attrs.field(factory=list)
    problem: Refused | None = None
    thinking: Deferred[FakeSpeech] | None = None

    async def speak(
        self, text: str, voice: str | None, model: str | None, settings: Any
    ) -> FakeSpeech:
        """*text* and the voice as bytes, for sound.

        :raises Refused: as a test wants it.
        """
        self.said.append((text, voice, model, settings))
        if self.problem is not None:
            raise self.problem
        if self.thinking is not None:
            return await self.thinking
        return FakeSpeech(f"{text}|{voice or self.voices[0]}".encode())
