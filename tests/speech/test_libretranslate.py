"""What LibreTranslate is asked, and what is made of its answers."""

import json

import pytest
from twisted.internet.defer import Deferred

from mentra.errors import Refused
from mentra.interfaces.services import ISecretFiles
from mentra.interfaces.speech import ITranslator
from mentra.speech.libretranslate import (
    ASK_AGAIN,
    LibreTranslate,
    LibreTranslateSettings,
    pairs_in,
)
from mentra.speech.tags import spelt
from mentra.testing.engine_contracts import (
    keeps_the_promise_of_an_engine,
    says_what_it_lacks,
)
from mentra.testing.house import house_with, success_of
from mentra.testing.secret_files import FakeSecretFiles

LANGUAGES = json.dumps(
    [
        {"code": "en", "name": "English", "targets": ["es", "pt-BR"]},
        {"code": "es", "name": "Spanish", "targets": ["en"]},
    ]
).encode()


def engine_in(clock, base_url="http://127.0.0.1:5000/", **settings):
    files = FakeSecretFiles({"key": "s3cret"})
    house = house_with(
        clock=clock,
        sections=(LibreTranslateSettings(base_url=base_url, **settings),),
        parts={ISecretFiles: files},
    )
    return LibreTranslate(house), house.http.requests


def translate(engine, text="hello", source="en-US", target="es-ES"):
    return Deferred.fromCoroutine(engine.translate(text, source, target))


def learnt(clock, **settings):
    engine, requests = engine_in(clock, **settings)
    assert engine.translates("en", "xx")
    requests.pop().succeed(200, LANGUAGES)
    return engine, requests


def test_it_keeps_the_promise_of_an_engine(clock):
    engine, _ = engine_in(clock)

    keeps_the_promise_of_an_engine(engine, ITranslator)
    assert engine.unavailable() is None
    assert engine.addresses() == ("http://127.0.0.1:5000",)


def test_without_an_address_it_is_not_there(clock):
    engine, _ = engine_in(clock, base_url="")

    says_what_it_lacks(engine, "libretranslate.base_url")
    assert engine.addresses() == ()


def test_a_key_that_cannot_be_read_is_named(clock):
    engine, _ = engine_in(clock, key_file="nowhere")

    says_what_it_lacks(engine, "nowhere", "LibreTranslate")


def test_a_text_is_sent_and_its_translation_comes_back(clock):
    engine, requests = engine_in(clock, key_file="key")

    asked = translate(engine)
    requests[0].succeed(200, b'{"translatedText":"hola","alternatives":[]}')

    assert success_of(asked) == "hola"
    assert (requests[0].method, requests[0].url) == ("POST", "http://127.0.0.1:5000/translate")
    assert requests[0].json == {
        "q": "hello", "source": "en", "target": "es", "format": "text", "api_key": "s3cret",
    }  # fmt: skip


def test_no_key_is_sent_where_there_is_none(clock):
    engine, requests = engine_in(clock)

    translate(engine, source="auto").addErrback(lambda _: None)

    assert "api_key" not in requests[0].json
    assert requests[0].json["source"] == "auto"


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b'{"translatedText":1}', b"\xff", b'{"x":' + b"[" * 100_000],
    ids=range(6),
)
def test_an_answer_that_is_none_is_a_refusal(clock, body):
    engine, requests = engine_in(clock)

    asked = translate(engine)
    requests[0].succeed(200, body)

    with pytest.raises(Refused) as refused:
        success_of(asked)
    assert refused.value.code == "BAD_ANSWER"


def test_its_languages_are_learnt_once_they_matter(clock):
    engine, _ = learnt(clock)

    assert engine.translates("en-US", "es-MX")
    assert engine.translates("auto", "en")
    assert not engine.translates("es", "pt-BR")
    assert not engine.translates("auto", "tlh")
    assert not engine.translates("tlh", "en")


def test_a_tag_is_spelt_as_the_server_spells_it(clock):
    engine, requests = learnt(clock)

    translate(engine, source="en-GB", target="pt-br").addErrback(lambda _: None)

    assert (requests[0].json["source"], requests[0].json["target"]) == ("en", "pt-BR")


def test_languages_that_could_not_be_had_are_asked_for_later(clock):
    engine, requests = engine_in(clock)
    assert engine.translates("en", "es")
    requests[0].succeed(404)

    assert engine.translates("en", "es")
    assert len(requests) == 1
    clock.advance(ASK_AGAIN)
    assert engine.translates("en", "es")

    assert len(requests) == 2


def test_it_stops_asking_when_it_is_stopped(clock):
    engine, requests = engine_in(clock)
    engine.startService()
    engine.translates("en", "es")

    engine.stopService()

    assert requests[0].cancelled
    assert clock.getDelayedCalls() == []


def test_lists_of_older_servers_have_no_targets():
    assert pairs_in(b'[{"code":"en"},{"code":"es"}]') == {
        "en": frozenset({"en", "es"}),
        "es": frozenset({"en", "es"}),
    }


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"[1]", b"\xff"])
def test_a_list_that_is_none_teaches_nothing(body):
    assert pairs_in(body) is None


@pytest.mark.parametrize(
    ("language", "found"), [("pt-BR", "pt-BR"), ("PT-br", "pt-BR"), ("pt", None), ("en-US", "en")]
)
def test_the_whole_tag_goes_before_its_language(language, found):
    assert spelt(language, ("en", "pt-BR")) == found
