"""Who speaks: the engine, its memory, its bounds, and the programs."""

import os
import shutil

import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorProcess
from twisted.internet.task import Clock
from twisted.logger import formatEvent, globalLogPublisher
from zope.interface.verify import verifyObject

from mentra.engines import engines
from mentra.errors import Denied, NotThere, Refused
from mentra.extension import EngineFactory
from mentra.glasses.speech_route import Spoken, speak, utterances
from mentra.interfaces.engines import IEngines, ISynthesiser
from mentra.interfaces.speech import ISynthesis
from mentra.speech.sound_files import wav_of as sound_of
from mentra.speech.spoken_programs import ESPEAK_NG, FLITE, ProgramSynthesis, espeak_ng, flite
from mentra.speech.synthesis import SynthesisSettings, synthesiser
from mentra.speech.wav import pcm_of_wav, read_wav
from mentra.testing.engine_contracts import (
    keeps_the_promise_of_an_engine,
    says_what_it_lacks,
    speaks_as_promised,
)
from mentra.testing.engines import FakeSpeech, FakeSynthesis
from mentra.testing.house import house_with, success_of
from mentra.testing.requests import FakeCall
from mentra.testing.spoken import SENTENCES
from tests.speech.hall import real_house

WAV = sound_of(b"ab" * 100)


def voice(fake):
    return EngineFactory(ISynthesis, fake.name, lambda services: fake)


def set_up(*fakes, clock=None, **settings):
    """The synthesiser of a house with such engines."""
    plugins = [engines, synthesiser, utterances, *map(voice, fakes)]
    return house_with(*plugins, clock=clock, sections=[SynthesisSettings(**settings)])


def said(house, text, voice=None, model=None, settings=None):
    return success_of(ISynthesiser(house).speak(text, voice, model, settings or {}))


def over_http(house, **asked):
    call = FakeCall(house)
    call.asked = Spoken(**asked)
    return success_of(speak.handle(call))


# -- which engine


def test_the_synthesiser_keeps_its_promise():
    house = set_up(FakeSynthesis())

    assert verifyObject(ISynthesiser, ISynthesiser(house))


def test_the_configured_engine_speaks():
    one, other = FakeSynthesis("one"), FakeSynthesis("other")
    house = set_up(one, other, engine="other", voice="carl")

    said(house, "hello")
    said(house, "hello", "ann")

    assert [voice for _, voice, _, _ in other.said] == ["carl", "ann"]
    assert one.said == []


def test_without_a_choice_programs_of_this_machine_go_first():
    fakes = [FakeSynthesis(name) for name in ("another", "espeak-ng", "flite")]
    fakes[2].lacking = "there is no such program"
    house = set_up(*fakes)

    said(house, "hello")

    assert [len(fake.said) for fake in fakes] == [0, 1, 0]


def test_without_a_choice_nothing_is_told_to_other_machines():
    house = set_up(FakeSynthesis("cloud", servers=("https://voice.test",)))

    with pytest.raises(NotThere, match="apt install flite"):
        said(house, "hello")


def test_an_engine_that_lacks_something_is_no_engine_at_all():
    house = set_up(FakeSynthesis("flite", lacking="The program is missing"), engine="flite")

    with pytest.raises(Denied) as denied:
        over_http(house, text="hello")

    assert (denied.value.status, denied.value.body["code"]) == (501, "NO_SYNTHESISER")
    assert denied.value.body["message"] == "The program is missing"


def test_an_engine_that_is_not_there_is_told():
    with pytest.raises(NotThere, match="'nobody'"):
        said(set_up(FakeSynthesis("flite"), engine="nobody"), "hello")


def test_speech_is_served_over_http():
    answer = over_http(set_up(FakeSynthesis()), text="hello", voice_id="bob")

    assert (answer.body, answer.content_type) == (b"hello|bob", "audio/wav")


# -- memory and bounds


def test_what_was_said_is_remembered():
    fake = FakeSynthesis()
    house = set_up(fake)

    speeches = [said(house, "hello") for _ in range(3)]

    assert {one.body for one in speeches} == {b"hello|ann"}
    assert len(fake.said) == 1


@pytest.mark.parametrize(
    "other", [("hi",), ("hello", "bob"), ("hello", None, "m"), ("hello", None, None, {"speed": 2})]
)
def test_what_differs_is_said_anew(other):
    fake = FakeSynthesis()
    house = set_up(fake)

    said(house, "hello")
    said(house, *other)

    assert len(fake.said) == 2


def test_the_memory_has_a_size_and_forgets_what_was_not_used():
    fake = FakeSynthesis()
    house = set_up(fake, cache=len(b"a|ann") * 2)

    for text in ("a", "b", "a", "c", "a", "b"):
        said(house, text)

    assert [text for text, *_ in fake.said] == ["a", "b", "c", "b"]


def test_what_is_too_long_to_be_remembered_is_said_each_time():
    fake = FakeSynthesis()
    house = set_up(fake, cache=4)

    said(house, "hello")
    said(house, "hello")

    assert len(fake.said) == 2


def test_a_text_has_a_longest():
    with pytest.raises(Refused, match="longer than 5 characters"):
        said(set_up(FakeSynthesis(), max_text=5), "hello!")


def test_so_much_is_said_in_a_minute():
    clock, fake = Clock(), FakeSynthesis()
    house = set_up(fake, clock=clock, per_minute=2)
    for text in ("one", "two"):
        said(house, text)

    with pytest.raises(Denied) as denied:
        over_http(house, text="three")

    assert (denied.value.status, denied.value.body["code"]) == (429, "RATE_LIMITED")
    # what is remembered costs nothing
    assert said(house, "one").body == b"one|ann"
    clock.advance(30)
    assert said(house, "three")


def test_others_wait_while_as_many_are_being_said_as_may():
    fake = FakeSynthesis(thinking=Deferred())
    house = set_up(fake, at_once=1)
    ask = ISynthesiser(house).speak
    first, second, third = (
        Deferred.fromCoroutine(ask(text, None, None, {})) for text in ("one", "two", "three")
    )
    assert [text for text, *_ in fake.said] == ["one"]

    second.cancel()
    thinking, fake.thinking = fake.thinking, None
    thinking.callback(FakeSpeech(b"sound"))

    assert success_of(first).body == b"sound"
    assert success_of(third).body == b"three|ann"
    with pytest.raises(CancelledError):
        success_of(second)


def test_a_failure_is_not_remembered():
    fake = FakeSynthesis(problem=Refused("SPEECH_FAILED", "it broke", where="provider"))
    house = set_up(fake)
    with pytest.raises(Refused):
        said(house, "hello")

    fake.problem = None

    assert said(house, "hello").body == b"hello|ann"


# -- programs


@pytest.fixture
def stage():
    return Stage()


class Stage:
    """A program that is never started."""

    def __init__(self):
        self.clock = Clock()
        self.house = house_with(engines, clock=self.clock)
        self.processes = IReactorProcess(self.house)
        self.made = None

    def engine(self, speaker=ESPEAK_NG, path="/usr/bin/it"):
        self.made = ProgramSynthesis(self.house, speaker, lambda name: path)
        self.made.setServiceParent(self.house)
        return self.made

    def say(self, text="hello", voice=None, speaker=ESPEAK_NG):
        engine = self.made or self.engine(speaker)
        return Deferred.fromCoroutine(engine.speak(text, voice, None, {}))

    @property
    def process(self):
        return self.processes.started[-1]


@pytest.mark.parametrize("speaker", [FLITE, ESPEAK_NG], ids=lambda one: one.name)
def test_programs_are_engines(stage, speaker):
    keeps_the_promise_of_an_engine(stage.engine(speaker), ISynthesis)


@pytest.mark.parametrize("speaker", [FLITE, ESPEAK_NG], ids=lambda one: one.name)
def test_a_program_that_is_missing_is_named(stage, speaker):
    engine = stage.engine(speaker, path=None)

    says_what_it_lacks(engine, f"apt install {speaker.name}")
    with pytest.raises(Refused):
        success_of(engine.speak("hello", None, None, {}))


def test_a_text_goes_in_and_sound_comes_out(stage):
    speech = stage.say("-h; $(rm) \x00\x1bhello")

    assert stage.process.args == ("/usr/bin/it", "-v", "en-us", "--stdin", "--stdout")
    assert bytes(stage.process.written) == b"-h; $(rm)   hello"
    assert stage.process.has_all
    assert stage.process.env == {"LC_ALL": "C.UTF-8"}
    stage.process.say(WAV[:60])
    stage.process.say(WAV[60:])
    stage.process.exit(0)
    assert success_of(speech).body == WAV
    assert stage.clock.getDelayedCalls() == []


def test_what_is_written_to_a_file_is_read_from_it(stage):
    speech = stage.say(speaker=FLITE)

    os.write(stage.process.fds[3], WAV)
    stage.process.exit(0)

    assert success_of(speech).body == WAV
    assert stage.process.args[-2:] == ("-o", "/dev/fd/3")


@pytest.mark.parametrize(
    ("speaker", "wanted", "used"),
    [
        (FLITE, "slt", "slt"),
        (FLITE, "/etc/passwd", "kal16"),
        (FLITE, "http://evil.test/voice", "kal16"),
        (ESPEAK_NG, "en-us+klatt4", "en-us+klatt4"),
        (ESPEAK_NG, "../../etc/passwd", "en-us"),
        (ESPEAK_NG, "21m00Tcm4TlvDq8ikWAM", "en-us"),
        (ESPEAK_NG, "--help", "en-us"),
    ],
)
def test_a_voice_that_is_none_of_its_own_is_replaced(stage, speaker, wanted, used):
    stage.say(voice=wanted, speaker=speaker).addErrback(lambda failure: None)

    assert used in stage.process.args
    assert wanted == used or wanted not in stage.process.args
    stage.process.exit(1)


def test_a_program_that_takes_too_long_is_killed(stage):
    speech = stage.say()

    stage.clock.advance(SynthesisSettings().seconds)

    assert stage.process.signals == ["KILL"]
    with pytest.raises(Refused, match="took too long"):
        success_of(speech)


def test_a_program_that_makes_too_much_is_killed(stage):
    speech = stage.say()

    stage.process.say(bytes(33 * 1024 * 1024))

    assert stage.process.signals == ["KILL"]
    with pytest.raises(Refused, match="too much"):
        success_of(speech)


def test_a_file_has_a_longest_too(stage):
    speech = stage.say(speaker=FLITE)

    os.truncate(stage.process.fds[3], 33 * 1024 * 1024)
    stage.process.exit(0)

    with pytest.raises(Refused, match="too much"):
        success_of(speech)


def test_a_program_that_fails_is_told_without_what_it_printed(stage):
    speech = stage.say()

    stage.process.complain(b"Error: the secret place\n")
    stage.process.exit(1)

    with pytest.raises(Refused) as refused:
        success_of(speech)
    assert refused.value.code == "SPEECH_FAILED"
    assert "secret" not in refused.value.message


@pytest.mark.parametrize("made", [b"", b"hm", sound_of(b"")])
def test_no_sound_is_told_as_such(stage, made):
    speech = stage.say("...")

    stage.process.say(made)
    stage.process.exit(0)

    with pytest.raises(Refused) as refused:
        success_of(speech)
    assert (refused.value.code, refused.value.where) == ("NOTHING_TO_SAY", "app")


def test_a_program_that_cannot_be_started_is_told(stage):
    stage.processes.broken = True

    with pytest.raises(Refused, match="cannot be started"):
        success_of(stage.say(speaker=FLITE))

    assert stage.clock.getDelayedCalls() == []


def test_who_gives_up_ends_the_program(stage):
    speech = stage.say()

    speech.cancel()

    assert stage.process.signals == ["KILL"]
    with pytest.raises(CancelledError):
        success_of(speech)
    assert stage.clock.getDelayedCalls() == []


def test_programs_end_with_the_house(stage):
    speech = stage.say()

    stopped = stage.house.stopService()

    assert stage.process.signals == ["KILL"]
    assert stopped.called
    with pytest.raises(CancelledError):
        success_of(speech)


def test_nothing_that_is_to_be_said_is_in_the_log(stage):
    lines = []

    def observe(event):
        lines.append(str(formatEvent(event)))

    globalLogPublisher.addObserver(observe)
    failed, late = stage.say("my secret"), stage.say("my secret")
    stage.processes.started[0].exit(1)
    stage.clock.advance(SynthesisSettings().seconds)
    globalLogPublisher.removeObserver(observe)

    for speech in (failed, late):
        with pytest.raises(Refused):
            success_of(speech)
    assert "espeak-ng ended with status 1: " in lines
    assert [line for line in lines if "secret" in line] == []


# -- real ones


@pytest.mark.slow
@pytest.mark.parametrize(
    ("factory", "rate"), [(flite, 16_000), (espeak_ng, 22_050)], ids=lambda one: str(one)[:9]
)
@pytest_twisted.ensureDeferred
async def test_real_programs_speak(factory, rate):
    async with real_house(factory) as house:
        engine = IEngines(house).get(ISynthesis, factory.name)

        speech = await speaks_as_promised(engine, SENTENCES[0])
        long = await engine.speak(" ".join(f"{one}." for one in SENTENCES), None, None, {})
        odd = await engine.speak("-o /tmp/x $(touch /tmp/y) <b>bold</b>", None, None, {})

    assert read_wav(speech.body).rate == rate
    assert 1.0 < len(pcm_of_wav(speech.body)) / 32_000 < 5.0
    assert 15 < len(pcm_of_wav(long.body)) / 32_000 < 90
    assert len(odd.body) > 1000


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_a_text_without_words_is_refused_by_a_real_program():
    async with real_house(flite) as house:
        engine = IEngines(house).get(ISynthesis, "flite")

        with pytest.raises(Refused, match="no sound"):
            await engine.speak("!!!", None, None, {})


@pytest.mark.slow
def test_the_programs_are_where_they_are_looked_for():
    assert shutil.which("flite")
    assert shutil.which("espeak-ng")
