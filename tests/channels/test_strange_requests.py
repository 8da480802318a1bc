"""Whatever a page asks on the channels of models and pictures: an answer, and never a bug."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mentra.channels.imagegen.section import ImageGenSettings
from mentra.channels.section import ChannelsSettings
from mentra.engines import engines
from mentra.llm.echo import echo
from mentra.llm.prices import prices
from mentra.messages.channels import Request, ai, imagegen, imagegen_changes
from mentra.testing.channels import page_at_door
from mentra.testing.images import FakeImageEngine

CHANNELS = {
    kind.tag(): kind
    for module in (ai, imagegen, imagegen_changes)
    for name, kind in vars(module).items()
    if isinstance(kind, type)
    and issubclass(kind, Request)
    and kind.__module__ == module.__name__
    and not name.startswith("_")
}
RIGHT = {
    "provider": "echo", "model": "echo-1", "messages": [{"role": "user", "content": "Hi"}],
    "requestId": "r1", "prompt": "a cat", "name": "Cats", "id": "img_1", "jobId": "job_1",
    "entryId": "entry_1",
}  # fmt: skip
"""What takes a request past the first look."""

WORDS = st.sampled_from(
    [
        "", "text", "image", "tool_use", "user", "assistant", "echo", "fake/m", "inline", "target",
        "wildcard", "{a|b}", "preset", "16:9", "newest", "2025-06-01", "data:image/png;base64,AA",
        "\0", "ü" * 300, "%", "tool", "running",
    ]
)  # fmt: skip
NAMES = st.sampled_from(
    sorted(
        {field for kind in CHANNELS.values() for field in kind.__struct_encode_fields__}
        | {"type", "value", "text", "content", "role", "width", "height", "start", "end", "input"}
    )
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=9) | WORDS
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | WORDS, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
CHANGES = st.dictionaries(NAMES, JSON, max_size=5)

bounded = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def page(open_port, kept_parts):
    _, port = open_port(
        engines, echo, prices, FakeImageEngine().factory(), parts=kept_parts,
        sections=(
            ImageGenSettings(engine="fake", max_jobs=10_000), ChannelsSettings(rate=10**6)
        ),
    )  # fmt: skip
    return page_at_door(port)


@bounded
@given(channel=st.sampled_from(sorted(CHANNELS)), changes=CHANGES, right=st.booleans())
def test_strange_requests_are_answered(page, channel, changes, right):
    group = page.ask("imagegen:list-groups")[0]["id"]
    base = {**RIGHT, "groupId": group} if right else {}

    answer = page.answer(page.request(channel, {**base, **changes}))

    error = answer.get("error")
    assert error is None or error["code"] in ("INVALID_MESSAGE", "HANDLER_ERROR")
    assert error is None or error["message"] != "the server failed to handle this message"
    if error is not None and error["code"] == "INVALID_MESSAGE":
        assert set(error["details"][0]) == {"path", "message"}


def test_every_channel_is_among_them():
    assert {name for name in CHANNELS if name.startswith("ai:")} == {
        "ai:chat", "ai:chat-stream", "ai:cancel", "ai:models", "ai:has-credentials"
    }  # fmt: skip
    assert len([name for name in CHANNELS if name.startswith("imagegen:")]) == 18
