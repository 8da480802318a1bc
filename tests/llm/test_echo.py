"""The model that says what it was told."""

import pytest
from twisted.internet.defer import CancelledError
from zope.interface.verify import verifyObject

from mentra.engines import engines
from mentra.errors import Refused
from mentra.interfaces.engines import IEngines
from mentra.interfaces.llm import ILanguageModel
from mentra.llm.echo import EchoSettings, echo
from mentra.messages.llm import Usage
from mentra.testing.engine_contracts import stepping
from mentra.testing.house import house_with, success_of
from mentra.testing.model_contracts import answers_as_promised, lists_its_models
from tests.llm.conversation import ask, shape, text


@pytest.fixture
def model(clock):
    return echo_in(clock)


def echo_in(clock, **settings):
    house = house_with(engines, echo, clock=clock, sections=[EchoSettings(**settings)])
    return IEngines(house).get(ILanguageModel, "echo")


def test_it_needs_nothing_and_stays_here(model):
    assert verifyObject(ILanguageModel, model)
    assert (model.unavailable(), model.addresses(), model.has_credential()) == (None, (), True)
    assert [one.id for one in success_of(model.models())] == ["echo-1"]


def test_it_answers_as_promised(clock):
    settle = stepping(lambda: clock.advance(0.1))

    assert success_of(answers_as_promised(echo_in(clock), settle)).content == "Echo: Say hello."
    assert success_of(answers_as_promised(echo_in(clock, word_pause=0.1), settle)).id
    assert success_of(lists_its_models(echo_in(clock), settle))


def test_it_says_the_last_thing_the_user_said_word_by_word(model):
    chunks = []

    came = success_of(
        model.chat(
            ask("first", ("assistant", "well"), " how  are\nyou? ", system_prompt="Be kind."),
            chunks.append,
        )
    )

    usage = Usage(input_tokens=7, output_tokens=4)
    assert shape(chunks) == [
        ("message_start",),
        ("text", "Echo:  "),
        ("text", "how  "),
        ("text", "are\n"),
        ("text", "you? "),
        ("message_end", usage),
    ]
    assert came.content == "Echo:  how  are\nyou? "
    assert (came.model, came.provider, came.stop_reason) == ("echo-1", "echo", "end_turn")
    assert (came.usage, came.tool_calls) == (usage, [])


def test_the_same_question_has_the_same_answer(model):
    first, second = (success_of(model.chat(ask("once more"))) for _ in range(2))

    assert first == second


def test_blocks_are_read_and_what_is_no_text_is_left_out(model):
    picture = {"type": "image", "url": "https://x.example/a.png"}

    came = success_of(model.chat(ask(("user", [text("one"), picture, text("two")]))))

    assert came.content == "Echo: one\n\ntwo"
    assert came.usage.input_tokens == 3


def test_it_stops_where_it_is_told_to(model):
    short = success_of(model.chat(ask("a b c", max_tokens=2)))
    cut = success_of(model.chat(ask("a b c", stop_sequences=["", "x", " c", "b"])))

    assert (short.content, short.stop_reason) == ("Echo: a ", "max_tokens")
    assert (cut.content, cut.stop_reason) == ("Echo: a ", "stop_sequence")


@pytest.mark.parametrize(
    ("request_", "code"),
    [(ask("x", model="gpt"), "NOT_FOUND"), (ask(("assistant", "x")), "INVALID_REQUEST")],
)
def test_what_it_cannot_do_is_refused(model, request_, code):
    with pytest.raises(Refused) as refused:
        success_of(model.chat(request_))

    assert (refused.value.code, refused.value.where) == (code, "provider")


def test_it_may_take_its_time(clock):
    chunks = []
    came = echo_in(clock, word_pause=0.5).chat(ask("a b"), chunks.append)
    early = shape(chunks)

    clock.pump([0.5, 0.5])

    assert early == [("message_start",), ("text", "Echo: ")]
    assert success_of(came).content == "Echo: a b"
    assert clock.getDelayedCalls() == []


def test_a_long_answer_lets_others_have_their_turn(model, clock):
    chunks = []
    came = model.chat(ask("word " * 150), chunks.append)
    early = len(chunks)

    clock.pump([0, 0])

    assert early == 1 + 64
    assert success_of(came).usage.output_tokens == 151


def test_given_up_it_says_no_more(clock):
    chunks = []
    came = echo_in(clock, word_pause=0.5).chat(ask("a b"), chunks.append)

    came.cancel()

    with pytest.raises(CancelledError):
        success_of(came)
    assert len(chunks) == 2
    assert clock.getDelayedCalls() == []
