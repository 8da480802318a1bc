"""Anthropic's Messages API: what is its own."""

import pytest

from mentra.llm.anthropic import AnthropicSettings, anthropic
from mentra.messages.llm import Tool, Usage
from mentra.testing.anthropic_stub import anthropic_stub, event_frame
from mentra.testing.house import success_of
from mentra.testing.model_stubs import Fail, Raw
from tests.llm.conversation import Stage, ask, refusal_of, text

TOOL = Tool(name="f", description="does", input_schema={"type": "object"})


@pytest.fixture
def stage(clock):
    settings = AnthropicSettings(base_url="http://model.test", model="m", key="k")
    return Stage(clock, anthropic_stub(clock), anthropic, sections=[settings])


def raw(stage, *events):
    """What its own events become."""
    stage.stub.script.append(Raw(pieces=tuple(map(event_frame, events))))
    return stage.chat("anthropic", ask("Hi"))


def delta(index=0, **fields):
    return {"type": "content_block_delta", "index": index, "delta": fields}


STOP = {"type": "message_stop"}


def test_everything_that_can_be_asked_is(stage):
    inline = {"type": "image", "url": "data:image/png;base64,AAAA"}
    linked = {"type": "image", "url": "https://x.example/a.png"}
    use = {"type": "tool_use", "toolCallId": "1", "name": "f", "input": {"a": 1}}
    failed = {"type": "tool_result", "toolCallId": "1", "output": "no", "isError": True}
    request = ask(
        ("system", "Be brief."),
        ("user", [text("What?"), inline, linked]),
        ("assistant", [text("Let me see."), use]),
        ("tool", [failed]),
        system_prompt="Be kind.",
        max_tokens=9,
        temperature=1.5,
        top_p=0.9,
        stop_sequences=["x"],
        tools=[TOOL],
        tool_choice="required",
    )

    stage.chat("anthropic", request)

    asked = stage.stub.asked[0]
    assert asked.uri == "/v1/messages"
    assert (asked.headers["anthropic-version"], asked.headers["x-api-key"]) == ("2023-06-01", "k")
    assert asked.json == {
        "model": "m",
        "max_tokens": 9,
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What?"},
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"},
                    },
                    {"type": "image", "source": {"type": "url", "url": linked["url"]}},
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "Let me see."},
                    {"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "1",
                        "content": "no",
                        "is_error": True,
                    }
                ],
            },
        ],
        "stream": True,
        "system": "Be kind.\n\nBe brief.",
        "temperature": 1.0,
        "top_p": 0.9,
        "stop_sequences": ["x"],
        "tools": [{"name": "f", "description": "does", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "any"},
    }


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("f", {"type": "tool", "name": "f"}),
    ],
)
def test_the_choice_of_tools_is_spelt_its_way(stage, choice, sent):
    stage.chat("anthropic", ask("Hi", tools=[TOOL], tool_choice=choice))

    assert stage.stub.asked[0].json["tool_choice"] == sent


def test_a_bound_is_set_where_nobody_asked_for_one(stage):
    stage.chat("anthropic", ask("Hi", tool_choice="auto"))

    assert set(stage.stub.asked[0].json) == {"model", "max_tokens", "messages", "stream"}


def test_what_it_thinks_and_events_to_come_are_passed_over(stage):
    answer = raw(
        stage,
        {"type": "message_start", "message": {"id": "1", "model": "m-2"}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking"}},
        delta(type="thinking_delta", thinking="hm"),
        delta(type="signature_delta", signature="x"),
        {"type": "something_new", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "server_tool_use"}},
        delta(1, type="input_json_delta", partial_json='{"query":'),
        {"type": "content_block_start", "index": 2, "content_block": {"type": "text", "text": "A"}},
        delta(2, type="text_delta", text="B"),
        STOP,
    )

    came = success_of(answer)

    assert (came.content, came.model, came.tool_calls) == ("AB", "m-2", [])


def test_tokens_are_counted_with_those_of_the_cache(stage):
    start = {
        "input_tokens": 5,
        "cache_creation_input_tokens": 7,
        "cache_read_input_tokens": 9,
        "output_tokens": 1,
    }
    answer = raw(
        stage,
        {"type": "message_start", "message": {"usage": start}},
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens"},
         "usage": {"output_tokens": 20}},
        STOP,
    )  # fmt: skip

    came = success_of(answer)

    assert came.stop_reason == "max_tokens"
    assert came.usage == Usage(
        input_tokens=5, output_tokens=20, cache_read_tokens=9, cache_write_tokens=7
    )


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("stop_sequence", "stop_sequence"),
        ("refusal", "end_turn"),
        ("model_context_window_exceeded", "max_tokens"),
    ],
)
def test_why_it_ends_is_told_in_our_words(stage, word, reason):
    answer = raw(stage, {"type": "message_delta", "delta": {"stop_reason": word}}, STOP)

    assert success_of(answer).stop_reason == reason


@pytest.mark.parametrize(
    ("kind", "code", "retryable"),
    [
        ("overloaded_error", "SERVER_ERROR", True),
        ("rate_limit_error", "RATE_LIMITED", True),
        ("invalid_request_error", "INVALID_REQUEST", False),
        ("news", "SERVER_ERROR", True),
    ],
)
def test_an_error_in_the_middle_of_an_answer_ends_it(stage, kind, code, retryable):
    error = {"type": "error", "error": {"type": kind, "message": "no"}}

    refusal = refusal_of(raw(stage, delta(type="text_delta", text="A"), error))

    assert (refusal.code, refusal.retryable) == (code, retryable)


def test_overloaded_before_the_first_word_it_is_asked_again(stage):
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "no"}}
    answer = raw(stage, {"type": "message_start", "message": {"id": "1"}}, error)

    stage.settle(0.5)

    assert success_of(answer).content == "You said: Hi"


def test_the_type_of_an_error_says_more_than_its_status(stage):
    stage.stub.script.append(Fail(status=400, kind="billing_error", error="no money"))

    refusal = refusal_of(stage.chat("anthropic", ask("Hi")))

    assert refusal.code == "PERMISSION_DENIED"
    assert "no money" in refusal.message
