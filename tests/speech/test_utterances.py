"""Speech cut into utterances for engines that take them whole."""

import pytest
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from mentra.errors import Refused
from mentra.interfaces.speech import IEngineFigures, IOwingStream, IRecogniserStream
from mentra.speech.endpointing import Endpointer
from mentra.speech.figures import engine_figures
from mentra.speech.utterances import (
    MOST_UTTERANCES,
    Understood,
    UtteranceStream,
    endpointer_for,
)
from mentra.testing.engines import FakeDetector, FakeListener, loud, quiet
from mentra.testing.house import house_with


class Ear:
    """An engine at work, which answers when a test says so."""

    def __init__(self, so_far):
        self.so_far = so_far
        self.sound = b""
        self.is_finished = self.is_given_up = False
        self.answer = Deferred(self._cancelled)

    def _cancelled(self, answer):
        self.is_given_up = True

    def write(self, pcm):
        self.sound += pcm

    def finish(self):
        self.is_finished = True

    def understand(self, text):
        self.answer.callback(Understood(text, "en"))


class Listener(FakeListener):
    """May break, or close the stream, when it hears something."""

    then = staticmethod(lambda: None)

    def heard(self, result):
        super().heard(result)
        self.then()


class Stage:
    def __init__(self, clock, interim=True, begin=None):
        self.house = house_with(engine_figures, clock=clock)
        self.ears = []
        self.listener = Listener()
        self.closed = []
        self.stream = UtteranceStream(
            "ears",
            Endpointer(FakeDetector().is_speech, silence_ms=400, pre_roll_ms=100),
            begin or self.begin,
            self.listener,
            IEngineFigures(self.house),
            interim=interim,
            closed=self.closed.append,
        )

    def begin(self, so_far):
        self.ears.append(Ear(so_far))
        return self.ears[-1]

    def say(self, ms=1000):
        self.stream.write(loud(ms) + quiet(600))


@pytest.fixture
def stage(clock):
    return Stage(clock)


def test_it_keeps_its_promise(stage):
    assert verifyObject(IRecogniserStream, stage.stream)


def test_silence_reaches_nobody(stage):
    stage.stream.write(quiet(5000))
    stage.stream.finalize()

    assert stage.ears == []


def test_an_utterance_reaches_the_engine_as_it_is_spoken(stage):
    stage.stream.write(quiet(1000) + loud(500))

    assert len(stage.ears[0].sound) >= len(loud(500))
    assert not stage.ears[0].is_finished
    stage.stream.write(quiet(500))
    assert stage.ears[0].is_finished


def test_finalizing_ends_it_at_once(stage):
    stage.stream.write(loud(500))

    stage.stream.finalize()

    assert stage.ears[0].is_finished


def test_what_is_understood_is_told_with_its_place(stage):
    stage.stream.write(quiet(1000))
    stage.say()

    stage.ears[0].understand(" hello \n")

    (one,) = stage.listener.results
    assert (one.text, one.is_final, one.language) == ("hello", True, "en")
    assert 800 <= one.start_ms <= 1000
    assert 1900 <= one.end_ms <= 2100


def test_nothing_understood_is_nothing_told(stage):
    stage.say()

    stage.ears[0].understand("  ")

    assert stage.listener.results == []


def test_the_order_is_that_of_what_was_said(stage):
    stage.say()
    stage.say()

    stage.ears[1].understand("second")
    assert stage.listener.results == []
    stage.ears[0].understand("first")

    assert [one.text for one in stage.listener.finals] == ["first", "second"]


def test_the_text_so_far_is_told_of_the_first_alone(stage):
    stage.say()
    stage.say()

    stage.ears[1].so_far("sec")
    stage.ears[0].so_far("fir")
    stage.ears[0].understand("first")
    stage.ears[1].so_far("second")

    assert [(one.text, one.is_final) for one in stage.listener.results] == [
        ("fir", False), ("first", True), ("second", False),
    ]  # fmt: skip


def test_without_interim_results_it_is_not(clock):
    stage = Stage(clock, interim=False)
    stage.say()

    stage.ears[0].so_far("fir")

    assert stage.listener.results == []


def test_an_engine_too_far_behind_loses_the_oldest(stage):
    for _ in range(MOST_UTTERANCES + 1):
        stage.say()

    assert [one.is_given_up for one in stage.ears] == [True] + [False] * MOST_UTTERANCES
    lost = stage.house.metrics.registry.get_sample_value(
        "mentra_engine_dropped_seconds_total", {"engine": "ears"}
    )
    assert 1.0 <= lost <= 2.0
    stage.ears[1].understand("goes on")
    assert stage.listener.text == "goes on"


def test_it_owes_an_answer_to_every_utterance(stage):
    assert verifyObject(IOwingStream, stage.stream)
    stage.say()
    stage.say()
    owed = [stage.stream.owes()]

    for ear in stage.ears:
        ear.understand("well")
        owed.append(stage.stream.owes())

    assert owed == [True, True, False]
    assert stage.stream.waiting() == 0


def test_a_failure_is_told_once_and_ends_everything(stage):
    stage.say()
    stage.say()

    stage.ears[1].answer.errback(Refused("TIMEOUT", "late", retryable=True))
    stage.say()
    stage.stream.finalize()

    assert [one.code for one in stage.listener.problems] == ["TIMEOUT"]
    assert stage.ears[0].is_given_up
    assert len(stage.ears) == 2
    assert stage.closed == [stage.stream]


def test_an_engine_that_fails_at_once_is_told_too(clock):
    def begin(so_far):
        ear = Ear(so_far)
        ear.answer.errback(Refused("AIR_GAP", "far"))
        return ear

    stage = Stage(clock, begin=begin)

    stage.say()

    assert [one.code for one in stage.listener.problems] == ["AIR_GAP"]


def test_an_engines_bug_is_logged_and_told(stage, logged_failures):
    stage.say()

    stage.ears[0].answer.errback(RuntimeError("a bug"))

    assert [one.code for one in stage.listener.problems] == ["BAD_ANSWER"]
    assert len(logged_failures) == 1
    logged_failures.clear()


def test_a_listeners_bug_costs_only_what_it_was_told(stage, logged_failures):
    def broken():
        raise RuntimeError("a bug")

    stage.listener.then = broken
    stage.say()
    stage.say()

    stage.ears[0].understand("first")
    stage.ears[1].understand("second")

    assert len(stage.listener.finals) == len(logged_failures) == 2
    logged_failures.clear()


def test_closing_gives_everything_up(stage):
    stage.say()
    stage.stream.write(loud(500))

    stage.stream.close()
    stage.stream.close()
    stage.say()
    stage.stream.finalize()

    assert [one.is_given_up for one in stage.ears] == [True, True]
    assert (stage.listener.results, stage.listener.problems) == ([], [])
    assert stage.closed == [stage.stream]


def test_a_listener_may_close_while_it_hears(stage):
    stage.say()
    stage.say()
    stage.listener.then = stage.stream.close
    stage.ears[1].understand("second")

    stage.ears[0].understand("first")

    assert stage.listener.text == "first"


def test_without_a_detector_loudness_decides(clock):
    endpointer = endpointer_for(house_with(clock=clock))

    endpointer.feed(quiet(1000))
    assert not endpointer.is_speaking
    endpointer.feed((3000).to_bytes(2, "little") * 16_000)
    assert endpointer.is_speaking
