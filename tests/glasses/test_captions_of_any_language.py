"""Captions for who wants any language: found out by the engine, or the likeliest one."""

from typing import Any

import pytest

from mentra.errors import Refused
from mentra.glasses.captions.settings import CaptionsSettings
from mentra.glasses.captions.tongues import tag_of
from mentra.interfaces.audio import ITranscripts
from mentra.testing.engines import FakeRecogniser, FakeStream
from tests.glasses.test_captions import OTHER, Stage, stage_with


def knowing_any(**more: Any) -> Stage:
    """With a recogniser that finds out which language is spoken."""
    return stage_with(recogniser=FakeRecogniser(languages=("en", "de", "auto")), **more)


def test_where_an_engine_finds_out_which_language_is_spoken_it_is_asked_to():
    stage = knowing_any()
    stage.subscribe("transcription:auto?hints=de,fr")
    stage.vad(True)

    stage.stream.hear("guten Tag", language="de")
    stage.stream.hear("good morning", language="en")
    stage.stream.hear("hm", language=None)

    assert (stage.stream.wanted.language, stage.stream.wanted.languages) == ("auto", ("de", "fr"))
    told = stage.told()
    assert {one["streamType"] for one in told} == {"transcription:auto?hints=de,fr"}
    assert [
        (one["data"]["transcribeLanguage"], one["data"]["detectedLanguage"]) for one in told
    ] == [("de-DE", "de"), ("en-US", "en"), ("en-US", "en")]
    kept = ITranscripts(stage.session).segments("de-DE")
    assert [one.text for one in kept] == ["guten Tag"]


def test_where_somebody_names_a_language_nobody_has_to_find_out():
    stage = knowing_any()
    stage.subscribe("transcription:auto")
    stage.vad(True)
    found_out = stage.stream

    stage.subscribe("transcription:de-DE", app=OTHER)

    assert found_out.closed
    assert [one.wanted.language for one in stage.recogniser.running] == ["de-DE"]
    stage.stream.hear("guten Tag")
    assert [one["streamType"] for one in stage.told()] == ["transcription:auto"]


def test_what_is_recognised_where_no_engine_finds_out_is_a_setting():
    stage = stage_with(language="de-DE")
    stage.subscribe("transcription:auto")

    stage.vad(True)

    assert stage.stream.wanted.language == "de-DE"


def test_while_who_finds_out_has_failed_the_likeliest_language_is_recognised():
    stage = knowing_any()
    stage.subscribe("transcription:auto")
    stage.vad(True)
    able = FakeRecogniser.open

    def without_any(self: FakeRecogniser, wanted: Any, listener: Any) -> FakeStream:
        if wanted.language == "auto":
            raise Refused("ENGINE_BUSY", "it has no room", retryable=True)
        return able(self, wanted, listener)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeRecogniser, "open", without_any)
        stage.stream.fail()
        stage.clock.advance(5)

    stage.stream.hear("hello")
    assert stage.stream.wanted.language == "en-US"
    assert [one["text"] for one in stage.data()] == ["hello"]


def test_what_the_phone_recognises_is_not_found_out_here_whatever_it_is():
    stage = knowing_any()
    stage.subscribe("transcription:auto")
    stage.vad(True)

    stage.phone_recognised("guten Tag", "de-DE")
    closed = stage.stream.closed
    stage.clock.advance(CaptionsSettings().phone_grace)

    assert closed
    assert stage.stream.is_open


def test_from_any_language_that_was_found_out_it_is_translated_but_from_the_same():
    stage = knowing_any()
    stage.subscribe("translation:all-to-en-US")
    stage.vad(True)

    stage.stream.hear("guten Tag", language="de")
    (asked,) = stage.translator.asked
    # a change of other subscriptions costs nothing of what is under way
    stage.subscribe("translation:all-to-en-US", "button_press", "translation:all-to-fr-FR")
    asked.succeed("good day")
    stage.stream.hear("good morning", language="en")

    assert (asked.source, asked.target) == ("de-DE", "en-US")
    told = [(one["text"], one["transcribeLanguage"], one["didTranslate"]) for one in stage.data()]
    assert told[:2] == [("good day", "de-DE", True), ("good morning", "en-US", False)]


@pytest.mark.parametrize(
    ("found", "tag"),
    [
        ("de", "de-DE"), ("EN", "en-US"), ("pt-br", "pt-BR"), ("zh", "zh-CN"), ("fil", "fil-FI"),
        ("english", None), ("", None), (None, None), ("d", None), ("de-DEU", None),
    ],
)  # fmt: skip
def test_a_language_that_was_found_out_is_spelt_as_subscribers_do(found, tag):
    assert tag_of(found) == tag
