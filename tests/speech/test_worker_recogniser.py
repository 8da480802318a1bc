"""Recognition by worker processes: gates, order, bounds, deaths and hangs."""

import sys
from contextlib import contextmanager

import pytest
from twisted.internet.interfaces import IReactorProcess
from twisted.logger import formatEvent, globalLogPublisher
from zope.interface.verify import verifyObject

from mentra.engines import engines
from mentra.errors import Refused
from mentra.hearing import Recognition
from mentra.interfaces.engines import IEngines
from mentra.interfaces.speech import IEngineFigures, IRecogniser
from mentra.speech.figures import engine_figures
from mentra.speech.pipe import Unusable
from mentra.speech.pocketsphinx import PocketsphinxSettings, pocketsphinx
from mentra.speech.settings import SpeechSettings
from mentra.speech.worker_process import AHEAD, KILL_AFTER, LOAD_WITHIN, MOST_LINES
from mentra.speech.worker_recogniser import MOST_GRAMMAR, Work, WorkerRecogniser
from mentra.speech.workers import MOST_STILLBORN, MOST_TRIES, SURPLUS_FOR, UNUSABLE_FOR
from mentra.testing.engine_contracts import (
    RecogniserTrial,
    recognises_as_promised,
    refuses_to_open,
    says_what_it_lacks,
    stepping,
)
from mentra.testing.engines import FakeListener, FakeVoiceDetection, loud, quiet
from mentra.testing.house import house_with, success_of
from tests.speech.puppets import (
    Begin,
    Done,
    Drop,
    Guess,
    Taken,
)
from tests.speech.worker_stage import ENGLISH, HEARD, SENTENCE, set_stage


class Impatient(FakeListener):
    """Closes at the first result."""

    def heard(self, result):
        super().heard(result)
        self.stream.close()


class Broken(FakeListener):
    """Cannot hear."""

    def heard(self, result):
        raise RuntimeError("deaf")


@pytest.fixture
def stage():
    return set_stage()


def test_it_keeps_the_contract(stage):
    def step():
        for puppet in stage.puppets.all:
            if not puppet.told and Begin not in puppet.kinds():
                puppet.ready()
            puppet.obey("good morning", (("good", 300, 500, 0.5), ("morning", 500, 990, 0.9)))

    async def rest():
        step()

    trial = RecogniserTrial(
        recogniser=stage.engine,
        wanted=ENGLISH,
        speech=quiet(400) + SENTENCE,
        settle=stepping(step),
        after_close=rest,
    )

    assert success_of(recognises_as_promised(trial)) is None


def test_the_figures_keep_their_promise(stage):
    assert verifyObject(IEngineFigures, IEngineFigures(stage.house))


# -- one utterance


def test_nothing_runs_before_somebody_is_listened_to(stage):
    assert len(stage.puppets) == 0

    stage.open()

    assert stage.puppets[0].process.args[:5] == (
        sys.executable, "-P", "-m", "mentra.speech.worker", "pocketsphinx",
    )  # fmt: skip
    assert set(stage.puppets[0].process.env) == {"PYTHONPATH", "LC_ALL"}


def test_silence_is_given_to_no_worker(stage):
    stream = stage.open()
    stage.puppets[0].ready()

    stream.write(quiet(60_000))
    stream.finalize()

    assert stage.puppets[0].hear() == []


def test_sound_written_while_the_worker_loads_is_not_lost(stage):
    stream = stage.open()
    stream.write(SENTENCE)

    stage.puppets[0].ready().obey("hello")

    assert stage.puppets[0].sound == SENTENCE[: HEARD * 32]
    assert stage.listener.text == "hello"


def test_guesses_and_words_have_the_times_of_the_stream(stage):
    stream = stage.open()
    puppet = stage.puppets[0].ready()
    stream.write(quiet(2000) + loud(1000))

    puppet.say(Taken(puppet.number, Guess("good", (("good", 320, 600, 0.5),))))

    (heard,) = stage.listener.results
    # the utterance begins 320 ms before the first speech at 2000
    assert (heard.text, heard.is_final) == ("good", False)
    assert (heard.start_ms, heard.end_ms, heard.confidence) == (2000, 2280, 0.5)
    assert [(word.text, word.is_final) for word in heard.words] == [("good", False)]


def test_a_final_without_words_reaches_as_far_as_the_sound(stage):
    stream = stage.open()
    stage.puppets[0].ready()
    stream.write(SENTENCE)

    stage.puppets[0].obey("hello")

    (heard,) = stage.listener.results
    assert (heard.start_ms, heard.end_ms, heard.confidence) == (0, HEARD, None)


def test_an_utterance_in_which_nothing_was_said_is_not_told(stage):
    stream = stage.open()
    stage.puppets[0].ready()
    stream.write(SENTENCE)

    stage.puppets[0].obey("")

    assert stage.listener.results == []


def test_a_worker_is_given_no_more_than_it_can_decode_soon(stage):
    stream = stage.open()
    puppet = stage.puppets[0].ready()

    stream.write(loud(5000))

    assert AHEAD <= len(puppet.sound) < AHEAD + 6400
    puppet.say(Taken(puppet.number, None))
    assert len(puppet.sound) > AHEAD + 6400 - 1


def test_the_wearers_manner_goes_from_one_utterance_to_the_next(stage):
    stream = stage.open(Recognition(language="en", grammar="#JSGF V1.0;", interim=False))
    puppet = stage.puppets[0].ready()

    stream.write(SENTENCE)
    puppet.obey("one")
    stream.write(SENTENCE)

    puppet.hear()
    begins = [(one.grammar, one.interim, one.manner) for one in puppet.told if type(one) is Begin]
    assert begins == [("#JSGF V1.0;", False, ""), ("#JSGF V1.0;", False, "manner")]


# -- several


def test_two_people_have_a_worker_each(stage):
    first, second = stage.open(), stage.open()

    first.write(SENTENCE)
    second.write(SENTENCE)
    for puppet in stage.puppets.all:
        puppet.ready()
    stage.puppets[1].obey("two")
    stage.puppets[0].obey("one")

    assert [listener.text for listener in stage.listeners] == ["one", "two"]
    assert len(stage.puppets) == 2


def test_workers_that_nobody_needs_end_all_but_one(stage):
    streams = [stage.open() for _ in range(3)]
    for stream in streams:
        stream.write(SENTENCE)
    for puppet in stage.puppets.all:
        puppet.ready().obey("hello")
    assert len(stage.puppets) == 3

    stage.clock.advance(SURPLUS_FOR)

    assert [puppet.process.has_all for puppet in stage.puppets.all] == [False, True, True]
    for puppet in stage.puppets.all[1:]:
        puppet.process.exit(0)
    assert stage.figure("mentra_engine_restarts_total") == 0
    assert stage.clock.getDelayedCalls() == []
    streams[2].write(SENTENCE)
    stage.puppets[0].obey("again")
    assert stage.listener.text == "hello again"


def test_a_worker_that_is_needed_stays(stage):
    streams = [stage.open() for _ in range(2)]
    for stream in streams:
        stream.write(SENTENCE)
    for puppet in stage.puppets.all:
        puppet.ready().obey("hello")
    streams[0].write(loud(1000))
    stage.puppets[0].obey()

    stage.clock.advance(SURPLUS_FOR)

    # the first one waits for the rest of its utterance
    assert [puppet.process.has_all for puppet in stage.puppets.all] == [False, True]


def test_a_third_waits_for_a_worker_and_loses_nothing():
    stage = set_stage(workers=2)
    streams = [stage.open() for _ in range(3)]
    for stream in streams:
        stream.write(SENTENCE)
    assert len(stage.puppets) == 2

    stage.puppets[0].ready().obey("hello")

    assert stage.puppets[0].sound == SENTENCE[: HEARD * 32]
    assert [listener.text for listener in stage.listeners] == ["hello", "hello", "hello"]


def test_utterances_of_one_person_stay_in_order(stage):
    stream = stage.open()
    stream.write(SENTENCE + SENTENCE)
    first = stage.puppets[0].ready()

    # the second one is not begun while the first one is at work, though a worker could be had
    assert first.kinds().count(Begin) == 1
    assert len(stage.puppets) == 1
    first.obey("one")

    assert [one.text for one in stage.listener.finals] == ["one", "one"]
    assert [one.start_ms for one in stage.listener.finals] == [0, 1800]


def test_who_closes_frees_the_worker_for_others(stage):
    first, second = stage.open(), stage.open()
    first.write(loud(1000))
    puppet = stage.puppets[0].ready()
    stage.clock.advance(1)
    second.write(SENTENCE)
    assert puppet.kinds()[0] is Begin

    first.close()

    assert Drop in puppet.kinds()
    assert puppet.kinds()[-1] is not Drop
    puppet.obey("two")
    assert [listener.text for listener in stage.listeners] == ["", "two"]


def test_who_closes_while_waiting_is_forgotten():
    stage = set_stage(workers=2)
    streams = [stage.open() for _ in range(3)]
    for stream in streams:
        stream.write(SENTENCE)

    streams[2].close()
    for puppet in stage.puppets.all:
        puppet.ready().obey("hello")

    assert [listener.text for listener in stage.listeners] == ["hello", "hello", ""]
    assert sum(puppet.kinds().count(Begin) for puppet in stage.puppets.all) == 2


def test_a_listener_that_closes_at_its_first_result_hears_no_more(stage):
    listener = Impatient()
    stream = listener.stream = stage.open(listener=listener)
    puppet = stage.puppets[0].ready()
    stream.write(SENTENCE + SENTENCE)

    puppet.obey("one")

    assert len(listener.results) == 1
    assert puppet.kinds().count(Begin) == 1


def test_a_listeners_bug_costs_nobody_else_anything(stage, logged_failures):
    stream = stage.open(listener=Broken())
    puppet = stage.puppets[0].ready()
    stream.write(SENTENCE)

    puppet.obey("one")

    assert len(logged_failures) == 1
    logged_failures.clear()
    other = stage.open()
    other.write(SENTENCE)
    puppet.obey("two")
    assert stage.listener.text == "two"


# -- bounds


def test_of_too_much_sound_the_oldest_is_dropped_and_counted():
    stage = set_stage(behind=2)
    stream = stage.open()

    stream.write(loud(2000) + quiet(3000))

    # 2.8 s were for the worker
    assert stage.figure("mentra_engine_dropped_seconds_total") == pytest.approx(0.8, abs=0.21)
    puppet = stage.puppets[0].ready()
    puppet.obey("hello", (("hello", 100, 1100, 1.0),))
    assert 56_000 <= len(puppet.sound) <= 64_000
    (heard,) = stage.listener.finals
    # its first sample is one that came later
    assert heard.start_ms == pytest.approx(900, abs=201)


def test_there_are_so_many_streams_and_no_more():
    stage = set_stage(streams=1)
    first = stage.open()

    refuses_to_open(stage.engine, "en", "ENGINE_BUSY", "1 people")

    first.close()
    first.close()
    assert stage.open()


@pytest.mark.parametrize(
    "grammar",
    ["x" * (MOST_GRAMMAR + 1), "#JSGF V1.0;\nimport <a.b>;", "#JSGF V1.0;import\n<a.b>;"],
)
def test_a_grammar_is_short_and_imports_nothing(stage, grammar):
    with pytest.raises(Refused, match="imports nothing"):
        stage.open(Recognition(language="en", grammar=grammar))


def test_a_grammar_may_have_the_word_import_in_it(stage):
    assert stage.open(Recognition(language="en", grammar="#JSGF V1.0; <a> = import goods;"))


def test_a_grammar_that_is_none_ends_the_stream_with_a_reason(stage):
    stream = stage.open(Recognition(language="en", grammar="rubbish"))
    puppet = stage.puppets[0].ready()
    stream.write(SENTENCE)

    puppet.say(Done(puppet.number, None, "", "The grammar is not JSGF"))

    (problem,) = stage.listener.problems
    assert (problem.code, problem.where, problem.retryable) == ("BAD_GRAMMAR", "app", False)
    stream.write(SENTENCE)
    stream.close()
    assert puppet.kinds().count(Begin) == 1


# -- deaths and hangs


def begun(stage, sound=SENTENCE):
    stream = stage.open()
    stage.puppets[0].ready()
    stream.write(sound)
    stage.puppets[0].hear()
    return stream


def test_a_worker_that_dies_in_mid_sentence_is_replaced_and_nothing_is_lost(stage):
    stream = begun(stage, loud(600))
    stage.puppets[0].process.exit(9)
    stream.write(loud(400) + quiet(900))

    stage.clock.advance(0)
    stage.puppets[1].ready().obey("hello")

    assert stage.puppets[1].sound == SENTENCE[: HEARD * 32]
    assert stage.listener.text == "hello"
    assert stage.listener.problems == []
    assert stage.figure("mentra_engine_restarts_total") == 1


def test_a_worker_that_hangs_is_ended_and_replaced(stage):
    begun(stage)

    stage.clock.advance(PocketsphinxSettings().patience)

    assert stage.puppets[0].process.signals == ["KILL"]
    stage.clock.advance(0)
    stage.puppets[1].ready().obey("hello")
    assert stage.listener.text == "hello"


def test_a_worker_that_goes_on_answering_is_left_alone(stage):
    begun(stage, loud(10_000))
    puppet = stage.puppets[0]
    for _ in range(20):
        stage.clock.advance(PocketsphinxSettings().patience - 1)
        puppet.say(Taken(puppet.number, None))

    assert puppet.process.signals == []


def test_a_worker_with_nothing_to_do_may_say_nothing(stage):
    stream = begun(stage, loud(1000))
    puppet = stage.puppets[0]
    for _ in range(5):
        puppet.say(Taken(puppet.number, None))

    # the wearer thinks
    stage.clock.advance(1000)

    assert puppet.process.signals == []
    stream.write(loud(500) + quiet(900))
    puppet.obey("hello")
    assert stage.listener.text == "hello"


def test_a_worker_that_never_loads_is_ended(stage):
    stage.open()

    stage.clock.advance(LOAD_WITHIN)

    assert stage.puppets[0].process.signals == ["KILL"]


def test_an_utterance_that_breaks_every_worker_is_given_up(stage):
    begun(stage)
    for number in range(MOST_TRIES):
        stage.clock.advance(60 if number else 0)
        if number:
            stage.puppets[number].ready()
        assert stage.listener.problems == []
        stage.puppets[number].process.exit(11)

    (problem,) = stage.listener.problems
    assert (problem.code, problem.retryable) == ("ENGINE_FAILED", True)


def test_workers_that_do_nothing_but_die_are_replaced_ever_more_slowly(stage):
    begun(stage, b"")
    started = []
    for _ in range(6):
        stage.puppets[len(stage.puppets) - 1].ready().process.exit(1)
        stage.open().close()
        waited = 0
        before = len(stage.puppets)
        while len(stage.puppets) == before:
            stage.clock.advance(0.25)
            waited += 0.25
        started.append(waited)

    assert started == [0.25, 0.5, 1, 2, 4, 8]


def test_a_machine_that_starts_nothing_is_asked_again(stage):
    IReactorProcess(stage.house).broken = True
    stream = stage.open()
    stream.write(SENTENCE)
    IReactorProcess(stage.house).broken = False

    stage.clock.advance(1)

    stage.puppets[0].ready().obey("hello")
    assert stage.listener.text == "hello"


@pytest.mark.parametrize("data", [b"\xff\xff\xff\xff", b"\x00\x00\x00\x02hi"])
def test_a_worker_that_talks_rubbish_is_ended(stage, data):
    begun(stage)

    stage.puppets[0].process.say(data)

    assert stage.puppets[0].process.signals == ["KILL"]
    stage.clock.advance(0)
    stage.puppets[1].ready().obey("hello")
    assert stage.listener.text == "hello"


def test_what_nobody_asked_is_ignored(stage):
    begun(stage, loud(600))
    puppet = stage.puppets[0]

    puppet.say(Done(puppet.number + 1, Guess("nonsense"), ""))

    assert stage.listener.results == []


def test_a_worker_that_cannot_load_says_why_to_everybody(stage):
    stream = stage.open()
    stream.write(SENTENCE)

    stage.puppets[0].say(Unusable("install the thing"))
    stage.puppets[0].process.exit(1)

    assert [one.message for one in stage.listener.problems] == ["install the thing"]
    assert stage.engine.unavailable() == "install the thing"
    refuses_to_open(stage.engine, "en", "ENGINE_UNAVAILABLE", "install the thing")
    stage.clock.advance(UNUSABLE_FOR)
    assert stage.engine.unavailable() is None
    stage.open()
    assert len(stage.puppets) == 2


def test_workers_that_die_while_they_load_are_not_waited_for_for_ever(stage):
    stream = stage.open()
    stream.write(SENTENCE)

    for number in range(MOST_STILLBORN):
        assert stage.listener.problems == []
        stage.puppets[number].process.exit(11)
        stage.clock.advance(5)

    assert [one.code for one in stage.listener.problems] == ["ENGINE_UNAVAILABLE"]
    assert "loads its model" in stage.engine.unavailable()
    stage.clock.advance(UNUSABLE_FOR)
    stream = stage.open()
    stream.write(SENTENCE)
    stage.puppets[MOST_STILLBORN].ready().obey("hello")
    assert stage.listener.text == "hello"


@contextmanager
def logged():
    """Every event that is logged meanwhile, as a line."""
    lines = []

    def observe(event):
        lines.append(str(formatEvent(event)))

    globalLogPublisher.addObserver(observe)
    try:
        yield lines
    finally:
        globalLogPublisher.removeObserver(observe)


def test_complaints_are_logged_within_bounds(stage):
    with logged() as lines:
        stage.open()
        stage.puppets[0].process.complain(b"x" * 10_000 + b"\noh no\n" * 500)

    told = [line for line in lines if " says: " in line]
    assert 2 <= len(told) <= MOST_LINES
    assert max(map(len, told)) < 400


def test_nothing_that_was_said_is_in_the_log(stage):
    with logged() as lines:
        stream = begun(stage, loud(600))
        puppet = stage.puppets[0]
        puppet.say(Taken(puppet.number, Guess("my secret")))
        puppet.process.exit(9)
        stage.clock.advance(0)
        stream.write(quiet(900))
        stage.puppets[1].ready().obey("my secret")
        stage.puppets[1].process.say(b"\x00\x00\x00\x0bmy secrets!")

    assert stage.listener.text == "my secret"
    # the death and the rubbish are
    assert len([line for line in lines if "ended" in line]) >= 1
    assert [line for line in lines if "secret" in line] == []


# -- the end


def test_workers_end_with_the_house(stage):
    begun(stage)

    stopped = stage.house.stopService()
    assert stage.puppets[0].process.has_all
    stage.puppets[0].process.exit(0)

    assert stage.puppets[0].process.signals == []
    assert stopped.called
    assert len(stage.puppets) == 1
    assert stage.clock.getDelayedCalls() == []


def test_a_worker_that_does_not_end_with_its_input_is_killed(stage):
    begun(stage)

    stopped = stage.house.stopService()
    assert not stopped.called
    stage.clock.advance(KILL_AFTER)

    assert stage.puppets[0].process.signals == ["KILL"]
    assert stopped.called
    assert stage.clock.getDelayedCalls() == []


def test_closing_leaves_no_timer(stage):
    stream = begun(stage, loud(600))

    stream.close()

    assert stage.clock.getDelayedCalls() == []


# -- what is lacking


def work(**fields):
    return Work(
        name="nobodys",
        module="no_such_module",
        extra="nothing",
        settings={},
        languages=("en",),
        workers=1,
        patience=1,
        behind=1,
        streams=1,
        **fields,
    )


def test_a_package_that_is_missing_is_named(stage):
    engine = WorkerRecogniser(stage.house, work())

    says_what_it_lacks(engine, "pip install", "mentra[nothing]")
    refuses_to_open(engine, "en", "ENGINE_UNAVAILABLE", "mentra[nothing]")


def test_voice_detection_that_is_missing_is_named():
    stage = set_stage(FakeVoiceDetection(lacking="install a detector of voices"))

    says_what_it_lacks(stage.engine, "a detector of voices")


def test_an_unknown_voice_detection_is_named():
    stage = set_stage()
    house = house_with(
        engines, engine_figures, pocketsphinx, sections=[SpeechSettings(voice_detection="gone")]
    )

    says_what_it_lacks(IEngines(house).get(IRecogniser, "pocketsphinx"), "'gone'")
    assert stage.engine.unavailable() is None


def test_its_language_is_that_of_the_model():
    stage = set_stage(language="de-DE")

    assert stage.engine.speaks("de-AT")
    refuses_to_open(stage.engine, "en-US", "UNKNOWN_LANGUAGE", "de-DE", "en-US")
