"""Speech goes through one engine after another, and nobody notices but by the figures."""

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from mentra.engines import engines
from mentra.errors import Refused
from mentra.extension import EngineFactory
from mentra.hearing import Heard, Recognition, Word
from mentra.interfaces.speech import (
    IOwingStream,
    IRecogniser,
    IRecogniserStream,
    IRecognition,
    IVoiceDetection,
)
from mentra.speech.circuits import Breaker
from mentra.speech.recognition import recognition
from mentra.speech.replay import MILLISECOND, Replay
from mentra.speech.settings import SpeechSettings
from mentra.testing.engines import (
    FakeListener,
    FakeRecogniser,
    FakeStream,
    FakeVoiceDetection,
    loud,
    quiet,
)
from mentra.testing.house import house_with

ENGLISH = Recognition(language="en-US")
LATE = Heard(text="late", is_final=True, start_ms=0, end_ms=1)


@attrs.define
class Stage:
    """Two engines, and a listener to a stream.

    :ivar first: preferred to ``second``.
    """

    clock: Clock
    house: Any
    first: FakeRecogniser
    second: FakeRecogniser
    listener: FakeListener = attrs.field(factory=FakeListener)

    @property
    def recognition(self) -> Any:
        return IRecognition(self.house)

    def open(self, wanted: Recognition = ENGLISH) -> Any:
        return self.recognition.open(wanted, self.listener)

    def say(self, stream: Any, seconds: float, pcm: bytes | None = None) -> None:
        """Sound in real time, 100 ms at a time."""
        for _ in range(round(seconds * 10)):
            stream.write(pcm or loud(100))
            self.clock.advance(0.1)

    def knows_interims_of(self, *recognisers: FakeRecogniser) -> None:
        """They were seen to answer while somebody speaks."""
        for one in recognisers:
            stream = self.open()
            for other in (self.first, self.second):
                if other is not one and other.running:
                    last(other).fail()
            last(one).hear("a", final=False)
            stream.close()
            one.streams.clear()

    def figure(self, name: str, **labels: str) -> float:
        return self.house.metrics.registry.get_sample_value(name, labels) or 0.0

    def takeovers(self, engine: str, reason: str) -> float:
        return self.figure("mentra_recogniser_takeovers_total", engine=engine, reason=reason)

    def is_left_alone(self, engine: str) -> bool:
        return self.figure("mentra_recogniser_circuit_open", engine=engine) == 1


def stage_with(*, names: tuple[str, ...] = ("first", "second"), **settings: Any) -> Stage:
    clock = Clock()
    first, second = FakeRecogniser("first"), FakeRecogniser("second")
    house = house_with(
        engines,
        recognition,
        EngineFactory(IRecogniser, "first", lambda services: first),
        EngineFactory(IRecogniser, "second", lambda services: second),
        EngineFactory(IVoiceDetection, "webrtc", lambda services: FakeVoiceDetection("webrtc")),
        clock=clock,
        sections=(SpeechSettings(recognisers=names, **settings),),
    )
    return Stage(clock, house, first, second)


@pytest.fixture
def stage() -> Stage:
    return stage_with()


def last(recogniser: FakeRecogniser) -> FakeStream:
    return recogniser.streams[-1]


# -- which engine ------------------------------------------------------------------------------


def test_it_keeps_its_promises(stage):
    assert verifyObject(IRecognition, stage.recognition)
    assert verifyObject(IRecogniserStream, stage.open())


def test_the_preferred_engine_hears_and_is_named(stage):
    stream = stage.open()

    stream.write(loud(100))
    last(stage.first).hear("hello", final=False, end_ms=100)

    assert last(stage.first).sound == loud(100)
    assert stage.second.streams == []
    assert [(one.text, one.engine) for one in stage.listener.results] == [("hello", "first")]
    assert stage.figure("mentra_recogniser_streams", engine="first") == 1


def test_a_language_may_have_engines_of_its_own():
    stage = stage_with(languages={"de": ("second",), "de-CH": ("first",)})
    stage.first.languages = stage.second.languages = ("de",)

    for language in ("de-DE", "de-CH"):
        stage.open(Recognition(language=language))

    assert [one.wanted.language for one in stage.second.streams] == ["de-DE"]
    assert [one.wanted.language for one in stage.first.streams] == ["de-CH"]


def test_an_engine_that_does_not_speak_the_language_is_passed_over(stage):
    stage.second.languages = ("fr",)

    stage.open(Recognition(language="fr-FR"))

    assert stage.recognition.why_not("fr-FR") is None
    assert len(stage.second.streams) == 1


def test_a_language_that_nobody_speaks_is_refused_with_what_to_set(stage):
    stage.first.lacking = "first is not installed: pip install mentra[first]"

    reason = stage.recognition.why_not("xx-XX")

    assert reason.startswith("Nobody here recognises xx-XX: ")
    assert "pip install mentra[first]" in reason
    assert "second does not speak it; name one that does in [speech] languages" in reason
    with pytest.raises(Refused, match="Nobody here recognises") as refused:
        stage.open(Recognition(language="xx-XX"))
    assert refused.value.code == "UNKNOWN_LANGUAGE"
    assert not refused.value.retryable


def test_an_engine_that_nobody_wrote_is_a_reason_and_no_crash():
    stage = stage_with(names=("third",))

    reason = stage.recognition.why_not("en-US")

    assert "there is no engine 'third'; those installed are: first, second" in reason
    assert "[speech] recognisers" in reason


def test_no_engine_at_all_is_a_reason():
    assert "[speech] recognisers is empty" in stage_with(names=()).recognition.why_not("en-US")


# -- one takes over ----------------------------------------------------------------------------


def test_the_next_engine_hears_what_the_failed_one_had_not_finished(stage):
    stream = stage.open()
    stream.write(b"a" * 64 * MILLISECOND)
    stream.write(b"b" * 36 * MILLISECOND)
    last(stage.first).hear("one", end_ms=80)

    last(stage.first).fail()
    stream.write(b"cc")

    assert last(stage.second).sound == b"b" * 20 * MILLISECOND + b"cc"
    assert stage.listener.problems == []
    assert stage.takeovers("first", "failed") == 1
    assert stage.figure("mentra_recogniser_streams", engine="first") == 0


def test_times_stay_those_of_the_first_sample(stage):
    stream = stage.open()
    stream.write(quiet(1000))
    last(stage.first).hear("one", start_ms=100, end_ms=400)

    last(stage.first).fail()
    word = Word(text="two", start_ms=50, end_ms=90)
    last(stage.second).hear("two", final=False, start_ms=50, end_ms=90, words=(word,))

    result = stage.listener.results[-1]
    assert (result.start_ms, result.end_ms) == (450, 490)
    assert (result.words[0].start_ms, result.words[0].end_ms) == (450, 490)
    assert [one.text for one in stage.listener.finals] == ["one"]


def test_time_never_goes_back_past_a_finished_utterance(stage):
    stream = stage.open()
    stream.write(quiet(1000))
    last(stage.first).hear("one", start_ms=0, end_ms=500)

    last(stage.first).hear("two", start_ms=300, end_ms=400)

    assert [(one.start_ms, one.end_ms) for one in stage.listener.finals] == [(0, 500), (500, 500)]


def test_a_wish_for_the_end_is_told_to_who_takes_over(stage):
    stream = stage.open()
    stream.write(loud(500))
    stream.finalize()

    last(stage.first).fail()

    assert last(stage.second).finalized == [1]


def test_who_has_failed_is_not_heard_any_more(stage):
    stage.open()
    leg = last(stage.first).listener
    last(stage.first).fail()

    leg.heard(LATE)
    leg.failed(Refused("AGAIN", "again"))

    assert stage.listener.results == []
    assert len(stage.second.streams) == 1


def test_an_engine_that_refuses_to_begin_is_passed_over(stage):
    stage.first.refusal = Refused("ENGINE_UNAVAILABLE", "busy", retryable=True)

    stage.open()

    assert len(stage.second.streams) == 1


class FailsWhenItHears(FakeRecogniser):
    """Its streams break at the first sound, at once."""

    def open(self, wanted: Recognition, listener: Any) -> Any:
        stream = super().open(wanted, listener)
        write = stream.write

        def break_at(pcm: bytes) -> None:
            write(pcm)
            if stream.is_open:
                stream.fail()

        self.streams[-1] = broken = _Breaking(stream, break_at)
        return broken


@attrs.define
class _Breaking:
    stream: FakeStream
    write: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def test_an_engine_that_fails_while_it_is_told_again_is_passed_over():
    stage = stage_with()
    broken = FailsWhenItHears("second")
    stage.recognition._engine("second").recogniser = broken
    stream = stage.open()
    stream.write(loud(100))
    stream.write(loud(100))

    last(stage.first).fail()

    assert last(broken).written == [loud(100)]
    assert last(stage.first).sound == loud(200)
    assert stage.listener.problems == []


def test_the_only_engine_begins_anew(stage):
    stage.second.languages = ()
    stream = stage.open()
    stream.write(loud(300))

    last(stage.first).fail()

    assert len(stage.first.streams) == 2
    assert last(stage.first).sound == loud(300)
    assert stage.listener.problems == []


def test_when_nobody_is_left_the_listener_is_told_once(stage):
    stream = stage.open()
    for _ in range(6):
        for recogniser in (stage.first, stage.second):
            for running in recogniser.running:
                running.fail("BROKEN", "no more")

    stream.write(loud(100))

    assert [one.code for one in stage.listener.problems] == ["BROKEN"]
    assert stage.listener.problems[0].retryable
    with pytest.raises(Refused, match="left alone for a while") as refused:
        stage.open()
    assert refused.value.retryable


def test_what_nobody_is_left_to_be_told_is_lost_and_counted(stage):
    stream = stage.open()
    stream.write(loud(2000))

    last(stage.first).fail("INVALID_KEY", "the key is not known", retryable=False)
    before = stage.figure("mentra_recogniser_lost_seconds_total")
    last(stage.second).fail("INVALID_KEY", "the key is not known", retryable=False)

    assert before == 0
    assert stage.figure("mentra_recogniser_lost_seconds_total") == 2


def test_what_will_never_work_is_not_tried_again(stage):
    stage.open()

    last(stage.first).fail("INVALID_KEY", "the key is not known", retryable=False)
    last(stage.second).fail("INVALID_KEY", "the key is not known", retryable=False)

    assert [len(one.streams) for one in (stage.first, stage.second)] == [1, 1]
    assert [one.message for one in stage.listener.problems] == ["the key is not known"]
    assert stage.is_left_alone("first")


def test_sound_that_brings_engines_down_is_given_up(stage):
    stage.second.languages = ()
    stream = stage.open()
    stream.write(loud(1000))

    for _ in range(6):
        last(stage.first).hear("oh", final=False)
        last(stage.first).fail()

    assert last(stage.first).written == []
    assert stage.figure("mentra_recogniser_lost_seconds_total") == 1.0


def test_more_sound_than_is_kept_is_lost_and_counted(stage):
    stream = stage.open()
    for second in range(32):
        stream.write(bytes([second]) * 1000 * MILLISECOND)

    last(stage.first).fail()

    sound = last(stage.second).sound
    assert len(sound) == 30_000 * MILLISECOND
    assert (sound[0], sound[-1]) == (2, 31)
    assert stage.figure("mentra_recogniser_lost_seconds_total") == 2.0


class Confused(FakeListener):
    """Cannot bear to hear anything."""

    def heard(self, result: Heard) -> None:
        raise RuntimeError("what?")


def test_a_listeners_bug_costs_the_engine_nothing(stage, logged_failures):
    stage.listener = Confused()
    stream = stage.open()

    last(stage.first).hear("hello")
    stream.write(b"ab")

    assert len(logged_failures) == 1
    logged_failures.clear()
    assert last(stage.first).sound == b"ab"


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("write"), st.integers(1, 400)),
            st.tuples(st.just("final"), st.floats(0, 1)),
            st.tuples(st.just("fail"), st.none()),
        ),
        max_size=40,
    )
)
def test_whatever_fails_and_when_no_sound_is_missing(happenings):
    stage = stage_with(failures=100)
    stream = stage.open()
    said, finished = b"", 0

    for what, how in happenings:
        (current,) = (*stage.first.running, *stage.second.running)
        begins = len(said) - len(current.sound)
        if what == "write":
            pcm = bytes([len(said) // 32 % 251]) * (how * MILLISECOND)
            said += pcm
            stream.write(pcm)
        elif what == "final":
            end_ms = int(how * len(current.sound) / MILLISECOND)
            current.hear("words", end_ms=end_ms)
            finished = max(finished, begins + end_ms * MILLISECOND)
        else:
            current.fail()
        (current,) = (*stage.first.running, *stage.second.running)
        begins = len(said) - len(current.sound)
        assert current.sound == said[begins:]
        assert begins <= finished or stage.figure("mentra_recogniser_lost_seconds_total")

    ends = [one.end_ms for one in stage.listener.finals]
    assert ends == sorted(ends)


# -- back to the preferred one -----------------------------------------------------------------


def test_at_an_utterances_end_the_preferred_engine_goes_on(stage):
    stream = stage.open()
    stream.write(b"a" * 1000 * MILLISECOND)
    last(stage.first).fail()

    last(stage.second).hear("hel", final=False, end_ms=500)
    still_second = len(stage.first.streams)
    last(stage.second).hear("hello", end_ms=600)

    assert still_second == 1
    assert len(stage.first.streams) == 2
    assert last(stage.first).sound == b"a" * 400 * MILLISECOND
    assert last(stage.second).closed
    assert stage.takeovers("second", "returned") == 1


def test_an_engine_that_is_left_alone_is_not_returned_to_before_it_has_cooled(stage):
    stream = stage.open()
    last(stage.first).fail()
    for _ in range(2):
        last(stage.second).hear("back")
        last(stage.first).fail()
    opened, left_alone = len(stage.first.streams), stage.is_left_alone("first")

    last(stage.second).hear("one")
    while_open = len(stage.first.streams)
    stage.clock.advance(30)
    stream.write(quiet(2000))
    last(stage.second).hear("two", end_ms=2000)

    assert left_alone
    assert while_open == opened
    assert len(stage.first.streams) == opened + 1
    assert last(stage.first).is_open


def test_one_stream_alone_tries_an_engine_that_has_cooled(stage):
    for _ in range(3):
        stage.open()
    for one in list(stage.first.running):
        one.fail()
    stage.clock.advance(30)

    for one in list(stage.second.running):
        one.hear("end")
    trying = len(stage.first.running)
    last(stage.first).hear("it works", final=False)
    stage.open()

    assert trying == 1
    assert len(stage.first.running) == 2


def test_a_try_that_ends_without_knowledge_leaves_it_to_the_next(stage):
    stream = stage.open()
    last(stage.first).fail("KEY", "no", retryable=False)
    stream.close()
    stage.clock.advance(30)

    stage.open().close()
    stage.open()

    assert len(stage.first.streams) == 3
    assert len(stage.second.streams) == 1


# -- stalls ------------------------------------------------------------------------------------


def test_when_speech_gets_no_answer_the_next_engine_takes_over_with_all_of_it(stage):
    stage.knows_interims_of(stage.first)
    stream = stage.open()

    stage.say(stream, 5.5)

    assert last(stage.first).closed
    assert len(last(stage.second).sound) == 5500 * MILLISECOND
    assert stage.takeovers("first", "stalled") == 1


def test_who_stalled_is_left_alone_once_another_found_speech(stage):
    stage.knows_interims_of(stage.first)
    stream = stage.open()
    stage.say(stream, 5.5)
    before = stage.is_left_alone("first")

    last(stage.second).hear("it was speech", final=False)

    assert not before
    assert stage.is_left_alone("first")


def test_noise_that_nobody_understands_is_nobodys_fault(stage):
    stage.knows_interims_of(stage.first, stage.second)
    stream = stage.open()

    stage.say(stream, 60)

    assert stage.listener.problems == []
    assert not stage.is_left_alone("first")
    assert not stage.is_left_alone("second")
    # patience grows, or noise would have everything heard again every few seconds
    assert 2 < len(stage.first.streams) + len(stage.second.streams) <= 7


def test_silence_is_no_stall(stage):
    stage.knows_interims_of(stage.first)
    stream = stage.open()

    stage.say(stream, 60, quiet(100))

    assert len(stage.first.streams) == 1
    assert stage.second.streams == []
    assert stage.clock.getDelayedCalls() == []


def test_an_answer_in_time_keeps_the_engine(stage):
    stage.knows_interims_of(stage.first)
    stream = stage.open()

    for _ in range(10):
        stage.say(stream, 4)
        last(stage.first).hear("more and more", final=False)

    assert len(stage.first.streams) == 1


def test_an_engine_that_waits_for_the_end_is_given_until_then(stage):
    stream = stage.open()

    stage.say(stream, 20)
    while_speaking = len(stage.second.streams)
    stage.say(stream, 1, quiet(100))
    stage.say(stream, 5.5, quiet(100))

    assert while_speaking == 0
    assert len(stage.second.streams) == 1


def test_an_end_that_gets_no_answer_is_a_stall_without_any_more_sound(stage):
    stream = stage.open()
    stage.say(stream, 1)

    stream.finalize()
    stage.clock.advance(5)

    assert len(last(stage.second).sound) == 1000 * MILLISECOND
    assert last(stage.second).finalized == [10]


def test_the_only_engine_may_be_slow_and_is_asked_anew_before_sound_would_be_lost(stage):
    stage.second.languages = ()
    stage.knows_interims_of(stage.first)
    stream = stage.open()

    stage.say(stream, 25)
    for_long = [one.closed for one in stage.first.streams]
    stage.say(stream, 1)

    assert for_long == [False]
    assert [one.closed for one in stage.first.streams] == [True, False]
    assert len(last(stage.first).sound) == 26_000 * MILLISECOND


def test_the_only_engine_that_says_it_is_behind_keeps_its_place_in_the_queue(stage):
    stage.second.languages = ()
    stage.knows_interims_of(stage.first)
    stream = stage.open()
    last(stage.first).behind = 3.0

    stage.say(stream, 100)

    assert [one.closed for one in stage.first.streams] == [False]
    assert stage.takeovers("first", "stalled") == 0
    last(stage.first).hear("late")
    assert stage.listener.text == "late"


def test_one_that_is_behind_gives_way_to_another_one(stage):
    stage.knows_interims_of(stage.first)
    stream = stage.open()
    last(stage.first).behind = 3.0

    stage.say(stream, 6)

    assert stage.first.streams[0].closed
    assert len(last(stage.second).sound) == 6000 * MILLISECOND


def test_a_stream_owes_what_its_engine_owes(stage):
    stream = stage.open()
    assert verifyObject(IOwingStream, stream)
    assert (stream.owes(), stream.waiting()) == (False, 0.0)

    last(stage.first).is_owing, last(stage.first).behind = True, 2.5

    assert (stream.owes(), stream.waiting()) == (True, 2.5)
    stream.close()
    assert (stream.owes(), stream.waiting()) == (False, 0.0)


def test_an_engine_that_has_no_room_has_not_failed():
    stage = stage_with(names=("first",))
    stage.first.refusal = Refused("ENGINE_BUSY", "it listens to enough people", retryable=True)
    for _ in range(10):
        with pytest.raises(Refused, match="enough people"):
            stage.open()

    stage.first.refusal = None

    assert not stage.is_left_alone("first")
    assert stage.open()


def test_without_a_budget_nobody_is_hurried():
    stage = stage_with(caption_budget=0.0)
    stage.knows_interims_of(stage.first)
    stream = stage.open()

    stage.say(stream, 60)

    assert len(stage.first.streams) == 1


def test_without_a_detector_loudness_decides():
    stage = stage_with(voice_detection="none installed")
    stage.knows_interims_of(stage.first)
    stream = stage.open()

    stage.say(stream, 6, quiet(100))
    after_silence = len(stage.second.streams)
    stage.say(stream, 6, (3000).to_bytes(2, "little") * 1600)

    assert after_silence == 0
    assert len(stage.second.streams) == 1


# -- ends --------------------------------------------------------------------------------------


def test_a_closed_stream_says_nothing_and_leaves_nothing(stage):
    stage.knows_interims_of(stage.first)
    stage.listener.results.clear()
    stream = stage.open()
    stage.say(stream, 1)
    leg = last(stage.first).listener

    stream.close()
    stream.close()
    stream.write(loud(100))
    stream.finalize()
    leg.heard(LATE)

    assert last(stage.first).closed
    assert len(last(stage.first).written) == 10
    assert stage.listener.results == []
    assert stage.clock.getDelayedCalls() == []
    assert stage.figure("mentra_recogniser_streams", engine="first") == 0


def test_no_circuit_outlives_the_server(stage):
    stage.open()
    last(stage.first).fail("KEY", "no", retryable=False)
    waiting = len(stage.clock.getDelayedCalls())

    stage.house.stopService()

    assert waiting == 1
    assert stage.clock.getDelayedCalls() == []


# -- parts -------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(["admit", "worked", "failed", "trip", "abandoned", "cool"])))
def test_whatever_happens_a_circuit_lets_nobody_through_before_it_has_cooled(happenings):
    clock = Clock()
    breaker = Breaker(clock, 3, 30.0)
    opened_at = -30.0

    for what in happenings:
        was_open = breaker.is_open
        if what == "admit":
            assert not (breaker.admit() and clock.seconds() < opened_at + 30)
        elif what == "cool":
            clock.advance(15)
        elif what == "trip":
            breaker.failed(for_good=True)
        else:
            getattr(breaker, what)()
        if breaker.is_open and not was_open:
            opened_at = clock.seconds()

    breaker.stop()
    assert clock.getDelayedCalls() == []


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=50).map(lambda one: one[: len(one) & ~1]),
            st.integers(0, 200).map(lambda samples: samples * 2),
        ),
        max_size=30,
    )
)
def test_what_is_kept_is_the_newest_that_is_still_needed(happenings):
    replay = Replay(0.002)
    said, forgotten = b"", 0

    for one in happenings:
        if isinstance(one, bytes):
            replay.append(one)
            said += one
        else:
            replay.forget(one)
            forgotten = max(forgotten, min(one, len(said)))
        begins = max(forgotten, len(said) - 64)
        assert b"".join(replay.sound()) == said[max(begins, replay.begins) :]
        assert begins <= replay.begins <= replay.ends == len(said)
