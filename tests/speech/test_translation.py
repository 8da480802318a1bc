"""Who translates, and what is remembered of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from zope.interface.verify import verifyObject

from mentra.engines import engines
from mentra.errors import Refused
from mentra.extension import EngineFactory
from mentra.interfaces.speech import ITranslation, ITranslator
from mentra.speech.tags import is_same
from mentra.speech.translation import (
    MOST_AT_ONCE,
    Recent,
    TranslationSettings,
    translation,
)
from mentra.testing.engines import FakeTranslator
from mentra.testing.house import house_with, success_of


@pytest.fixture
def translator():
    return FakeTranslator(pairs=frozenset({("en", "es"), ("en", "fr")}))


def translation_with(translator, clock, **settings):
    house = house_with(
        engines,
        translation,
        EngineFactory(ITranslator, "fake", lambda services: translator),
        clock=clock,
        sections=(TranslationSettings(**{"engine": "fake", **settings}),),
    )
    return ITranslation(house)


def translate(asked, text="hello", source="en-US", target="es-ES"):
    return Deferred.fromCoroutine(asked.translate(text, source, target))


def refusal_of(asked):
    with pytest.raises(Refused) as refused:
        success_of(asked)
    return refused.value


def test_it_keeps_its_promise(translator, clock):
    assert verifyObject(ITranslation, translation_with(translator, clock))


@pytest.mark.parametrize(
    ("settings", "word"),
    [({"engine": ""}, "translation.engine"), ({"engine": "babel"}, "no engine 'babel'")],
)
def test_without_an_engine_the_setting_is_named(translator, clock, settings, word):
    asked = translation_with(translator, clock, **settings)

    assert word in asked.why_not("en", "es")

    refusal = refusal_of(translate(asked))
    assert refusal.code == "NO_TRANSLATOR"
    assert word in refusal.message


def test_an_engine_that_lacks_something_says_what(translator, clock):
    translator.lacking = "set fake.base_url to its URL"
    asked = translation_with(translator, clock)

    assert asked.why_not("en", "es") == "set fake.base_url to its URL"
    assert refusal_of(translate(asked)).message == "set fake.base_url to its URL"


def test_a_pair_the_engine_does_not_know_is_named(translator, clock):
    asked = translation_with(translator, clock)

    assert asked.why_not("en-US", "es-ES") is None
    assert asked.why_not("en", "tlh") == "fake does not translate en into tlh"


def test_a_text_is_translated_once(translator, clock):
    asked = translation_with(translator, clock)
    first = translate(asked)
    translator.asked[0].succeed("hola")

    second = translate(asked)

    assert (success_of(first), success_of(second)) == ("hola", "hola")
    assert len(translator.asked) == 1


def test_other_languages_are_other_translations(translator, clock):
    asked = translation_with(translator, clock)
    translate(asked)
    translator.asked[0].succeed("hola")

    french = translate(asked, target="fr-FR")
    translator.asked[1].succeed("bonjour")

    assert success_of(french) == "bonjour"


def test_a_failure_is_handed_on_and_not_remembered(translator, clock):
    asked = translation_with(translator, clock)
    first = translate(asked)
    translator.asked[0].fail()

    second = translate(asked)
    translator.asked[1].succeed("hola")

    assert refusal_of(first).retryable
    assert success_of(second) == "hola"


@pytest.mark.parametrize(
    ("text", "source", "target"), [("  ", "en", "es"), ("hi", "en-US", "en-GB")]
)
def test_what_needs_no_translation_stays_as_it_is(translator, clock, text, source, target):
    asked = translate(translation_with(translator, clock), text, source, target)

    assert success_of(asked) == text
    assert translator.asked == []


def test_a_text_beyond_the_bound_is_refused(translator, clock):
    asked = translation_with(translator, clock, max_characters=5)

    assert refusal_of(translate(asked, "hello!")).code == "TEXT_TOO_LONG"
    translate(asked, "hello").addErrback(lambda _: None)
    assert len(translator.asked) == 1


def test_only_so_many_texts_are_under_way(translator, clock):
    asked = translation_with(translator, clock)
    under_way = [translate(asked, f"text {number}") for number in range(MOST_AT_ONCE)]

    refusal = refusal_of(translate(asked, "one more"))

    assert (refusal.code, refusal.retryable) == ("TOO_BUSY", True)
    for one in translator.asked:
        one.succeed("done")
    assert [success_of(one) for one in under_way] == ["done"] * MOST_AT_ONCE
    again = translate(asked, "one more")
    translator.asked[-1].succeed("now")
    assert success_of(again) == "now"


def test_giving_up_makes_room(translator, clock):
    asked = translation_with(translator, clock)
    under_way = [translate(asked, f"text {number}") for number in range(MOST_AT_ONCE)]

    under_way[0].cancel()

    with pytest.raises(CancelledError):
        success_of(under_way[0])
    assert translator.asked[0].is_cancelled
    more = translate(asked, "one more")
    translator.asked[-1].succeed("now")
    assert success_of(more) == "now"


def test_nothing_is_remembered_where_nothing_shall_be(translator, clock):
    asked = translation_with(translator, clock, cache=0)
    translate(asked)
    translator.asked[0].succeed("hola")

    translate(asked)

    assert len(translator.asked) == 2


TEXTS = st.text(alphabet="abc", max_size=6)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=30), st.integers(0, 30))
def test_what_is_remembered_stays_within_its_bound(pairs, most):
    recent = Recent(most)

    for text, translated in pairs:
        recent.put("en", "es", text, translated)
        if len(text) + len(translated) <= most:
            assert recent.get("en", "es", text) == translated

    kept = {text: recent.get("en", "es", text) for text, _ in pairs}
    assert sum(len(text) + len(one) for text, one in kept.items() if one is not None) <= most


@pytest.mark.parametrize(
    ("source", "target", "same"),
    [("en", "EN-us", True), ("auto", "auto", False), ("en", "es", False)],
)
def test_regions_do_not_make_languages(source, target, same):
    assert is_same(source, target) is same
