"""A server that speaks Anthropic's Messages API, for tests.

Source: platform.claude.com/docs, "Streaming messages".
"""

from typing import Any

import msgspec

from mentra.testing.model_stubs import Call, Fail, ModelStub, Say


class AnthropicDialect:
    """Spells as Anthropic does."""

    def frames(self, say: Say, asked: Any) -> list[bytes]:
        """Events, each with its name."""
        given, made = say.tokens
        message = {
            "id": "msg_stub", "type": "message", "role": "assistant", "content": [],
            "model": asked.get("model", "stub-1"), "stop_reason": None, "stop_sequence": None,
            "usage": {"input_tokens": given, "output_tokens": 1},
        }  # fmt: skip
        events: list[dict[str, Any]] = [{"type": "message_start", "message": message}]
        if say.pieces:
            events += _block(0, {"type": "text", "text": ""}, "text_delta", "text", say.pieces)
            events.insert(2, {"type": "ping"})
        for index, call in enumerate(say.calls, start=1):
            events += _call(index, call)
        stop = say.stop or ("tool_use" if say.calls else "end_turn")
        events.append(
            {
                "type": "message_delta",
                "delta": {"stop_reason": stop, "stop_sequence": None},
                "usage": {"output_tokens": made},
            }
        )
        events.append({"type": "message_stop"})
        return [event_frame(event) for event in events]

    def failure(self, fail: Fail) -> Any:
        """An error object."""
        return {"type": "error", "error": {"type": fail.kind, "message": fail.error}}

    def listing(self, models: tuple[str, ...]) -> Any:
        """A list of models."""
        return {"data": [{"type": "model", "id": name} for name in models], "has_more": False}

    def words(self, asked: Any) -> str:
        """The text of the last message."""
        content = asked["messages"][-1]["content"]
        return " ".join(part["text"] for part in content if part["type"] == "text")


def anthropic_stub(clock: Any, pause: float = 0.0) -> ModelStub:
    """A stub; its base URL is that of the server."""
    return ModelStub(AnthropicDialect(), clock, pause)


def event_frame(event: dict[str, Any]) -> bytes:
    """An event as it goes out."""
    return f"event: {event['type']}\ndata: ".encode() + msgspec.json.encode(event) + b"\n\n"


def _block(
    index: int, start: dict[str, Any], kind: str, key: str, pieces: tuple[str, ...]
) -> list[dict[str, Any]]:
    deltas = [
        {"type": "content_block_delta", "index": index, "delta": {"type": kind, key: piece}}
        for piece in pieces
    ]
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *deltas,
        {"type": "content_block_stop", "index": index},
    ]


def _call(index: int, call: Call) -> list[dict[str, Any]]:
    start = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
    return _block(index, start, "input_json_delta", "partial_json", call.arguments)
