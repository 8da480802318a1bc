"""OpenAI's interface for sound: what is asked, and what is made of the answers."""

import io
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multipart import MultipartParser
from twisted.internet.defer import CancelledError, Deferred

from mentra.errors import Refused
from mentra.hearing import Recognition
from mentra.interfaces.services import ISecretFiles
from mentra.interfaces.speech import IRecogniser, ISynthesis
from mentra.speech.figures import engine_figures
from mentra.speech.multipart_form import Form
from mentra.speech.openai_recogniser import LONGEST_PROMPT, OpenAiRecogniser
from mentra.speech.openai_speech import HOME, OpenAiSpeechSettings
from mentra.speech.openai_synthesis import LONGEST_TEXT, OpenAiSynthesis
from mentra.speech.sound_files import wav_of
from mentra.testing.engine_contracts import (
    RecogniserTrial,
    keeps_the_promise_of_an_engine,
    recognises_as_promised,
    refuses_to_open,
    says_what_it_lacks,
    stepping,
)
from mentra.testing.engines import FakeListener
from mentra.testing.house import house_with, success_of
from mentra.testing.secret_files import FakeSecretFiles

LOUD = (3000).to_bytes(2, "little") * 48_000
ENGLISH = Recognition(language="en-US")


def form_in(request):
    """Field to value, and the file."""
    boundary = request.content_type.partition("boundary=")[2]
    sizes = {"spool_limit": len(request.body), "memory_limit": 2 * len(request.body)}
    parts = MultipartParser(io.BytesIO(request.body), boundary, **sizes).parts()
    return {part.name: part.raw if part.filename else part.value for part in parts}


class Stage:
    def __init__(self, clock, **settings):
        self.clock = clock
        given = {"base_url": "http://127.0.0.1:8000/v1/", "key_file": "key", **settings}
        self.house = house_with(
            engine_figures,
            clock=clock,
            sections=(OpenAiSpeechSettings(**given),),
            parts={ISecretFiles: FakeSecretFiles({"key": "s3cret"})},
        )
        self.ears = OpenAiRecogniser(self.house)
        self.mouth = OpenAiSynthesis(self.house)
        self.listener = FakeListener()

    @property
    def requests(self):
        return self.house.http.requests

    def say(self, wanted=ENGLISH):
        stream = self.ears.open(wanted, self.listener)
        stream.write(LOUD)
        stream.finalize()
        return stream

    def speak(self, text="hello", voice=None, model=None, settings=None):
        return Deferred.fromCoroutine(self.mouth.speak(text, voice, model, settings))

    def serve(self):
        """Understand how long it was."""
        self.clock.advance(0.1)
        for request in self.requests:
            if not (request.answer.called or request.cancelled):
                size = len(form_in(request)["file"])
                request.succeed(200, b'{"text":"%d bytes"}' % size)


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
        stage.serve()

    trial = RecogniserTrial(
        recogniser=stage.ears,
        wanted=ENGLISH,
        speech=LOUD,
        settle=stepping(stage.serve),
        after_close=after_close,
    )

    success_of(recognises_as_promised(trial))

    assert stage.clock.getDelayedCalls() == []


def test_an_utterance_is_sent_once_it_is_over(stage):
    stream = stage.ears.open(Recognition(language="de-AT", hints=("Mentra", "G1")), stage.listener)
    stream.write(LOUD)
    assert stage.requests == []

    stream.finalize()

    (request,) = stage.requests
    form = form_in(request)
    with wave.open(io.BytesIO(form.pop("file"))) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (16_000, 2, 1)
        assert file.getnframes() >= len(LOUD) // 2 - 320
    assert form == {
        "model": "whisper-1", "response_format": "json", "language": "de", "prompt": "Mentra, G1",
    }  # fmt: skip
    assert request.url == "http://127.0.0.1:8000/v1/audio/transcriptions"
    assert request.headers == {"Authorization": "Bearer s3cret"}


def test_what_is_not_wanted_is_not_asked(clock):
    stage = Stage(clock, key_file="")

    stage.say(Recognition(language="auto"))

    assert not {"language", "prompt"} & form_in(stage.requests[0]).keys()
    assert stage.requests[0].headers == {}


def test_only_so_many_hints_are_sent(stage):
    stage.say(Recognition(language="en", hints=("x" * 100,) * 100))

    assert len(form_in(stage.requests[0])["prompt"]) == LONGEST_PROMPT


def test_what_is_understood_is_final(stage):
    stage.say()

    stage.requests[0].succeed(200, b'{"text":" Hello. "}')

    (one,) = stage.listener.results
    assert (one.text, one.is_final, one.start_ms) == ("Hello.", True, 0)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"text":7}', b"\xff", b'{"text":"%s"}' % (b"x" * 10_001)]
)
def test_nonsense_is_a_failure(stage, body):
    stage.say()

    stage.requests[0].succeed(200, body)

    assert [one.code for one in stage.listener.problems] == ["BAD_ANSWER"]


def test_a_server_that_is_busy_is_asked_again(stage):
    stage.say()
    stage.requests[0].succeed(429, headers={"retry-after": "2"})

    stage.clock.advance(2)
    stage.requests[1].succeed(200, b'{"text":"at last"}')

    assert stage.listener.text == "at last"


def test_a_long_rest_is_kept_by_new_streams_too(stage):
    stage.say()
    stage.requests[0].succeed(429, headers={"retry-after": "50"})

    assert [one.code for one in stage.listener.problems] == ["RATE_LIMITED"]
    refuses_to_open(stage.ears, "en", "RATE_LIMITED", "50 s")


def test_a_wrong_key_is_told_and_not_shown(stage):
    stage.say()

    stage.requests[0].succeed(401, b"s3cret is wrong")

    (problem,) = stage.listener.problems
    assert (problem.code, problem.retryable) == ("AUTHENTICATION_ERROR", False)
    assert "s3cret" not in problem.message


def test_a_server_that_hangs_is_given_up(stage):
    stage.say()
    assert stage.requests[0].timeout == 20.0

    stage.requests[0].fail("TIMEOUT", "no answer within 20 s")
    stage.clock.advance(20)

    assert stage.listener.problems or len(stage.requests) > 1


def test_closing_and_stopping_give_it_up(stage):
    stage.ears.startService()
    first, _ = stage.say(), stage.say()

    first.close()
    stage.ears.stopService()

    assert [one.cancelled for one in stage.requests] == [True, True]
    assert stage.listener.problems == []
    assert stage.clock.getDelayedCalls() == []


# -- speaking


def test_a_text_becomes_a_wav_file(stage):
    speaking = stage.speak(settings={"speed": 9, "pitch": 1})

    stage.requests[0].succeed(200, wav_of(bytes(32)), {"content-type": "audio/wav"})

    speech = success_of(speaking)
    assert (speech.content_type, speech.body) == ("audio/wav", wav_of(bytes(32)))
    assert stage.requests[0].url == "http://127.0.0.1:8000/v1/audio/speech"
    assert stage.requests[0].json == {
        "model": "tts-1", "input": "hello", "voice": "alloy", "response_format": "wav",
        "speed": 4.0,
    }  # fmt: skip


@pytest.mark.parametrize("settings", [None, {}, {"speed": "fast"}, {"speed": True}])
def test_a_speed_that_is_none_is_not_sent(stage, settings):
    stage.speak(voice="nova", model="big", settings=settings).addErrback(lambda _: None)

    assert "speed" not in stage.requests[0].json
    assert (stage.requests[0].json["voice"], stage.requests[0].json["model"]) == ("nova", "big")


def test_a_voice_it_does_not_have_is_the_askers_fault(stage):
    refusal = refusal_of(stage.speak(voice="nobody"))

    assert (refusal.code, refusal.where) == ("UNKNOWN_VOICE", "app")


def test_without_a_list_of_voices_any_is_asked_for(clock):
    stage = Stage(clock, voices=())

    stage.speak(voice="somebody").addErrback(lambda _: None)
    stage.speak().addErrback(lambda _: None)

    assert [one.json["voice"] for one in stage.requests] == ["somebody", "default"]


def test_what_is_no_sound_is_refused(stage):
    speaking = stage.speak()

    stage.requests[0].succeed(200, b'{"error":"no"}')

    assert refusal_of(speaking).code == "BAD_ANSWER"


def test_a_long_text_is_refused(stage):
    assert refusal_of(stage.speak("x" * (LONGEST_TEXT + 1))).code == "TEXT_TOO_LONG"
    assert stage.requests == []


def test_giving_up_gives_up_the_request(stage):
    speaking = stage.speak()

    speaking.cancel()

    with pytest.raises(CancelledError):
        success_of(speaking)
    assert stage.requests[0].cancelled


# -- configuration


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({"base_url": ""}, "openai_speech.base_url"),
        ({"base_url": HOME, "key_file": ""}, "openai_speech.key_file"),
        ({"key_file": "gone"}, "gone"),
    ],
)
def test_what_is_missing_is_named(clock, settings, setting):
    stage = Stage(clock, **settings)

    for engine in (stage.ears, stage.mouth):
        says_what_it_lacks(engine, setting)
    refuses_to_open(stage.ears, "en", "ENGINE_UNAVAILABLE", setting)
    assert refusal_of(stage.speak()).code == "ENGINE_UNAVAILABLE"


def test_a_server_may_do_one_of_both(clock):
    stage = Stage(clock, recognise="", speak="")

    says_what_it_lacks(stage.ears, "openai_speech.recognise")
    says_what_it_lacks(stage.mouth, "openai_speech.speak")


def test_they_keep_the_promises_of_engines(stage):
    keeps_the_promise_of_an_engine(stage.ears, IRecogniser)
    keeps_the_promise_of_an_engine(stage.mouth, ISynthesis)
    assert stage.ears.addresses() == stage.mouth.addresses() == ("http://127.0.0.1:8000/v1",)
    assert stage.mouth.unavailable() is stage.ears.unavailable() is None


@given(st.binary(max_size=300), st.text(max_size=30).filter(lambda text: "\r" not in text))
def test_a_form_holds_whatever_is_put_into_it(content, value):
    form = Form.of({"a": value}, name="f", filename="x", content_type="x/y", content=content)

    boundary = form.content_type.partition("boundary=")[2]
    a, f = MultipartParser(io.BytesIO(form.body), boundary).parts()
    assert (a.name, a.value, f.name, f.filename, f.raw) == ("a", value, "f", "x", content)
