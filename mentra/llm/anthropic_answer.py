"""An answer as Anthropic's Messages API streams it."""

from typing import Any

import msgspec

from mentra.errors import Refused
from mentra.llm.answering import Answering
from mentra.llm.decoding import broke_off, event_of, problem_of
from mentra.llm.sse import ServerSentEvent
from mentra.messages.llm import ChatResponse, StopReason, Usage

ERRORS = {
    "invalid_request_error": "INVALID_REQUEST", "authentication_error": "AUTHENTICATION_ERROR",
    "billing_error": "PERMISSION_DENIED", "permission_error": "PERMISSION_DENIED",
    "not_found_error": "NOT_FOUND", "request_too_large": "INVALID_REQUEST",
    "rate_limit_error": "RATE_LIMITED", "timeout_error": "TIMEOUT", "api_error": "SERVER_ERROR",
    "overloaded_error": "SERVER_ERROR",
}  # fmt: skip
"""Types of error objects, and what they are called here."""

_PASSING = ("RATE_LIMITED", "TIMEOUT", "SERVER_ERROR")

_STOPS: dict[str, StopReason] = {
    "end_turn": "end_turn", "max_tokens": "max_tokens", "tool_use": "tool_use",
    "stop_sequence": "stop_sequence", "model_context_window_exceeded": "max_tokens",
}  # fmt: skip


class _Usage(msgspec.Struct, frozen=True):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None


class _Message(msgspec.Struct, frozen=True):
    id: str | None = None
    model: str | None = None
    usage: _Usage | None = None


class _Block(msgspec.Struct, frozen=True):
    type: str = ""
    id: str | None = None
    name: str | None = None
    text: str | None = None


class _Delta(msgspec.Struct, frozen=True):
    type: str = ""
    text: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None


class _Event(msgspec.Struct, frozen=True):
    type: str = ""
    index: int = 0
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None
    usage: _Usage | None = None
    error: Any = None


class Reader:
    """Of one answer.

    :ivar over: ``message_stop`` has come.
    """

    def __init__(self, answering: Answering, name: str) -> None:
        self.over = False
        self._answering = answering
        self._name = name
        self._stop: StopReason = "end_turn"
        self._usage = Usage(input_tokens=0, output_tokens=0)

    def heard(self, event: ServerSentEvent) -> None:
        """An event; those of a type that nobody knows are passed over, as the API wants it."""
        said = event_of(_Event, event.data)
        if said.error is not None:
            raise self._failure(said.error)
        if said.message is not None:
            self._answering.named(said.message.id, said.message.model)
        self._count(said.usage or (said.message.usage if said.message else None))
        if said.type == "content_block_start" and said.content_block is not None:
            self._begin(said.index, said.content_block)
        elif said.delta is not None:
            self._go_on(said.index, said.delta)
        self.over = said.type == "message_stop"

    def ended(self) -> ChatResponse:
        """The answer.

        :raises Refused: there was no end.
        """
        if not self.over:
            raise broke_off(self._name)
        return self._answering.end(self._stop, self._usage)

    def _begin(self, index: int, block: _Block) -> None:
        self._answering.text(block.text or "")
        if block.type == "tool_use":
            self._answering.call(index, block.id or f"call-{index}", block.name or "")

    def _go_on(self, index: int, delta: _Delta) -> None:
        if delta.type == "text_delta":
            self._answering.text(delta.text or "")
        elif delta.type == "input_json_delta" and self._answering.has_call(index):
            # tools that run over there have blocks of their own
            self._answering.arguments(index, delta.partial_json or "")
        if delta.stop_reason:
            self._stop = _STOPS.get(delta.stop_reason, "end_turn")

    def _count(self, usage: _Usage | None) -> None:
        if usage is None:
            return
        held = self._usage
        # each event has what it knows, sums and no differences
        self._usage = Usage(
            input_tokens=_newer(usage.input_tokens, held.input_tokens),
            output_tokens=_newer(usage.output_tokens, held.output_tokens),
            cache_read_tokens=usage.cache_read_input_tokens or held.cache_read_tokens,
            cache_write_tokens=usage.cache_creation_input_tokens or held.cache_write_tokens,
        )

    def _failure(self, error: Any) -> Refused:
        problem = problem_of(error)
        kind = (problem.type if problem else None) or "api_error"
        code = ERRORS.get(kind, "SERVER_ERROR")
        return Refused(
            code, f"{self._name} broke off: {kind:.60}",
            where="provider", retryable=code in _PASSING,
        )  # fmt: skip


def _newer(told: int | None, held: int) -> int:
    return held if told is None else told
