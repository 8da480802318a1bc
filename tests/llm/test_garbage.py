"""Whatever a provider sends: an answer, or a refusal, and never anything else."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mentra.errors import Refused
from mentra.llm.answering import Answering
from mentra.llm.anthropic_answer import Reader as AnthropicReader
from mentra.llm.google_answer import Reader as GoogleReader
from mentra.llm.google_request import Signatures
from mentra.llm.openai_answer import Reader as OpenAiReader
from mentra.llm.sse import EventStream
from mentra.messages.llm import ChatResponse

READERS = {
    "openai": OpenAiReader,
    "anthropic": AnthropicReader,
    "google": lambda answering, name: GoogleReader(answering, name, Signatures()),
}

# what the three of them look at, so that garbage gets beyond the first look
KEYS = st.sampled_from(
    [
        "type", "index", "message", "content_block", "delta", "usage", "error", "id", "model",
        "choices", "content", "tool_calls", "function", "name", "arguments", "finish_reason",
        "stop_reason", "text", "partial_json", "input_tokens", "output_tokens", "prompt_tokens",
        "completion_tokens", "prompt_tokens_details", "cached_tokens", "candidates", "parts",
        "functionCall", "args", "thought", "thoughtSignature", "finishReason", "usageMetadata",
        "promptTokenCount", "promptFeedback", "blockReason", "responseId", "code", "status",
    ]
)  # fmt: skip
WORDS = st.sampled_from(
    [
        "content_block_start", "content_block_delta", "message_start", "message_delta",
        "message_stop", "tool_use", "text", "text_delta", "input_json_delta", "stop", "length",
        "tool_calls", "STOP", "MAX_TOKENS", "SAFETY", "UNAVAILABLE", "overloaded_error", "{}", "ü",
    ]
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | WORDS
JSON = st.recursive(
    LEAVES | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)
EVENTS = st.lists(st.dictionaries(KEYS, JSON, min_size=1, max_size=6), max_size=5)
TEXTS = st.text().map(lambda text: f"data: {text}\n\n".encode("utf-8", "replace"))
PROVIDERS = st.sampled_from(sorted(READERS))


def outcome_of(reader, body):
    """The answer, or why there is none."""
    try:
        EventStream(reader.heard).received(body)
        return reader.ended()
    except Refused as refusal:
        return refusal


@given(PROVIDERS, EVENTS)
def test_objects_that_look_like_events_are_answered_or_refused(provider, events):
    answering = Answering(provider, "m", None)
    body = b"".join(b"data: " + msgspec.json.encode(one) + b"\n\n" for one in events)

    outcome = outcome_of(READERS[provider](answering, provider), body)

    assert isinstance(outcome, ChatResponse | Refused)
    assert isinstance(outcome, ChatResponse) or outcome.where == "provider"


@given(PROVIDERS, st.binary() | TEXTS)
def test_bytes_of_any_kind_are_answered_or_refused(provider, body):
    outcome = outcome_of(READERS[provider](Answering(provider, "m", None), provider), body)

    assert isinstance(outcome, ChatResponse | Refused)
