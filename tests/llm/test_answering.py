"""Answers that come bit by bit are told as they come, and put together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentra.errors import Refused
from mentra.llm.answering import MAX_CALLS, Answering
from mentra.messages.llm import ToolCall, Usage
from tests.llm.conversation import shape

USAGE = Usage(input_tokens=1, output_tokens=2)


def told_of(fill, **bounds):
    """What is told of an answer that *fill* gives, and the answer."""
    chunks = []
    answering = Answering("fake", "model", chunks.append, **bounds)
    fill(answering)
    return chunks, answering


@given(st.lists(st.text()))
def test_the_texts_told_make_up_the_content(pieces):
    chunks = []
    answering = Answering("fake", "model", chunks.append)
    for piece in pieces:
        answering.text(piece)

    came = answering.end("end_turn", USAGE)

    assert "".join(chunk.text or "" for chunk in chunks) == came.content == "".join(pieces)
    assert chunks[0].type == "message_start"
    assert chunks[-1].usage == USAGE
    assert not any(chunk.text == "" for chunk in chunks)


def test_nothing_is_told_before_there_is_something():
    chunks, answering = told_of(lambda answering: answering.named("id", "model-2"))

    assert (chunks, answering.told_any) == ([], False)


def test_a_failure_is_told_where_something_was():
    refusal = Refused("SERVER_ERROR", "broken")

    quiet, _ = told_of(lambda answering: answering.failed(refusal))
    loud, _ = told_of(lambda answering: (answering.text("a"), answering.failed(refusal)))

    assert quiet == []
    assert shape(loud)[1:] == [("text", "a"), ("error", "SERVER_ERROR: broken")]


def test_tool_calls_are_told_twice_in_the_order_they_began():
    def fill(answering):
        answering.text("Let me see.")
        answering.call(0, "call-1", "clock")
        answering.call(1, "call-2", "show")
        answering.arguments(1, '{"text":')
        answering.arguments(0, "")
        answering.arguments(1, '"ü"}')

    chunks, answering = told_of(fill)
    came = answering.end("tool_use", USAGE)

    clock, show = (
        ToolCall(id="call-1", name="clock", input={}),
        ToolCall(id="call-2", name="show", input={"text": "ü"}),
    )
    assert shape(chunks) == [
        ("message_start",),
        ("text", "Let me see."),
        ("tool_use_start", clock),
        ("tool_use_start", ToolCall(id="call-2", name="show", input={})),
        ("tool_use_input", clock),
        ("tool_use_input", show),
        ("message_end", USAGE),
    ]
    assert came.tool_calls == [clock, show]


@pytest.mark.parametrize("arguments", ['{"a":', "[]", "1", "nonsense", "[" * 100_000])
def test_arguments_that_are_no_object_are_a_fault_of_the_provider(arguments):
    _, answering = told_of(
        lambda answering: (answering.call(0, "1", "f"), answering.arguments(0, arguments))
    )

    with pytest.raises(Refused, match="arguments of the tool call f"):
        answering.end("tool_use", USAGE)


def test_a_call_that_the_bound_of_tokens_cut_off_is_left_out():
    _, answering = told_of(
        lambda answering: (answering.call(0, "1", "f"), answering.arguments(0, '{"a":'))
    )

    assert answering.end("max_tokens", USAGE).tool_calls == []


@pytest.mark.parametrize(
    "fill",
    [
        lambda answering: answering.text("x" * 11),
        lambda answering: (answering.text("x" * 10), answering.text("x")),
        lambda answering: (answering.call(0, "1", "f"), answering.arguments(0, "x" * 9)),
    ],
)
def test_an_answer_without_end_is_refused(fill):
    with pytest.raises(Refused, match="longer than 10"):
        told_of(fill, max_answer=10)


def test_calls_without_end_are_refused():
    def fill(answering):
        for key in range(MAX_CALLS + 1):
            answering.call(key, str(key), "f")

    with pytest.raises(Refused, match="more than 128 tools"):
        told_of(fill)


def test_arguments_of_no_call_are_a_fault_of_the_provider():
    with pytest.raises(Refused, match="never began"):
        told_of(lambda answering: answering.arguments(0, "{}"))
