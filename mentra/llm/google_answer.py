"""An answer as Google's Gemini API streams it."""

from typing import Any

import msgspec

from mentra.errors import Refused
from mentra.llm.answering import Answering, unexpected
from mentra.llm.blocks import invalid
from mentra.llm.decoding import Problem, broke_off, event_of, problem_of
from mentra.llm.google_request import Signatures
from mentra.llm.sse import ServerSentEvent
from mentra.messages.llm import ChatResponse, StopReason, Usage

_CODES = {
    "INVALID_ARGUMENT": "INVALID_REQUEST", "FAILED_PRECONDITION": "INVALID_REQUEST",
    "UNAUTHENTICATED": "AUTHENTICATION_ERROR", "PERMISSION_DENIED": "PERMISSION_DENIED",
    "NOT_FOUND": "NOT_FOUND", "RESOURCE_EXHAUSTED": "RATE_LIMITED", "INTERNAL": "SERVER_ERROR",
    "UNAVAILABLE": "SERVER_ERROR", "DEADLINE_EXCEEDED": "TIMEOUT",
}  # fmt: skip
_PASSING = ("RATE_LIMITED", "SERVER_ERROR", "TIMEOUT")


def code_of(problem: Problem) -> str | None:
    """What its status is called here; None if nobody knows."""
    return _CODES.get(problem.status or "")


class _Function(msgspec.Struct, frozen=True):
    name: str = ""
    args: dict[str, Any] | None = None
    id: str | None = None


class _Part(msgspec.Struct, frozen=True, rename="camel"):
    text: str | None = None
    thought: bool = False
    function_call: _Function | None = None
    thought_signature: str | None = None


class _Content(msgspec.Struct, frozen=True):
    parts: list[_Part] | None = None


class _Candidate(msgspec.Struct, frozen=True, rename="camel"):
    content: _Content | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct, frozen=True, rename="camel"):
    prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    cached_content_token_count: int | None = None


class _Feedback(msgspec.Struct, frozen=True, rename="camel"):
    block_reason: str | None = None


class _Piece(msgspec.Struct, frozen=True, rename="camel"):
    candidates: list[_Candidate] | None = None
    usage_metadata: _Usage | None = None
    prompt_feedback: _Feedback | None = None
    response_id: str | None = None
    model_version: str | None = None
    error: Any = None


class Reader:
    """Of one answer.

    :ivar over: never: there is no end mark.
    """

    over = False

    def __init__(self, answering: Answering, name: str, signatures: Signatures) -> None:
        self._answering = answering
        self._name = name
        self._signatures = signatures
        self._stop: StopReason | None = None
        self._usage = Usage(input_tokens=0, output_tokens=0)
        self._calls = 0

    def heard(self, event: ServerSentEvent) -> None:
        """A piece."""
        piece = event_of(_Piece, event.data)
        if piece.error is not None:
            raise self._failure(piece.error)
        if piece.prompt_feedback is not None and piece.prompt_feedback.block_reason:
            reason = piece.prompt_feedback.block_reason
            raise invalid(f"{self._name} does not answer this: {reason:.60}")
        self._answering.named(piece.response_id, piece.model_version)
        if piece.usage_metadata is not None:
            self._usage = _usage(piece.usage_metadata)
        if piece.candidates:
            self._candidate(piece.candidates[0])

    def ended(self) -> ChatResponse:
        """The answer.

        :raises Refused: there was no end.
        """
        if self._stop is None:
            raise broke_off(self._name)
        return self._answering.end(self._stop, self._usage)

    def _candidate(self, candidate: _Candidate) -> None:
        for part in (candidate.content.parts if candidate.content else None) or ():
            if part.function_call is not None:
                self._call(part.function_call, part.thought_signature)
            elif not part.thought:
                self._answering.text(part.text or "")
        reason = candidate.finish_reason
        if reason in ("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL"):
            raise unexpected("the answer calls a tool in a way that makes no sense")
        if reason == "MAX_TOKENS":
            self._stop = "max_tokens"
        elif reason:
            self._stop = "tool_use" if self._calls else "end_turn"

    def _call(self, function: _Function, signature: str | None) -> None:
        # ids must tell calls of a whole conversation apart
        call_id = function.id or f"{self._answering.id or 'call'}-{self._calls}"
        self._answering.call(self._calls, call_id, function.name)
        arguments = msgspec.json.encode(function.args or {}).decode()
        self._answering.arguments(self._calls, arguments)
        self._calls += 1
        if signature:
            self._signatures.keep(call_id, signature)

    def _failure(self, error: Any) -> Refused:
        problem = problem_of(error) or Problem()
        code = code_of(problem) or "SERVER_ERROR"
        return Refused(
            code, f"{self._name} broke off: {problem.status or 'an error':.60}",
            where="provider", retryable=code in _PASSING,
        )  # fmt: skip


def _usage(usage: _Usage) -> Usage:
    cached = usage.cached_content_token_count or 0
    return Usage(
        input_tokens=max((usage.prompt_token_count or 0) - cached, 0),
        # what it thought is paid for like what it said
        output_tokens=(usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
        cache_read_tokens=cached or None,
    )
