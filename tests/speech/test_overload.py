"""More people speak than processes can follow: late rather than lost, fair, bounded, and told."""

import pytest
from twisted.logger import LogLevel, globalLogPublisher

from mentra.errors import Refused
from mentra.interfaces.speech import IOwingStream
from mentra.speech.job import PIECE
from mentra.speech.load import CALM, LATE
from mentra.speech.pipe import Begin, Done, Drop, Guess, Sound, Taken
from mentra.speech.worker_process import LATE as LATE_BYTES
from mentra.testing.engines import loud, quiet
from tests.speech.crowd import SECOND, Crowd
from tests.speech.worker_stage import ENGLISH, HEARD, SENTENCE, set_stage

DROPPED = "mentra_engine_dropped_seconds_total"


@pytest.fixture
def told():
    """Sentences of the log from warnings upwards, and what is said of having caught up."""
    lines = []

    def observe(event):
        if event["log_level"] >= LogLevel.warn or "caught up" in event["log_format"]:
            lines.append(event["log_format"].format(**event))

    globalLogPublisher.addObserver(observe)
    yield lines
    globalLogPublisher.removeObserver(observe)


def said(speaker):
    """Seconds of what was understood of somebody."""
    return sum(int(one.text) for one in speaker.finals) / SECOND


# -- with time enough for everybody, and too few processes


def test_eight_with_four_processes_are_all_understood_soon():
    crowd = Crowd([4.0] * 8, speed=5, workers=4)

    crowd.pass_time(60)
    crowd.fall_silent()
    crowd.pass_time(10, speaking=False)

    assert [len(one.finals) for one in crowd.speakers] == [12] * 8
    assert max(late for one in crowd.speakers for late in one.late) <= 2
    assert crowd.stage.figure(DROPPED) == 0


def test_who_makes_no_pause_keeps_nobody_waiting():
    crowd = Crowd([600.0] * 4 + [3.0] * 4, speed=5, workers=4)

    crowd.pass_time(80)

    long, short = crowd.speakers[:4], crowd.speakers[4:]
    assert crowd.stage.figure(DROPPED) == 0
    assert max(late for one in short for late in one.late) <= 3
    # what goes on for ever is divided, and understood as far as it came
    assert all(said(one) > 55 for one in long)
    assert max(late for one in long for late in one.late) <= 6


def test_interim_results_are_what_is_done_without_first():
    few, many = Crowd([4.0] * 4, speed=5, workers=4), Crowd([4.0] * 20, speed=5, workers=4)

    few.pass_time(30)
    many.pass_time(30)

    few_looks, few_unlooked = (sum(one.looks[at] for one in few.decoding) for at in (0, 1))
    looks, unlooked = (sum(one.looks[at] for one in many.decoding) for at in (0, 1))
    assert few_unlooked == 0 < few_looks
    assert looks < unlooked
    assert all(len(one.finals) >= 4 for one in many.speakers)


def test_with_a_single_process_two_who_speak_at_once_are_understood():
    crowd = Crowd([600.0, 3.0], speed=5, workers=1)

    crowd.pass_time(60)

    assert len(crowd.speakers[1].finals) >= 14
    assert said(crowd.speakers[0]) > 35
    assert crowd.stage.figure(DROPPED) == 0


# -- one process leaves what is not complete for what is


def talk(stage, sound):
    stream = stage.open()
    stream.write(sound)
    return stream


def test_a_process_that_waits_for_more_goes_over_to_what_is_complete_and_comes_back():
    stage = set_stage(workers=1)
    first = talk(stage, loud(400))
    puppet = stage.puppets[0].ready()
    puppet.obey()
    begun = puppet.number

    talk(stage, SENTENCE)

    assert puppet.kinds()[:5] == [Begin, Sound, Sound, Drop, Begin]
    assert puppet.number != begun
    puppet.obey("short")
    assert stage.listener.text == "short"
    first.write(loud(600) + quiet(900))
    puppet.obey("long")
    # what it was given at first, and then all of it
    assert puppet.number == begun
    assert puppet.sound == loud(400) + SENTENCE[: HEARD * 32]
    assert [one.text for one in stage.listeners[0].finals] == ["long"]


def test_a_process_with_sound_to_decode_is_left_at_it_until_it_has_none():
    stage = set_stage(workers=1)
    talk(stage, loud(400))
    puppet = stage.puppets[0].ready()

    talk(stage, SENTENCE)

    assert puppet.kinds() == [Begin, Sound, Sound]
    puppet.say(Taken(puppet.number, None))
    assert puppet.kinds() == [Begin, Sound, Sound]
    puppet.say(Taken(puppet.number, None))
    assert puppet.kinds()[3:5] == [Drop, Begin]


def test_of_several_the_one_with_the_least_to_be_done_again_is_left():
    stage = set_stage(workers=2)
    talk(stage, loud(3000))
    talk(stage, loud(400))
    puppets = [puppet.ready() for puppet in stage.puppets.all]
    for puppet in puppets:
        puppet.obey()

    talk(stage, SENTENCE)

    assert [Drop in puppet.kinds() for puppet in puppets] == [False, True]


def test_nobody_is_interrupted_for_what_is_still_being_said():
    stage = set_stage(workers=1)
    talk(stage, loud(400))
    puppet = stage.puppets[0].ready()
    puppet.obey()

    talk(stage, loud(5000))

    assert Drop not in puppet.kinds()


def test_nor_while_another_process_can_be_had():
    stage = set_stage(workers=2)
    talk(stage, loud(400))
    stage.puppets[0].ready().obey()

    talk(stage, SENTENCE)

    assert Drop not in stage.puppets[0].kinds()
    stage.puppets[1].ready().obey("short")
    assert stage.listener.text == "short"


def test_having_been_left_is_no_failure():
    stage = set_stage(workers=1)
    first = talk(stage, loud(400))
    puppet = stage.puppets[0].ready()
    puppet.obey()
    for _ in range(10):
        talk(stage, SENTENCE)
        puppet.obey("short")
    puppet.process.exit(11)
    stage.clock.advance(0)

    first.write(quiet(900))
    stage.puppets[1].ready().obey("long")

    assert stage.listeners[0].text == "long"
    assert stage.listeners[0].problems == []


def test_what_a_process_had_once_is_not_dropped_when_it_is_to_be_had_again():
    stage = set_stage(workers=1, behind=2)
    first = talk(stage, loud(4000))
    puppet = stage.puppets[0].ready()
    puppet.obey()
    heard = puppet.sound
    dropped = stage.figure(DROPPED)

    puppet.process.exit(11)
    first.write(loud(1500) + quiet(900))
    stage.clock.advance(0)
    stage.puppets[1].ready().obey("all")

    assert stage.figure(DROPPED) == pytest.approx(dropped + 0.3, abs=0.21)
    assert stage.puppets[1].sound.startswith(heard)


def test_far_behind_a_process_is_asked_for_nothing_but_the_end():
    stage = set_stage(workers=1)
    talk(stage, loud(3000))
    puppet = stage.puppets[0].ready()

    puppet.obey()

    looks = [one.look for one in puppet.told if isinstance(one, Sound)]
    late = len(puppet.sound) - LATE_BYTES
    assert looks == [at * PIECE > late for at in range(1, len(looks) + 1)]
    assert {*looks} == {True, False}


# -- more than can be decoded at all


def overloaded():
    crowd = Crowd([3.0] * 8, speed=0.7, workers=4, behind=20)
    crowd.pass_time(100)
    return crowd


def test_too_much_is_shared_out_bounded_and_counted(told):
    crowd = overloaded()

    waiting = [one.stream.waiting() for one in crowd.speakers]
    understood = [said(one) for one in crowd.speakers]
    assert max(waiting) <= 20.2
    assert crowd.stage.figure(DROPPED) > 50
    assert min(understood) > 0.5 * max(understood)
    # late, but not later and later
    assert max(late for one in crowd.speakers for late in one.late) < 90
    assert crowd.stage.figure("mentra_engine_restarts_total") == 0


def test_the_sysadmin_is_told_once_with_what_helps_and_again_when_it_is_over(told):
    crowd = overloaded()

    (line,) = told
    assert "pocketsphinx is behind" in line
    assert "[pocketsphinx] workers" in line
    assert "more than 4" in line
    assert crowd.stage.figure("mentra_engine_waiting_streams") == 8
    assert 15 < crowd.stage.figure("mentra_engine_waiting_seconds") <= 20.2
    shown = crowd.stage.house.metrics.parts["pocketsphinx"]()
    assert (shown["behind"], shown["waiting"]) == (True, 8)
    assert shown["droppedSeconds"] == pytest.approx(crowd.stage.figure(DROPPED), abs=0.1)

    crowd.fall_silent()
    crowd.pass_time(2 * CALM + 60, speaking=False)

    assert len(told) == 2
    assert "pocketsphinx has caught up" in told[1]
    assert crowd.stage.house.metrics.parts["pocketsphinx"]() == {
        "behind": False,
        "waiting": 0,
        "waitingSeconds": 0.0,
        "droppedSeconds": shown["droppedSeconds"],
    }
    assert crowd.stage.figure("mentra_engine_waiting_seconds") == 0


def test_a_moment_behind_is_not_worth_a_word(told):
    stage = set_stage(workers=1)
    stream = talk(stage, loud(1000))

    stream.write(loud(round(LATE * 1000) - 1500))

    assert told == []
    stream.write(loud(600))
    assert len(told) == 1


def test_the_end_of_the_server_is_not_kept_waiting_by_it():
    stage = set_stage(workers=1)
    talk(stage, loud(10_000))

    stage.house.stopService()
    stage.puppets[0].process.exit(0)

    assert stage.clock.getDelayedCalls() == []


def test_who_is_turned_away_is_counted_and_told_which_setting_it_was(told):
    stage = set_stage(streams=1)
    stage.open()

    with pytest.raises(Refused, match=r"\[pocketsphinx\] streams"):
        stage.open()

    assert stage.figure("mentra_engine_refused_total") == 1
    assert ["[pocketsphinx] streams" in line for line in told] == [True]


# -- what a stream knows of it


def test_a_stream_knows_what_it_owes_and_what_of_it_waits():
    stage = set_stage(workers=1)
    stream = stage.open(ENGLISH)
    assert IOwingStream.providedBy(stream)
    assert (stream.owes(), stream.waiting()) == (False, 0.0)

    stream.write(SENTENCE)
    assert (stream.owes(), stream.waiting()) == (True, 1.8)
    puppet = stage.puppets[0].ready()
    puppet.say(Done(puppet.number, Guess("hello"), ""))

    assert (stream.owes(), stream.waiting()) == (False, 0.0)
