"""An answer as OpenAI's chat completions spell it, and what others make of that."""

from typing import Any

import msgspec

from mentra.llm.answering import Answering, unexpected
from mentra.llm.decoding import Problem, broke_off, event_of, problem_of
from mentra.llm.sse import ServerSentEvent
from mentra.messages.llm import ChatResponse, StopReason, Usage
from mentra.providers import refusal

_STOPS: dict[str, StopReason] = {
    "stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use",
    "function_call": "tool_use", "content_filter": "end_turn",
}  # fmt: skip


class _Function(msgspec.Struct, frozen=True):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct, frozen=True):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct, frozen=True):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct, frozen=True):
    delta: _Delta | None = None
    finish_reason: str | None = None
    stop_reason: Any = None  # vLLM: the stop sequence that was met


class _Cached(msgspec.Struct, frozen=True):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct, frozen=True):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Cached | None = None


class _Chunk(msgspec.Struct, frozen=True):
    id: str | None = None
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None


class Reader:
    """Of one answer.

    :ivar over: the end mark has come.
    """

    def __init__(self, answering: Answering, name: str) -> None:
        self.over = False
        self._answering = answering
        self._name = name
        self._stop: StopReason | None = None
        self._usage = Usage(input_tokens=0, output_tokens=0)
        self._calls = 0
        # servers number their calls; the newest of each number
        self._at: dict[int, tuple[int, str | None]] = {}

    def heard(self, event: ServerSentEvent) -> None:
        """A chunk, or the end mark."""
        if event.data.strip() == "[DONE]":
            self.over = True
            return
        chunk = event_of(_Chunk, event.data)
        if chunk.error is not None:
            raise self._failure(chunk.error)
        self._answering.named(chunk.id, chunk.model)
        if chunk.usage is not None:
            self._usage = _usage(chunk.usage)
        if chunk.choices:
            self._choice(chunk.choices[0])

    def ended(self) -> ChatResponse:
        """The answer.

        :raises Refused: there was no end.
        """
        if self._stop is None and not self.over:
            raise broke_off(self._name)
        stop = self._stop or "end_turn"
        if self._calls and stop == "end_turn":
            stop = "tool_use"  # Ollama calls it an ordinary end
        return self._answering.end(stop, self._usage)

    def _choice(self, choice: _Choice) -> None:
        delta = choice.delta or _Delta()
        self._answering.text(delta.content or delta.refusal or "")
        for call in delta.tool_calls or ():
            self._call(call)
        if choice.finish_reason:
            self._stop = _STOPS.get(choice.finish_reason, "end_turn")
            if self._stop == "end_turn" and isinstance(choice.stop_reason, str):
                self._stop = "stop_sequence"

    def _call(self, call: _Call) -> None:
        function = call.function or _Function()
        index = call.index or 0
        key, call_id = self._at.get(index, (None, None))
        # some give every call the same number; then its id tells that it is another one
        if key is None or (call.id and function.name and call.id != call_id):
            if not function.name:
                raise unexpected("the answer calls a tool without saying which")
            key, call_id = self._calls, call.id or f"call-{self._calls}"
            self._calls += 1
            self._at[index] = key, call_id
            self._answering.call(key, call_id, function.name)
        if function.arguments:
            self._answering.arguments(key, function.arguments)

    def _failure(self, error: Any) -> Exception:
        problem = problem_of(error) or Problem()
        said = " ".join((problem.message or "").split())[:300]
        status = problem.code if isinstance(problem.code, int) else 500
        return refusal(self._name, status, said)


def _usage(usage: _Usage) -> Usage:
    details = usage.prompt_tokens_details or _Cached()
    cached = details.cached_tokens or 0
    return Usage(
        input_tokens=max((usage.prompt_tokens or 0) - cached, 0),
        output_tokens=usage.completion_tokens or 0,
        cache_read_tokens=cached or None,
    )
