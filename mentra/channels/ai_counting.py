"""What was asked of language models, counted for whoever asked."""

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from mentra.interfaces.analytics import IAnalytics
from mentra.interfaces.llm import IPrices
from mentra.interfaces.services import IServices
from mentra.messages.llm import ChatRequest, ChatResponse, Chunk, Turn
from mentra.records import Happened

MILLIONTHS = 1_000_000

Told = Callable[[Chunk], object]


class Counted:
    """One request; made when the engine is asked.

    :param told: who is told the chunks; None if nobody is.
    """

    def __init__(
        self, services: IServices, user_id: str, request: ChatRequest, told: Told | None
    ) -> None:
        self._clock: IReactorTime = services.clock
        self._prices = IPrices(services)
        self._analytics = IAnalytics(services, None)
        self._user_id = user_id
        self._request = request
        self._told = told
        self._began = self._clock.seconds()
        self._first: float | None = None

    def told(self, chunk: Chunk) -> None:
        """A chunk; passed on."""
        if self._first is None:
            self._first = self._clock.seconds() - self._began
        if self._told is not None:
            self._told(chunk)

    def done(self, response: ChatResponse) -> None:
        """It was answered."""
        usage = response.usage
        cached = (usage.cache_read_tokens or 0) + (usage.cache_write_tokens or 0)
        self._record(
            Happened(
                kind="ai",
                provider=self._request.provider,
                model=response.model,
                input_tokens=usage.input_tokens + cached,
                output_tokens=usage.output_tokens,
                cost=round(self._prices.cost(response.model, usage) * MILLIONTHS),
                seconds=self._clock.seconds() - self._began,
                first_token_seconds=self._first,
                streaming=self._told is not None,
                tools=len(response.tool_calls),
                images=self._images(),
            )
        )
        for call in response.tool_calls:
            # by whom and how it is done is the page's business
            asked = self._request.provider
            self._record(
                Happened(kind="tool", name=call.name, provider=asked, model=response.model)
            )

    def failed(self, code: str, retryable: bool) -> None:
        """It was not."""
        self._record(
            Happened(
                kind="ai",
                provider=self._request.provider,
                model=self._request.model,
                ok=False,
                code=code,
                retryable=retryable,
                seconds=self._clock.seconds() - self._began,
                first_token_seconds=self._first,
                streaming=self._told is not None,
                images=self._images(),
            )
        )

    def _record(self, happened: Happened) -> None:
        if self._analytics is not None:
            self._analytics.record(self._user_id, happened)

    def _images(self) -> int:
        return sum(map(_images_in, self._request.messages))


def _images_in(turn: Turn) -> int:
    blocks = [] if isinstance(turn.content, str) else turn.content
    return sum(block.get("type") == "image" for block in blocks)
