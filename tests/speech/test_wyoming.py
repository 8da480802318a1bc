"""Wyoming servers, in whole conversations."""

import io
import wave

import pytest
from twisted.internet.defer import CancelledError, Deferred

from mentra.errors import Refused
from mentra.hearing import Recognition
from mentra.interfaces.network import IDial
from mentra.interfaces.speech import IRecogniser, ISynthesis
from mentra.speech.figures import engine_figures
from mentra.speech.wyoming_events import Event
from mentra.speech.wyoming_recogniser import WyomingRecogniser
from mentra.speech.wyoming_server import ASK_AGAIN
from mentra.speech.wyoming_settings import WyomingSettings
from mentra.speech.wyoming_synthesis import LONGEST_TEXT, WyomingSynthesis
from mentra.testing.engine_contracts import (
    RecogniserTrial,
    keeps_the_promise_of_an_engine,
    recognises_as_promised,
    refuses_to_open,
    says_what_it_lacks,
    speaks_as_promised,
    stepping,
)
from mentra.testing.engines import FakeListener
from mentra.testing.house import house_with, success_of
from mentra.testing.network import MemoryNetwork
from mentra.testing.wyoming_server import FakeWyomingServer

ENGLISH = Recognition(language="en-US")
LOUD = (3000).to_bytes(2, "little") * 48_000


class Stage:
    """A server, a network, and both engines."""

    def __init__(self, clock, **settings):
        self.clock = clock
        self.network = MemoryNetwork()
        self.server = FakeWyomingServer()
        self.network.serve("w.lan:10300", self.server)
        given = {"recognise": "w.lan:10300", "speak": "w.lan:10300", **settings}
        self.house = house_with(
            engine_figures,
            clock=clock,
            sections=(WyomingSettings(**given),),
            parts={IDial: self.network},
        )
        self.ears = WyomingRecogniser(self.house)
        self.mouth = WyomingSynthesis(self.house)
        self.listener = FakeListener()

    def step(self, seconds=0.0):
        self.clock.advance(seconds)
        self.network.pump()

    def say(self, wanted=ENGLISH):
        stream = self.ears.open(wanted, self.listener)
        stream.write(LOUD)
        stream.finalize()
        self.step()
        return stream

    def speak(self, text="hello", voice=None):
        speaking = Deferred.fromCoroutine(self.mouth.speak(text, voice, None, {}))
        self.step()
        return speaking

    def learn(self):
        self.ears.speaks("en")
        _ = self.mouth.voices
        self.step()


@pytest.fixture
def stage(clock):
    return Stage(clock)


def refusal_of(speaking):
    with pytest.raises(Refused) as refused:
        success_of(speaking)
    return refused.value


# -- hearing


def test_it_recognises_as_promised(stage):
    async def after_close():
        stage.step(5.0)

    stage.learn()
    trial = RecogniserTrial(
        recogniser=stage.ears,
        wanted=ENGLISH,
        speech=LOUD,
        settle=stepping(lambda: stage.step(0.1)),
        after_close=after_close,
    )

    success_of(recognises_as_promised(trial))

    assert not any(line.is_open for line in stage.server.lines)
    assert stage.clock.getDelayedCalls() == []


def test_an_utterance_is_sent_as_the_protocol_has_it(clock):
    stage = Stage(clock, model="small")
    stage.learn()

    stage.say(Recognition(language="de-AT", hints=("Mentra",)))

    line = stage.server.last
    assert line.events[0] == Event(
        "transcribe", {"name": "small", "language": "de", "transcript_terms": ["Mentra"]}
    )
    assert line.kinds[1] == "audio-start"
    assert line.kinds[-1] == "audio-stop"
    sound = {"rate": 16_000, "width": 2, "channels": 1}
    assert line.events[2].data == {**sound, "timestamp": 0}
    assert len(line.sound) >= len(LOUD) - 640
    assert not line.is_open


def test_sound_arrives_while_somebody_speaks(stage):
    stream = stage.ears.open(ENGLISH, stage.listener)

    stream.write(LOUD)
    stage.step()

    assert len(stage.server.last.sound) > len(LOUD) // 2
    assert "audio-stop" not in stage.server.last.kinds
    stream.close()
    stage.step()
    assert not stage.server.last.is_open


def test_a_server_that_says_it_bit_by_bit_makes_interim_results(stage):
    stage.server.is_streaming = True

    stage.say()

    told = [(one.text, one.is_final) for one in stage.listener.results]
    assert told[:2] == [("one", False), ("one two", False)]
    assert told[-1][1] is True
    assert all(not final for _, final in told[:-1])


def test_a_language_to_be_found_out_is_not_named(stage):
    stage.say(Recognition(language="auto"))

    assert stage.server.last.events[0].data == {}


def test_languages_are_those_of_the_server_once_it_has_said(stage):
    assert stage.ears.speaks("fr")
    stage.step()

    assert [stage.ears.speaks(one) for one in ("en-US", "de", "fr")] == [True, True, False]
    assert [line.kinds for line in stage.server.lines] == [["describe"]]


def test_languages_are_those_of_the_setting_if_there_is_one(clock):
    stage = Stage(clock, languages=("fr",))

    assert [stage.ears.speaks(one) for one in ("fr-CA", "en")] == [True, False]
    refuses_to_open(stage.ears, "en", "UNKNOWN_LANGUAGE", "wyoming.languages")
    assert stage.server.lines == []


def test_a_server_that_cannot_be_asked_is_asked_later(stage):
    stage.network.hang("w.lan:10300")
    stage.learn()
    stage.step(10.0)
    assert stage.clock.getDelayedCalls() == []
    stage.network.silent.clear()

    stage.learn()
    assert stage.server.lines == []
    stage.step(ASK_AGAIN)
    stage.learn()

    assert not stage.ears.speaks("fr")


@pytest.mark.parametrize("info", [{}, {"asr": None}, {"asr": [{"models": None}]}, {"asr": 7}])
def test_a_server_that_says_little_is_believed_to_know_all(stage, info):
    stage.server.info = info
    stage.learn()

    assert stage.ears.speaks("fr")


# -- what goes wrong


def problems(stage):
    return [(one.code, one.retryable, one.where) for one in stage.listener.problems]


def test_nobody_there_is_told_as_soon_as_somebody_speaks(stage):
    stage.network.serve("elsewhere:1", stage.server)
    stage.network._servers.clear()
    stream = stage.ears.open(ENGLISH, stage.listener)

    stream.write(LOUD)

    assert problems(stage) == [("NETWORK_ERROR", True, "provider")]


def test_a_server_that_hangs_is_given_up(stage):
    stage.server.is_hung = True
    stage.say()

    stage.step(20.0)

    assert problems(stage) == [("TIMEOUT", True, "provider")]
    assert not stage.server.last.is_open
    assert stage.clock.getDelayedCalls() == []


def test_a_server_that_hangs_up_is_a_failure(stage):
    stage.server.is_hung = True
    stage.say()

    stage.server.last.hang_up()
    stage.step()

    assert problems(stage) == [("CONNECTION_LOST", True, "provider")]


def test_an_error_is_a_failure_without_its_text(stage):
    stage.server.says = [Event("error", {"text": "secret"})]

    stage.say()

    assert problems(stage) == [("SERVER_ERROR", True, "provider")]
    assert "secret" not in stage.listener.problems[0].message


@pytest.mark.parametrize(
    "event", [Event("transcript"), Event("transcript", {"text": 7}), Event("transcript-chunk")]
)
def test_nonsense_is_a_failure(stage, event):
    stage.server.says = [event]

    stage.say()

    assert problems(stage) == [("BAD_ANSWER", True, "provider")]


def test_what_is_no_wyoming_at_all_is_a_failure(stage):
    stage.server.is_hung = True
    stage.say()

    stage.server.last.transport.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    stage.step()

    assert problems(stage) == [("BAD_ANSWER", True, "provider")]


def test_a_server_that_never_stops_is_stopped(stage):
    stage.server.says = [Event("transcript-chunk", {"text": "x" * 1000})] * 6

    stage.say()

    assert problems(stage) == [("BAD_ANSWER", True, "provider")]


def test_stopping_hangs_up(stage):
    stage.server.is_hung = True
    stage.ears.startService()
    stage.mouth.startService()
    stage.ears.speaks("en")
    stage.say()
    speaking = stage.speak()

    stage.ears.stopService()
    stage.mouth.stopService()
    stage.step()

    assert not any(line.is_open for line in stage.server.lines)
    assert stage.listener.problems == []
    with pytest.raises(CancelledError):
        success_of(speaking)
    assert stage.clock.getDelayedCalls() == []


# -- speaking


def test_it_speaks_as_promised(stage):
    stage.learn()
    saying = Deferred.fromCoroutine(speaks_as_promised(stage.mouth, "hello"))
    for _ in range(3):
        stage.step()

    speech = success_of(saying)

    with wave.open(io.BytesIO(speech.body)) as file:
        shape = (file.getframerate(), file.getsampwidth(), file.getnchannels(), file.getnframes())
    assert shape == (22_050, 2, 1, 441 * 5)
    assert stage.clock.getDelayedCalls() == []


def test_voices_are_the_servers_with_the_configured_one_first(clock):
    stage = Stage(clock, voice="bob")
    stage.learn()

    assert stage.mouth.voices == ("bob", "ann", "later")


@pytest.mark.parametrize(
    ("configured", "asked", "sent"),
    [
        ("", None, {"text": "hello"}),
        ("bob", None, {"text": "hello", "voice": {"name": "bob"}}),
        ("bob", "ann", {"text": "hello", "voice": {"name": "ann"}}),
    ],
)
def test_the_voice_is_the_one_asked_for_or_configured(clock, configured, asked, sent):
    stage = Stage(clock, voice=configured)

    success_of(stage.speak(voice=asked))

    assert stage.server.last.events == [Event("synthesize", sent)]


def test_a_voice_it_does_not_have_is_the_askers_fault(stage):
    stage.learn()

    refusal = refusal_of(stage.speak(voice="nobody"))

    assert (refusal.code, refusal.where) == ("UNKNOWN_VOICE", "app")


def test_a_long_text_is_refused(stage):
    assert refusal_of(stage.speak("x" * (LONGEST_TEXT + 1))).code == "TEXT_TOO_LONG"
    assert stage.server.lines == []


def test_a_mouth_that_hangs_is_given_up(stage):
    stage.server.is_hung = True
    speaking = stage.speak()

    stage.step(20.0)

    assert refusal_of(speaking).code == "TIMEOUT"
    assert not stage.server.last.is_open
    assert stage.clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    "events",
    [
        [Event("audio-stop")],
        [Event("audio-start", {"rate": 0, "width": 2, "channels": 1}), Event("audio-stop")],
        [Event("audio-start", {"rate": "fast"})],
        [Event("audio-chunk", {}, bytes(1_000_000))] * 31,
    ],
)
def test_sound_that_makes_no_sense_is_refused(stage, events):
    stage.server.says = events

    assert refusal_of(stage.speak()).code == "BAD_ANSWER"


def test_giving_up_hangs_up(stage):
    stage.server.is_hung = True
    speaking = stage.speak()

    speaking.cancel()
    stage.step()

    with pytest.raises(CancelledError):
        success_of(speaking)
    assert not stage.server.last.is_open
    # what it can do was asked as well
    stage.step(10.0)
    assert stage.clock.getDelayedCalls() == []


# -- configuration


def test_without_an_address_they_say_which_setting_it_takes(clock):
    stage = Stage(clock, recognise="", speak="")

    keeps_the_promise_of_an_engine(stage.ears, IRecogniser)
    keeps_the_promise_of_an_engine(stage.mouth, ISynthesis)
    says_what_it_lacks(stage.ears, "wyoming.recognise")
    says_what_it_lacks(stage.mouth, "wyoming.speak")
    refuses_to_open(stage.ears, "en", "ENGINE_UNAVAILABLE", "wyoming.recognise")
    assert refusal_of(stage.speak()).code == "ENGINE_UNAVAILABLE"
    assert (stage.ears.addresses(), stage.mouth.addresses()) == ((), ())
    assert stage.mouth.voices == ()


def test_their_addresses_are_those_of_the_settings(stage):
    assert stage.ears.addresses() == stage.mouth.addresses() == ("w.lan:10300",)
