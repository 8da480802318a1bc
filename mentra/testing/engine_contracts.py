"""What every engine of a kind must do, whatever it is made of: functions that its tests call.

They raise ``AssertionError``.  Those that let time pass are coroutines and take a *settle*:
called with a condition, it returns an awaitable that is done once the condition holds, and fails
when it has waited too long.  :func:`stepping` makes one out of a fake clock or a pump.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

import attrs
from zope.interface.interface import InterfaceClass
from zope.interface.verify import verifyObject

from mentra.errors import Refused
from mentra.hearing import Heard, Recognition
from mentra.interfaces.engines import ISpeech
from mentra.interfaces.speech import (
    IOwingStream,
    IRecogniser,
    IRecogniserStream,
    ISynthesis,
    ITranslator,
    IVoiceDetection,
    IVoiceDetector,
)
from mentra.testing.engines import FRAME_BYTES, FakeListener

Settle = Callable[[Callable[[], bool]], Awaitable[None]]

NOBODYS = "tlh"
"""A language that no engine of these knows."""

SILENCE = bytes(32_000)
"""A second of it."""


def stepping(step: Callable[[], object], most: int = 1000) -> Settle:
    """A settle that calls *step*, at most so often."""

    async def settle(condition: Callable[[], bool]) -> None:
        for _ in range(most):
            if condition():
                return
            step()
        raise AssertionError("it has not come to pass")

    return settle


def pieces(sound: bytes, sizes: Iterable[int]) -> Iterator[bytes]:
    """*sound* in pieces of *sizes* bytes in turn, the last one of what is left."""
    turn = tuple(sizes)
    at = number = 0
    while at < len(sound):
        end = at + turn[number % len(turn)]
        yield sound[at:end]
        at, number = end, number + 1


def keeps_the_promise_of_an_engine(engine: Any, interface: InterfaceClass) -> None:
    """It provides *interface*, has a name, and says where it talks to and what it lacks."""
    assert verifyObject(interface, engine)
    assert engine.name
    assert engine.name == engine.name.lower()
    addresses = engine.addresses()
    assert isinstance(addresses, tuple)
    assert all(isinstance(one, str) and one for one in addresses)
    lacking = engine.unavailable()
    assert lacking is None or is_sentence(lacking), lacking


def is_sentence(text: str) -> bool:
    """Whether *text* can be shown to people: some words, on one line, no exception's name."""
    return len(text.split()) >= 3 and "\n" not in text and "Traceback" not in text


def says_what_it_lacks(engine: Any, *words: str) -> None:
    """It is unavailable, and its sentence names each of *words*: a package, a setting."""
    lacking = engine.unavailable()
    assert lacking is not None
    assert is_sentence(lacking), lacking
    assert [word for word in words if word not in lacking] == [], lacking


def refuses_to_open(recogniser: Any, language: str, code: str, *words: str) -> None:
    """A stream of *language* is refused with *code* and a sentence that has each of *words*."""
    refusal = None
    try:
        recogniser.open(Recognition(language=language), FakeListener())
    except Refused as raised:
        refusal = raised
    assert refusal is not None, f"a stream of {language} was opened"
    assert refusal.code == code
    assert is_sentence(refusal.message), refusal.message
    assert [word for word in words if word not in refusal.message] == [], refusal.message


# -- recognisers -----------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class RecogniserTrial:
    """A recogniser that works, and sound for it.

    :ivar speech: one utterance in ``wanted.language``: PCM.
    :ivar settle: see above.
    :ivar after_close: lets pass what the engine may still have had to say.
    """

    recogniser: Any
    wanted: Recognition
    speech: bytes
    settle: Settle
    after_close: Callable[[], Awaitable[None]]

    def open(self) -> tuple[Any, FakeListener]:
        """A stream and what it is told to."""
        listener = FakeListener()
        stream = self.recogniser.open(self.wanted, listener)
        assert verifyObject(IRecogniserStream, stream)
        if IOwingStream.providedBy(stream):
            assert verifyObject(IOwingStream, stream)
            assert (stream.owes(), stream.waiting()) == (False, 0.0)
        return stream, listener

    async def understood(self, sizes: Iterable[int]) -> FakeListener:
        """What is heard of the speech in pieces of *sizes*, finalized."""
        stream, listener = self.open()
        for piece in pieces(self.speech, sizes):
            stream.write(piece)
        stream.finalize()
        await self.settle(lambda: bool(listener.finals or listener.problems))
        stream.close()
        assert listener.problems == []
        return listener


async def hears_the_same_in_any_pieces(trial: RecogniserTrial) -> None:
    """How sound is cut makes no difference to what is understood."""
    in_tenths = await trial.understood([3200])
    in_odd_ones = await trial.understood([2, 318, 1000, 6404])
    assert in_tenths.text
    assert in_odd_ones.text == in_tenths.text


async def makes_a_final_when_told(trial: RecogniserTrial) -> None:
    """``finalize`` ends the utterance without silence, and the stream goes on after it."""
    stream, listener = trial.open()
    for expected in (1, 2):
        for piece in pieces(trial.speech, [3200]):
            stream.write(piece)
        stream.finalize()
        await trial.settle(lambda n=expected: len(listener.finals) >= n or bool(listener.problems))  # type: ignore[misc] # the number is bound by its default
    stream.close()
    assert listener.problems == []
    first, second = listener.finals[0], listener.finals[-1]
    assert second.start_ms >= first.end_ms
    assert not (IOwingStream.providedBy(stream) and stream.owes())


async def tells_times_that_fit(trial: RecogniserTrial) -> None:
    """Results lie within the sound, words within results, and an utterance ends with a final."""
    listener = await trial.understood([3200])
    long = len(trial.speech) // 32
    for one in listener.results:
        _fits(one, long)
    assert listener.results[-1].is_final
    if not trial.wanted.interim:
        assert listener.results == listener.finals


def _fits(one: Heard, long: int) -> None:
    assert one.text.strip() == one.text != ""
    assert 0 <= one.start_ms <= one.end_ms <= long + 100, one
    assert one.confidence is None or 0 <= one.confidence <= 1
    starts = [word.start_ms for word in one.words]
    assert starts == sorted(starts)
    for word in one.words:
        assert one.start_ms <= word.start_ms <= word.end_ms <= one.end_ms, (word, one)


async def says_nothing_once_closed(trial: RecogniserTrial) -> None:
    """Nothing is heard after ``close``, which may come twice, with sound before it or without."""
    empty, unused = trial.open()
    empty.close()
    stream, listener = trial.open()
    for piece in pieces(trial.speech, [3200]):
        stream.write(piece)
    stream.finalize()
    stream.close()
    told = len(listener.results)
    stream.close()
    await trial.after_close()
    assert (unused.results, unused.problems) == ([], [])
    assert len(listener.results) == told
    assert listener.problems == []


async def recognises_as_promised(trial: RecogniserTrial) -> None:
    """All of the above, and an unknown language is refused."""
    keeps_the_promise_of_an_engine(trial.recogniser, IRecogniser)
    assert trial.recogniser.unavailable() is None
    assert trial.recogniser.speaks(trial.wanted.language)
    assert not trial.recogniser.speaks(NOBODYS)
    refuses_to_open(trial.recogniser, NOBODYS, "UNKNOWN_LANGUAGE")
    await hears_the_same_in_any_pieces(trial)
    await makes_a_final_when_told(trial)
    await tells_times_that_fit(trial)
    await says_nothing_once_closed(trial)


# -- the others ------------------------------------------------------------------------------


def detects_as_promised(detection: Any, speech: bytes) -> None:
    """Most of *speech* is taken for speech and silence is not; each wearer has a detector."""
    keeps_the_promise_of_an_engine(detection, IVoiceDetection)
    first, second = detection.detector(), detection.detector()
    assert first is not second
    assert verifyObject(IVoiceDetector, first)
    frames = [one for one in pieces(speech, [FRAME_BYTES]) if len(one) == FRAME_BYTES]
    spoken = sum(first.is_speech(one) for one in frames)
    assert spoken > len(frames) // 2, f"{spoken} of {len(frames)}"
    assert not any(second.is_speech(one) for one in pieces(SILENCE, [FRAME_BYTES]))


async def speaks_as_promised(synthesis: Any, text: str) -> Any:
    """*text* in each of the first voices is sound; the last one, for closer looks.

    :return: an :class:`mentra.interfaces.engines.ISpeech`.
    """
    keeps_the_promise_of_an_engine(synthesis, ISynthesis)
    assert synthesis.unavailable() is None
    assert isinstance(synthesis.voices, tuple)
    speech = None
    for voice in (None, *synthesis.voices[:2]):
        speech = await synthesis.speak(text, voice, None, {"nobody": "knows this"})
        assert verifyObject(ISpeech, speech)
        assert speech.content_type.startswith("audio/")
        assert speech.body
    return speech


async def translates_as_promised(translator: Any, source: str, target: str, text: str) -> str:
    """*text* has a translation; what it is."""
    keeps_the_promise_of_an_engine(translator, ITranslator)
    assert translator.unavailable() is None
    assert translator.translates(source, target)
    found = await translator.translate(text, source, target)
    assert isinstance(found, str)
    assert found.strip()
    return found
