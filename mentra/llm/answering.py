"""An answer that comes bit by bit: told as it comes, and put together."""

from collections.abc import Callable
from typing import Any

import attrs
import msgspec

from mentra.errors import Refused
from mentra.messages.llm import ChatResponse, Chunk, StopReason, ToolCall, Usage

MAX_ANSWER = 1_048_576
"""Characters of an answer, texts and tools' arguments together."""
MAX_CALLS = 128

Told = Callable[[Chunk], object]


def unexpected(what: str) -> Refused:
    """``SERVER_ERROR``: the provider sent *what* nobody can make sense of."""
    return Refused("SERVER_ERROR", what, where="provider", retryable=True)


@attrs.define
class _Call:
    """A tool call on its way."""

    id: str
    name: str
    pieces: list[str] = attrs.field(factory=list)

    def whole(self) -> ToolCall | None:
        """With its arguments; None if they are no JSON object."""
        try:
            given: Any = msgspec.json.decode("".join(self.pieces) or "{}")
        except (msgspec.DecodeError, RecursionError):
            return None
        return ToolCall(id=self.id, name=self.name, input=given) if _is_object(given) else None


class Answering:
    """Tells the chunks of one answer and keeps what the response is made of.

    The first chunk is told when there is something to tell, so that a provider who fails before
    can still be asked again.

    :param provider: name of the engine.
    :param model: which model was asked; the answer may name it more exactly.
    :ivar told_any: whether a chunk was told.
    """

    def __init__(
        self, provider: str, model: str, told: Told | None, *, max_answer: int = MAX_ANSWER
    ) -> None:
        self.id = ""
        self.model = model
        self.told_any = False
        self._provider = provider
        self._told = told
        self._max_answer = max_answer
        self._size = 0
        self._texts: list[str] = []
        self._open: dict[object, _Call] = {}
        self._calls: list[ToolCall] = []

    def named(self, answer_id: str | None, model: str | None) -> None:
        """The provider says what the answer is called, and who answers."""
        self.id = answer_id or self.id
        self.model = model or self.model

    def text(self, piece: str) -> None:
        """More of the text.

        :raises Refused: that is too much.
        """
        if piece:
            self._grow(len(piece))
            self._texts.append(piece)
            self._tell(Chunk(type="text", text=piece))

    def call(self, key: object, call_id: str, name: str) -> None:
        """A tool call begins; *key* tells it from others of this answer.

        :raises Refused: too many.
        """
        if len(self._open) + len(self._calls) >= MAX_CALLS:
            raise unexpected(f"the answer calls more than {MAX_CALLS} tools")
        self._grow(len(call_id) + len(name))
        self._open[key] = _Call(call_id, name)
        known = ToolCall(id=call_id, name=name, input={})
        self._tell(Chunk(type="tool_use_start", tool_call=known))

    def has_call(self, key: object) -> bool:
        """Whether the call *key* has begun, and not ended."""
        return key in self._open

    def arguments(self, key: object, piece: str) -> None:
        """More of a call's arguments, JSON.

        :raises Refused: that is too much, or of a call that never began.
        """
        if key not in self._open:
            raise unexpected("the answer goes on with a tool call that it never began")
        self._grow(len(piece))
        self._open[key].pieces.append(piece)

    def end(self, stop_reason: StopReason, usage: Usage) -> ChatResponse:
        """That was all; the response.

        :raises Refused: the arguments of a tool call are no JSON object.
        """
        self._complete(stop_reason)
        self._tell(Chunk(type="message_end", usage=usage))
        return ChatResponse(
            id=self.id,
            content="".join(self._texts),
            model=self.model,
            provider=self._provider,
            stop_reason=stop_reason,
            usage=usage,
            tool_calls=self._calls,
        )

    def failed(self, refusal: Refused) -> None:
        """It ends here; told if anything was."""
        if self.told_any:
            self._tell(Chunk(type="error", error=f"{refusal.code}: {refusal.message}"))

    def _complete(self, stop_reason: StopReason) -> None:
        for call in self._open.values():
            whole = call.whole()
            if whole is not None:
                self._calls.append(whole)
                self._tell(Chunk(type="tool_use_input", tool_call=whole))
            elif stop_reason != "max_tokens":  # which may cut one off
                raise unexpected(f"the arguments of the tool call {call.name:.80} are no object")
        self._open.clear()

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > self._max_answer:
            raise Refused(
                "SERVER_ERROR",
                f"the answer is longer than {self._max_answer} characters",
                where="provider",
            )

    def _tell(self, chunk: Chunk) -> None:
        first, self.told_any = not self.told_any, True
        if self._told is None:
            return
        if first:
            self._told(Chunk(type="message_start"))
        self._told(chunk)


def _is_object(given: object) -> bool:
    return isinstance(given, dict)
