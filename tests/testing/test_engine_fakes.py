"""Fakes of engines keep the engines' promises."""

import pytest
from twisted.internet.defer import CancelledError, ensureDeferred
from zope.interface.verify import verifyObject

from mentra.errors import Refused
from mentra.hearing import Recognition
from mentra.interfaces.engines import ISpeech
from mentra.interfaces.speech import (
    IRecogniser,
    IRecogniserListener,
    IRecogniserStream,
    ISynthesis,
    ITranslator,
)
from mentra.testing.engine_contracts import (
    detects_as_promised,
    keeps_the_promise_of_an_engine,
    refuses_to_open,
    speaks_as_promised,
    translates_as_promised,
)
from mentra.testing.engines import (
    FakeListener,
    FakeRecogniser,
    FakeSpeech,
    FakeSynthesis,
    FakeTranslator,
    FakeVoiceDetection,
    loud,
    quiet,
)
from mentra.testing.house import success_of

ENGLISH = Recognition(language="en-US")


@pytest.mark.parametrize(
    ("engine", "interface"),
    [
        (FakeRecogniser(), IRecogniser),
        (FakeSynthesis(), ISynthesis),
        (FakeTranslator(), ITranslator),
    ],
)
def test_fakes_are_engines(engine, interface):
    keeps_the_promise_of_an_engine(engine, interface)


def test_a_stream_keeps_what_it_was_written():
    recogniser, listener = FakeRecogniser(), FakeListener()

    stream = recogniser.open(ENGLISH, listener)
    stream.write(b"ab")
    stream.write(b"cd")
    stream.finalize()

    assert verifyObject(IRecogniserStream, stream)
    assert verifyObject(IRecogniserListener, listener)
    assert (stream.written, stream.sound, stream.finalized) == ([b"ab", b"cd"], b"abcd", [2])
    assert recogniser.running == [stream]
    stream.close()
    assert recogniser.running == []


def test_a_stream_hears_what_the_test_says():
    recogniser, listener = FakeRecogniser(), FakeListener()
    stream = recogniser.open(ENGLISH, listener)

    stream.hear("good", final=False)
    stream.hear("good morning", confidence=0.5)

    assert [one.text for one in listener.results] == ["good", "good morning"]
    assert listener.text == "good morning"
    assert listener.finals[0].confidence == 0.5


def test_a_stream_that_failed_is_over():
    recogniser, listener = FakeRecogniser(), FakeListener()
    stream = recogniser.open(ENGLISH, listener)

    stream.fail("GONE", "it left")

    assert [one.code for one in listener.problems] == ["GONE"]
    assert recogniser.running == []
    with pytest.raises(AssertionError):
        stream.hear("more")
    with pytest.raises(AssertionError):
        stream.fail()


def test_a_recogniser_refuses_as_it_is_told():
    refuses_to_open(FakeRecogniser(), "de-DE", "UNKNOWN_LANGUAGE", "en")
    refuses_to_open(
        FakeRecogniser(lacking="install the package x"), "en", "ENGINE_UNAVAILABLE", "package x"
    )
    refuses_to_open(FakeRecogniser(refusal=Refused("BUSY", "it is all taken")), "en", "BUSY")


def test_loud_sound_is_speech():
    detects_as_promised(FakeVoiceDetection(), quiet(200) + loud(400))

    detector = FakeVoiceDetection().detector()
    assert not detector.is_speech(quiet(20))
    with pytest.raises(ValueError, match="640"):
        detector.is_speech(quiet(10))


def test_a_translation_waits_for_the_test():
    translator = FakeTranslator(pairs=frozenset({("en", "de")}))
    done = translator.translate("good morning", "en-US", "de-DE")

    translator.asked[0].succeed("guten Morgen")

    assert success_of(done) == "guten Morgen"
    assert translator.translates("en-US", "de")
    assert not translator.translates("de", "en")


def test_a_translation_fails_or_is_given_up():
    translator = FakeTranslator()
    failing = translator.translate("one", "en", "de")
    given_up = translator.translate("two", "en", "de")

    translator.asked[0].fail()
    given_up.cancel()

    with pytest.raises(Refused):
        success_of(failing)
    with pytest.raises(CancelledError):
        success_of(given_up)
    assert [one.is_cancelled for one in translator.asked] == [False, True]


def test_a_translation_can_be_tried_by_contract():
    translator = FakeTranslator()
    done = ensureDeferred(translates_as_promised(translator, "en", "de", "yes"))

    translator.asked[0].succeed("ja")

    assert success_of(done) == "ja"


def test_what_is_spoken_is_kept():
    synthesis = FakeSynthesis()

    speech = success_of(speaks_as_promised(synthesis, "hello"))

    assert verifyObject(ISpeech, speech)
    assert speech == FakeSpeech(b"hello|bob")
    assert [voice for _, voice, _, _ in synthesis.said] == [None, "ann", "bob"]


def test_speech_is_refused_as_the_test_wants():
    synthesis = FakeSynthesis(problem=Refused("NO_VOICE", "there is no such voice"))

    with pytest.raises(Refused):
        success_of(synthesis.speak("hello", None, None, {}))
