"""What clients' blocks say, read in one place for all providers."""

import pytest

from mentra.errors import Refused
from mentra.llm.blocks import Image, Result, Text, Use, parts_of, system_of, tool_names, turns_of
from mentra.messages.llm import Turn
from tests.llm.conversation import ask, text


def parts(*blocks):
    return parts_of(Turn(role="user", content=list(blocks)))


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ({"type": "text", "text": "a"}, Text("a")),
        ({"type": "text", "value": "a"}, Text("a")),
        ({"type": "code", "value": "x = 1", "language": "python"}, Text("```python\nx = 1\n```")),
        ({"type": "code", "value": "x"}, Text("```\nx\n```")),
        ({"type": "image", "url": "https://x.example/a"}, Image("https://x.example/a")),
        (
            {"type": "image", "url": "data:image/png;base64,AAAA"},
            Image("data:image/png;base64,AAAA", "image/png", "AAAA"),
        ),
        (
            {"type": "tool_use", "toolCallId": "1", "name": "f", "input": {"a": 1}},
            Use("1", "f", {"a": 1}),
        ),
        ({"type": "tool_result", "toolCallId": "1", "output": "x"}, Result("1", "x", False)),
        (
            {"type": "tool_result", "toolCallId": "1", "output": {"ä": [1]}, "isError": True},
            Result("1", '{"ä":[1]}', True),
        ),
    ],
)
def test_blocks_are_read(block, part):
    assert parts(block) == [part]


@pytest.mark.parametrize(
    "block",
    [
        {},
        {"type": 7},
        {"type": "video"},
        {"type": "text"},
        {"type": "text", "text": 7},
        {"type": "code"},
        {"type": "image"},
        {"type": "image", "attachmentId": "a"},
        {"type": "image", "url": "file:///etc/passwd"},
        {"type": "image", "url": "data:text/html;base64,AAAA"},
        {"type": "image", "url": "data:image/png,AAAA"},
        {"type": "image", "url": "data:image/png;base64,"},
        {"type": "tool_use", "name": "f"},
        {"type": "tool_use", "toolCallId": "1", "name": ""},
        {"type": "tool_use", "toolCallId": "1", "name": "f", "input": [1]},
        {"type": "tool_result", "output": "x"},
    ],
)
def test_blocks_that_no_model_understands_are_refused(block):
    with pytest.raises(Refused) as refused:
        parts(block)

    assert (refused.value.code, refused.value.where) == ("INVALID_REQUEST", "provider")


def test_turns_are_the_users_or_the_models():
    use = {"type": "tool_use", "toolCallId": "1", "name": "f"}
    result = {"type": "tool_result", "toolCallId": "1", "output": "x"}
    request = ask(
        ("system", "Be kind."),
        "hello",
        ("assistant", [text(""), use]),
        ("tool", [result]),
        ("assistant", ""),
        ("system", [text("Be brief.")]),
        system_prompt="You are here to help.",
    )

    assert list(turns_of(request)) == [
        ("user", [Text("hello")]),
        ("assistant", [Use("1", "f", {})]),
        ("user", [Result("1", "x", False)]),
    ]
    assert system_of(request) == "You are here to help.\n\nBe kind.\n\nBe brief."
    assert tool_names(request) == {"1": "f"}
