"""A model that says what it was told: for tests and demos, and to see whether all else works."""

import re
from typing import Annotated

from msgspec import Meta
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import ConfigSection, EngineFactory, Section
from mentra.interfaces.llm import ILanguageModel
from mentra.interfaces.services import IServices
from mentra.llm.answering import Answering, Told
from mentra.llm.blocks import Text, invalid, parts_of, system_of, text_of
from mentra.messages.llm import ChatRequest, ChatResponse, ModelConfig, StopReason, Turn, Usage

NAME = "echo"
MODEL = "echo-1"
AT_ONCE = 64
"""Words said before others get their turn."""

_WORD = re.compile(r"\s*\S+\s*")


class EchoSettings(Section, frozen=True, kw_only=True):
    """[echo]: the language model that says what it was told."""

    word_pause: Annotated[
        float, Meta(ge=0, le=10, description="Seconds between two words of its answer.")
    ] = 0.0


echo_section = ConfigSection(NAME, EchoSettings)


@implementer(ILanguageModel)
class Echo:
    """Answers ``Echo:`` and the text of the last thing the user said, word by word."""

    name = NAME

    def __init__(self, services: IServices) -> None:
        settings: EchoSettings = services.settings(EchoSettings)
        self._pause = settings.word_pause
        self._clock = services.clock

    def unavailable(self) -> str | None:
        """It always works."""
        return None

    def addresses(self) -> tuple[str, ...]:
        """It stays here."""
        return ()

    def has_credential(self) -> bool:
        """It needs none."""
        return True

    async def models(self) -> tuple[ModelConfig, ...]:
        """There is one, and it is free."""
        return (ECHO_1,)

    def chat(
        self, request: ChatRequest, told: Told | None = None, *, credential: str | None = None
    ) -> Deferred[ChatResponse]:
        """Say it again; see :class:`ILanguageModel`."""
        return Deferred.fromCoroutine(self._say(request, told))

    async def _say(self, request: ChatRequest, told: Told | None) -> ChatResponse:
        text, stop_reason = _answer(request)
        asked = _count(system_of(request)) + sum(map(_words_in, request.messages))
        answering = Answering(NAME, MODEL, told)
        words = _WORD.findall(text)
        answering.named(f"echo-{asked}-{len(words)}", MODEL)
        for number, word in enumerate(words):
            if number and (self._pause or not number % AT_ONCE):
                await deferLater(self._clock, self._pause)
            answering.text(word)
        return answering.end(stop_reason, Usage(input_tokens=asked, output_tokens=len(words)))


def _answer(request: ChatRequest) -> tuple[str, StopReason]:
    """What it says, and why no more.

    :raises Refused: ``INVALID_REQUEST``.
    """
    if request.model not in ("", MODEL):
        raise Refused("NOT_FOUND", f"the only model of echo is {MODEL}", where="provider")
    said = [turn for turn in request.messages if turn.role == "user"]
    if not said:
        raise invalid("there is no message of the user's to answer")
    text = f"Echo: {text_of(said[-1])}"
    ends = [end for end in map(text.find, filter(None, request.stop_sequences)) if end >= 0]
    if ends:
        return text[: min(ends)], "stop_sequence"
    words = _WORD.findall(text)
    if request.max_tokens is not None and len(words) > request.max_tokens:
        return "".join(words[: request.max_tokens]), "max_tokens"
    return text, "end_turn"


def _count(text: str) -> int:
    return len(text.split())


def _words_in(turn: Turn) -> int:
    if turn.role == "system":
        return 0  # they have been counted
    # what is no text counts as a word
    return sum(_count(part.text if isinstance(part, Text) else "1") for part in parts_of(turn))


ECHO_1 = ModelConfig(
    id=MODEL,
    name="Echo 1",
    context_window=1_000_000,
    max_output_tokens=1_000_000,
    supports_vision=False,
    supports_tools=False,
    input_price_per_million=0.0,
    output_price_per_million=0.0,
)

echo = EngineFactory(ILanguageModel, NAME, Echo)
