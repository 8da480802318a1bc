"""Translation by a language model: what it is asked, and what is not believed."""

import pytest
from twisted.internet.defer import CancelledError, Deferred
from zope.interface import implementer

from mentra.engines import engines
from mentra.errors import Refused
from mentra.extension import EngineFactory
from mentra.interfaces.llm import ILanguageModel
from mentra.interfaces.speech import ITranslator
from mentra.messages.llm import ChatResponse, Usage
from mentra.speech.model_translator import ModelTranslator
from mentra.speech.translation import TranslationSettings
from mentra.testing.engine_contracts import keeps_the_promise_of_an_engine, says_what_it_lacks
from mentra.testing.engines import FakeEngine
from mentra.testing.house import house_with, success_of


@implementer(ILanguageModel)
class Model(FakeEngine):
    """Answers when a test says so."""

    def __init__(self):
        super().__init__("parrot", None, ("http://127.0.0.1:11434",))
        self.asked = []
        self.cancelled = 0
        self.key = True

    async def models(self):
        return ()

    def has_credential(self):
        return self.key

    async def chat(self, request, told=None, *, credential=None):
        def cancelled(answer):
            self.cancelled += 1

        answer = Deferred(cancelled)
        self.asked.append((request, answer))
        return await answer

    def say(self, content, stop_reason="end_turn"):
        self.asked[-1][1].callback(
            ChatResponse(
                id="1",
                content=content,
                model="m",
                provider="parrot",
                stop_reason=stop_reason,
                usage=Usage(input_tokens=1, output_tokens=1),
            )
        )


@pytest.fixture
def model():
    return Model()


def translator_with(asked, clock, **settings):
    house = house_with(
        engines,
        EngineFactory(ILanguageModel, "parrot", lambda services: asked),
        clock=clock,
        sections=(TranslationSettings(**{"language_model": "parrot", **settings}),),
    )
    return ModelTranslator(house)


def translate(translator, text="hello", source="en-US", target="es-ES"):
    return Deferred.fromCoroutine(translator.translate(text, source, target))


def refusal_of(asked):
    with pytest.raises(Refused) as refused:
        success_of(asked)
    return refused.value


def test_it_keeps_the_promise_of_an_engine_at_the_models_address(model, clock):
    translator = translator_with(model, clock)

    keeps_the_promise_of_an_engine(translator, ITranslator)
    assert translator.unavailable() is None
    assert translator.addresses() == ("http://127.0.0.1:11434",)
    assert translator.translates("auto", "es")


def test_what_is_missing_is_named(model, clock):
    says_what_it_lacks(
        translator_with(model, clock, language_model=""), "translation.language_model"
    )
    unknown = translator_with(model, clock, language_model="oracle")
    says_what_it_lacks(unknown, "translation.language_model", "oracle")
    assert unknown.addresses() == ()
    model.key = False
    says_what_it_lacks(translator_with(model, clock), "parrot", "no key")
    model.lacking = "set parrot.base_url first"
    says_what_it_lacks(translator_with(model, clock), "parrot.base_url")


def test_the_model_is_asked_strictly_and_its_answer_is_the_translation(model, clock):
    asked = translate(translator_with(model, clock, model="big"))

    model.say(" hola\n")

    assert success_of(asked) == "hola"
    request = model.asked[0][0]
    assert [turn.content for turn in request.messages] == ["hello"]
    assert request.model == "big"
    assert request.temperature == 0.0
    assert "in en-US" in request.system_prompt
    assert "into es-ES" in request.system_prompt
    assert 0 < request.max_tokens < 200


def test_a_source_to_be_found_out_is_not_named_as_a_language(model, clock):
    translate(translator_with(model, clock), source="auto").addErrback(lambda _: None)

    assert "auto" not in model.asked[0][0].system_prompt


@pytest.mark.parametrize(
    ("content", "stop_reason"),
    [
        ("", "end_turn"),
        ("hola hola", "max_tokens"),
        ("Sure! " * 100, "end_turn"),
        ("x", "tool_use"),
    ],
)
def test_what_is_no_translation_is_refused(model, clock, content, stop_reason):
    asked = translate(translator_with(model, clock))

    model.say(content, stop_reason)

    assert refusal_of(asked).code == "BAD_ANSWER"


def test_a_model_that_hangs_is_given_up(model, clock):
    asked = translate(translator_with(model, clock, timeout=5.0))

    clock.advance(5.0)

    refusal = refusal_of(asked)
    assert (refusal.code, refusal.retryable) == ("TIMEOUT", True)
    assert model.cancelled == 1
    assert clock.getDelayedCalls() == []


def test_giving_up_gives_up_the_model(model, clock):
    asked = translate(translator_with(model, clock))

    asked.cancel()

    with pytest.raises(CancelledError):
        success_of(asked)
    assert model.cancelled == 1
    assert clock.getDelayedCalls() == []
