"""How an answer comes about: the model is asked, tools are used, and the text grows."""

from typing import Any, Protocol

from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from mentra.errors import Refused
from mentra.interfaces.services import IServices
from mentra.messages.llm import ChatRequest, ChatResponse, Chunk, Turn
from mentra.voice.model import model_of
from mentra.voice.settings import VoiceSettings
from mentra.voice.tools import Toolbox

LONGEST_ANSWER = 20_000
"""Characters of an answer; a model that says more is stopped."""


class Awaiting(Protocol):
    """Who wants the answer."""

    def grows(self, piece: str) -> None:
        """The answer goes on with *piece*."""

    def answered(self) -> None:
        """The answer is complete."""

    def not_answered(self, problem: Refused) -> None:
        """There is none, or only half of one."""


class Thinking:
    """One answer on its way; it ends with ``answered``, ``not_answered`` or :meth:`stop`.

    :ivar text: the answer so far.
    :ivar is_over: whether that is all of it.
    """

    _log = Logger()

    def __init__(
        self, services: IServices, settings: VoiceSettings, toolbox: Toolbox, awaiting: Awaiting
    ) -> None:
        self._services = services
        self._clock = services.clock
        self._settings = settings
        self._toolbox = toolbox
        self._awaiting = awaiting
        self._asked: Deferred[ChatResponse] | None = None
        self._deadline: IDelayedCall | None = None
        self._late = False
        self._told = False
        self.text = ""
        self.is_over = False
        self._stopped = False
        self._work: Deferred[None] | None = None

    def begin(self, turns: list[Turn]) -> None:
        """Ask the model.

        :param turns: the conversation, what is asked now at its end.
        """
        self._work = work = Deferred.fromCoroutine(self._think(turns))
        work.addCallbacks(self._done, self._failed)
        if self._stopped:
            # what it said has stopped us before there was anything to be cancelled
            work.cancel()

    def stop(self) -> None:
        """Nobody wants the answer any more."""
        self._stopped = True
        self._stop_waiting()
        work, self._work = self._work, None
        if work is not None:
            work.cancel()

    async def _think(self, turns: list[Turn]) -> None:
        model = model_of(self._services)
        tools = self._toolbox.offered()
        turns = list(turns)
        for left in range(self._settings.tool_rounds, -1, -1):
            request = ChatRequest(
                provider=self._settings.engine,
                model=self._settings.model,
                messages=turns,
                system_prompt=self._settings.system_prompt or None,
                max_tokens=self._settings.max_tokens,
                tools=tools if left else [],
            )
            before = len(self.text)
            response = await self._ask(model, request)
            if not response.tool_calls or not left:
                return
            said = self.text[before:].strip()
            turns.append(Turn(role="assistant", content=_uses(said, response)))
            results = await self._toolbox.results(response.tool_calls)
            turns.append(Turn(role="tool", content=results))
            if self.text and not self.text[-1].isspace():
                self._grow(" ")

    async def _ask(self, model: Any, request: ChatRequest) -> ChatResponse:
        self._told = False
        self._wait()
        self._asked = ensureDeferred(model.chat(request, self._heard))
        try:
            response = await self._asked
        except CancelledError:
            if self._late:
                raise Refused("TIMEOUT", "the model says nothing") from None
            raise
        finally:
            self._asked = None
            self._stop_waiting()
        if not self._told:
            # not every engine tells its answer bit by bit
            self._grow(response.content)
        return response

    def _heard(self, chunk: Chunk) -> None:
        self._wait()
        if chunk.type == "text" and chunk.text:
            self._told = True
            self._grow(chunk.text)

    def _grow(self, piece: str) -> None:
        if not piece or self._stopped:
            return
        self.text += piece
        if len(self.text) > LONGEST_ANSWER:
            raise Refused("ANSWER_TOO_LONG", "the answer does not end")
        self._awaiting.grows(piece)

    # -- how it ends

    def _wait(self) -> None:
        self._stop_waiting()
        if self._stopped:
            return
        self._deadline = self._clock.callLater(self._settings.answer_timeout, self._out_of_time)

    def _stop_waiting(self) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = None

    def _out_of_time(self) -> None:
        self._deadline = None
        self._late = True
        if self._asked is not None:
            self._asked.cancel()

    def _done(self, result: None) -> None:
        self._work = None
        if self._stopped:
            return
        self.is_over = True
        self._awaiting.answered()

    def _failed(self, failure: Failure) -> None:
        self._work = None
        problem = failure.value
        if isinstance(problem, CancelledError) or self._stopped:
            return
        if isinstance(problem, Refused):
            self._log.warn("the assistant's model failed: {code}", code=problem.code)
            self._awaiting.not_answered(problem)
            return
        self._log.failure("the assistant cannot think", failure)
        self._awaiting.not_answered(Refused("HANDLER_ERROR", "the server failed"))


def _uses(said: str, response: ChatResponse) -> list[dict[str, Any]]:
    """What the model said and called, as it is told again."""
    blocks: list[dict[str, Any]] = [{"type": "text", "text": said}] if said else []
    return blocks + [
        {"type": "tool_use", "toolCallId": one.id, "name": one.name, "input": one.input}
        for one in response.tool_calls
    ]
