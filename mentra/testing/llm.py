"""A language model whose answers a test gives."""

import attrs
from twisted.internet.defer import Deferred
from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import EngineFactory
from mentra.interfaces.llm import ILanguageModel
from mentra.llm.answering import Answering, Told
from mentra.messages.llm import (
    ChatRequest,
    ChatResponse,
    ModelConfig,
    StopReason,
    ToolCall,
    Usage,
)  # fmt: skip

USAGE = Usage(input_tokens=3, output_tokens=5)


class FakeChat:
    """Something a model was asked.  Give its answer bit by bit, and then end it.

    :ivar answer: what the asker waits for.
    :ivar cancelled: whether the asker gave it up; nothing is told from then on.
    """

    def __init__(
        self, provider: str, request: ChatRequest, told: Told | None, credential: str | None
    ) -> None:
        self.request = request
        self.credential = credential
        self.cancelled = False
        self.answer: Deferred[ChatResponse] = Deferred(self._cancel)
        self._answering = Answering(provider, request.model or "fake-1", told)
        self._answering.named("fake-answer", None)

    def say(self, *pieces: str) -> None:
        """More of the text."""
        for piece in pieces:
            if not self.cancelled:
                self._answering.text(piece)

    def call(self, call: ToolCall, arguments: str = "{}") -> None:
        """Call a tool; the chunk with its arguments comes with the end.

        :param arguments: the input of *call* as JSON.
        """
        if not self.cancelled:
            self._answering.call(call.id, call.id, call.name)
            self._answering.arguments(call.id, arguments)

    def finish(self, stop_reason: StopReason = "end_turn", usage: Usage = USAGE) -> None:
        """That was all of it."""
        if not self.cancelled:
            self.answer.callback(self._answering.end(stop_reason, usage))

    def fail(self, code: str = "SERVER_ERROR", message: str = "it is broken") -> None:
        """It fails the way providers do."""
        if not self.cancelled:
            refusal = Refused(code, message, where="provider", retryable=True)
            self._answering.failed(refusal)
            self.answer.errback(refusal)

    def _cancel(self, answer: object) -> None:
        self.cancelled = True


@implementer(ILanguageModel)
@attrs.define(eq=False)
class FakeLanguageModel:
    """Keeps what it was asked; nothing is answered until a test does.

    :ivar why_not: what ``unavailable`` says.
    :ivar credential: what ``has_credential`` says.
    :ivar listed: its models; a :class:`Refused` is raised instead.
    """

    name: str = "fake"
    why_not: str | None = None
    credential: bool = True
    listed: tuple[ModelConfig, ...] | Refused = ()
    where: tuple[str, ...] = ()
    chats: list[FakeChat] = attrs.field(factory=list)

    def factory(self) -> EngineFactory:
        """A plugin that makes just this one."""
        return EngineFactory(ILanguageModel, self.name, lambda services: self)

    def unavailable(self) -> str | None:
        """``why_not``."""
        return self.why_not

    def addresses(self) -> tuple[str, ...]:
        """``where``."""
        return self.where

    def has_credential(self) -> bool:
        """``credential``."""
        return self.credential

    async def models(self) -> tuple[ModelConfig, ...]:
        """``listed``.

        :raises Refused: ``listed`` is that.
        """
        if isinstance(self.listed, Refused):
            raise self.listed
        return self.listed

    def chat(
        self, request: ChatRequest, told: Told | None = None, *, credential: str | None = None
    ) -> Deferred[ChatResponse]:
        """Keep it in ``chats``."""
        chat = FakeChat(self.name, request, told, credential)
        self.chats.append(chat)
        return chat.answer
