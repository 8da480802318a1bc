"""What holds for every provider behind HTTP, against a stub that speaks its protocol."""

import attrs
import pytest
from twisted.internet.defer import CancelledError
from zope.interface.verify import verifyObject

from mentra.interfaces.llm import ILanguageModel
from mentra.llm.anthropic import AnthropicSettings, anthropic
from mentra.llm.google import GoogleSettings, google
from mentra.llm.openai import OpenAiSettings, openai
from mentra.messages.llm import Tool, ToolCall, Usage
from mentra.testing.anthropic_stub import anthropic_stub
from mentra.testing.engine_contracts import stepping
from mentra.testing.google_stub import google_stub
from mentra.testing.house import success_of
from mentra.testing.model_contracts import answers_as_promised, lists_its_models
from mentra.testing.model_stubs import Call, Fail, Raw, Say
from mentra.testing.openai_stub import openai_stub
from tests.llm.conversation import Stage, ask, refusal_of, shape


@attrs.frozen
class Provider:
    """An engine, its stub, and how many frames come before the first word."""

    name: str
    factory: object
    settings: type
    stub: object
    before: int


PROVIDERS = [
    Provider("openai", openai, OpenAiSettings, openai_stub, 1),
    Provider("anthropic", anthropic, AnthropicSettings, anthropic_stub, 3),
    Provider("google", google, GoogleSettings, google_stub, 0),
]


@pytest.fixture(params=PROVIDERS, ids=lambda provider: provider.name)
def provider(request):
    return request.param


@pytest.fixture
def stage(provider, clock):
    settings = provider.settings(base_url="http://model.test", model="m", key="s3cret-key")
    return Stage(clock, provider.stub(clock), provider.factory, sections=[settings])


@pytest.fixture
def chat(provider, stage):
    return lambda request=None, **how: stage.chat(provider.name, request or ask("Hi"), **how)


def test_it_answers_as_promised(provider, stage):
    settle = stepping(stage.settle)
    stage.stub.script.append(Say(pieces=("Hel", "lo"), tokens=(3, 2)))

    answer = success_of(answers_as_promised(stage.model(provider.name), settle))

    stage.settle()
    assert answer.content == "Hello"
    assert stage.clock.getDelayedCalls() == []


def test_its_models_are_listed_as_promised(provider, stage):
    models = success_of(lists_its_models(stage.model(provider.name), stepping(stage.settle)))

    assert models


def test_it_is_an_engine(provider, stage):
    model = stage.model(provider.name)

    assert verifyObject(ILanguageModel, model)
    assert model.addresses() == ("http://model.test",)
    assert (model.unavailable(), model.has_credential()) == (None, True)


def test_at_home_it_wants_a_key_and_knows_its_models(provider, clock):
    stage = Stage(clock, provider.stub(clock), provider.factory)
    model = stage.model(provider.name)

    known = success_of(model.models())
    refusal = refusal_of(stage.chat(provider.name, ask("Hi", model="m")))

    assert model.addresses()[0].startswith("https://")
    assert (model.has_credential(), refusal.code) == (False, "NO_CREDENTIAL")
    assert f"{provider.name}.key_file" in refusal.message
    assert known
    assert all(one.context_window and one.output_price_per_million for one in known)
    assert stage.stub.asked == []


def test_a_key_in_a_file_is_sent(provider, clock):
    settings = provider.settings(base_url="http://model.test", model="m", key_file="key")
    stage = Stage(
        clock, provider.stub(clock), provider.factory, sections=[settings], files={"key": "filed"}
    )

    stage.chat(provider.name, ask("Hi"))
    stage.chat(provider.name, ask("Hi"), credential="theirs")

    sent = [" ".join(asked.headers.values()) for asked in stage.stub.asked]
    assert "filed" in sent[0]
    assert "theirs" in sent[1]
    assert "filed" not in sent[1]
    # what stands in a URL ends up in logs
    assert not any("filed" in asked.uri or "theirs" in asked.uri for asked in stage.stub.asked)


def test_an_answer_is_told_as_it_comes(provider, stage, chat):
    stage.stub.script.append(Say(pieces=("Hel", "lo"), tokens=(3, 2)))

    came = success_of(chat())

    usage = Usage(input_tokens=3, output_tokens=2)
    assert shape(stage.chunks) == [
        ("message_start",),
        ("text", "Hel"),
        ("text", "lo"),
        ("message_end", usage),
    ]
    assert (came.content, came.stop_reason, came.usage) == ("Hello", "end_turn", usage)
    assert came.provider == provider.name
    assert came.id
    assert stage.clock.getDelayedCalls() == []


@pytest.mark.parametrize("size", [1, 3])
def test_it_does_not_matter_where_the_bytes_are_cut(stage, chat, size):
    call = Call(id="1", name="f", arguments=('{"a', '":"ü"}'))
    stage.stub.script.append(Say(pieces=("Grüß ", "dich 👋"), calls=(call,), chop=size))

    came = success_of(chat())

    assert came.content == "Grüß dich 👋"
    assert [(call.name, call.input) for call in came.tool_calls] == [("f", {"a": "ü"})]
    assert came.stop_reason == "tool_use"


def test_tools_are_called_and_told_twice(stage, chat):
    calls = (Call(id="1", name="f", arguments=('{"x":1}',)), Call(id="2", name="g"))
    stage.stub.script.append(Say(pieces=("Well.",), calls=calls))
    tool = Tool(name="f", description="does", input_schema={"type": "object"})

    came = success_of(chat(ask("Hi", tools=[tool])))

    told = [
        (chunk.type, chunk.tool_call.name, chunk.tool_call.input)
        for chunk in stage.chunks
        if chunk.tool_call is not None
    ]
    assert told == [
        ("tool_use_start", "f", {}),
        ("tool_use_start", "g", {}),
        ("tool_use_input", "f", {"x": 1}),
        ("tool_use_input", "g", {}),
    ]
    assert [type(call) for call in came.tool_calls] == [ToolCall, ToolCall]
    assert len({call.id for call in came.tool_calls}) == 2


def test_a_whole_conversation_with_a_tool_goes_back(stage, chat):
    stage.stub.script.append(Say(calls=(Call(id="7", name="f", arguments=('{"x":1}',)),)))
    first = success_of(chat())
    [call] = first.tool_calls
    use = {"type": "tool_use", "toolCallId": call.id, "name": call.name, "input": call.input}
    result = {"type": "tool_result", "toolCallId": call.id, "output": "forty-two"}

    came = success_of(chat(ask("Hi", ("assistant", [use]), ("tool", [result]), "so?")))

    assert came.content == "You said: so?"
    assert "forty-two" in str(stage.stub.asked[1].json)


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        (400, "INVALID_REQUEST", False),
        (401, "AUTHENTICATION_ERROR", False),
        (403, "PERMISSION_DENIED", False),
        (404, "NOT_FOUND", False),
        (429, "RATE_LIMITED", True),
        (500, "SERVER_ERROR", True),
        (529, "SERVER_ERROR", True),
    ],
)
def test_errors_are_told_in_our_words_and_without_the_key(stage, chat, status, code, retryable):
    stage.stub.script += [Fail(status=status, error="s3cret-key is no good")] * 3
    answer = chat()

    stage.settle(0.5)
    stage.settle(1.0)

    refusal = refusal_of(answer)
    assert (refusal.code, refusal.where, refusal.retryable) == (code, "provider", retryable)
    assert "s3cret-key" not in refusal.message
    assert len(stage.stub.asked) == (3 if retryable else 1)
    assert stage.chunks == []
    assert stage.clock.getDelayedCalls() == []


def test_what_fails_before_the_first_word_is_asked_again(provider, stage, chat):
    stage.stub.script += [
        Say(pieces=("Hel", "lo"), cut=provider.before),
        Fail(status=503, headers={"Retry-After": "3"}),
    ]
    answer = chat()

    stage.settle(1.0)
    stage.settle(3.0)

    assert success_of(answer).content == "You said: Hi"
    assert len(stage.stub.asked) == 3


def test_what_fails_after_the_first_word_is_not(provider, stage, chat):
    stage.stub.script.append(Say(pieces=("Hel", "lo"), cut=provider.before + 1))

    refusal = refusal_of(chat())

    assert (refusal.code, refusal.retryable) == ("NETWORK_ERROR", True)
    assert shape(stage.chunks)[1:] == [("text", "Hel"), ("error", f"NETWORK_ERROR: {refusal}")]
    assert len(stage.stub.asked) == 1


def test_a_stall_is_noticed(provider, stage, chat):
    stage.stub.script.append(Say(pieces=("Hel", "lo"), stall=provider.before + 1))
    answer = chat()

    stage.settle(60.0)

    assert refusal_of(answer).code == "TIMEOUT"
    assert stage.stub.hung_up == 1
    assert stage.clock.getDelayedCalls() == []


@pytest.mark.parametrize("data", [b"{", b"[]", b'"x"', b"\xff"])
def test_nonsense_is_a_fault_of_the_server(stage, chat, data):
    stage.stub.script += [Raw(pieces=(b"data: " + data + b"\n\n",))] * 3
    answer = chat()

    stage.settle(0.5)
    stage.settle(1.0)

    assert refusal_of(answer).code == "SERVER_ERROR"
    assert len(stage.stub.asked) == 3


def test_an_answer_of_nothing_is_none(stage, chat):
    stage.stub.script += [Raw(pieces=(b"<html></html>",))] * 3
    answer = chat()

    stage.settle(0.5)
    stage.settle(1.0)

    assert refusal_of(answer).code == "NETWORK_ERROR"


def test_given_up_it_hangs_up_and_tells_nothing(provider, stage, chat):
    stage.stub.script.append(Say(pieces=("Hel", "lo"), stall=provider.before + 1))
    answer = chat()
    told = len(stage.chunks)

    answer.cancel()
    stage.settle(100.0)

    with pytest.raises(CancelledError):
        success_of(answer)
    assert (stage.stub.hung_up, len(stage.chunks)) == (1, told)
    assert stage.clock.getDelayedCalls() == []
