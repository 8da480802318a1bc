"""What every language model and every maker of pictures must do: functions that its tests call.

They raise ``AssertionError``, and take a *settle* as those of
:mod:`mentra.testing.engine_contracts` do.
"""

from contextlib import suppress
from typing import Any, get_args

import msgspec
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred

from mentra.errors import Refused
from mentra.interfaces.images import IImageEngine
from mentra.interfaces.llm import ILanguageModel
from mentra.messages.llm import ChatRequest, ChatResponse, Chunk, ModelConfig, StopReason, Turn
from mentra.pictures import Picture, PictureRequest, type_of
from mentra.testing.engine_contracts import Settle, keeps_the_promise_of_an_engine


def asking(content: Any, **how: Any) -> ChatRequest:
    """A request with one message of the user's."""
    return ChatRequest(messages=[Turn(role="user", content=content)], **how)


async def answers_as_promised(model: Any, settle: Settle, text: str = "Say hello.") -> ChatResponse:
    """Have it answer *text*, refuse what no model can be told, and be given up; its answer."""
    keeps_the_promise_of_an_engine(model, ILanguageModel)
    assert isinstance(model.has_credential(), bool)
    answer = await _answer(model, settle, text)
    await _refuses_strange_blocks(model, settle)
    await _is_given_up(model, settle, text)
    return answer


async def lists_its_models(model: Any, settle: Settle) -> tuple[ModelConfig, ...]:
    """Have it list its models; each once."""
    listing: Deferred[Any] = ensureDeferred(model.models())
    await settle(lambda: bool(listing.called))
    models: tuple[ModelConfig, ...] = await listing
    assert isinstance(models, tuple)
    assert all(isinstance(one, ModelConfig) for one in models)
    assert len({one.id for one in models}) == len(models)
    return models


async def draws_as_promised(engine: Any, settle: Settle, text: str = "a cat") -> Picture:
    """Have it make two pictures; the first."""
    keeps_the_promise_of_an_engine(engine, IImageEngine)
    asked = PictureRequest(prompts=(text, text), width=64, height=64, seed=7)
    making = ensureDeferred(engine.generate(asked))
    await settle(lambda: bool(making.called))
    made: tuple[Picture, ...] = await making
    assert 1 <= len(made) <= 2, made
    for picture in made:
        assert type_of(picture.content) == picture.content_type, picture
        assert picture.width > 0, picture
        assert picture.height > 0, picture
        assert picture.prompt, picture
    return made[0]


async def _answer(model: Any, settle: Settle, text: str) -> ChatResponse:
    chunks: list[Chunk] = []
    asked = model.chat(asking(text), chunks.append)
    await settle(lambda: bool(asked.called))
    answer: ChatResponse = await asked
    assert chunks[0] == Chunk(type="message_start"), chunks
    assert chunks[-1].type == "message_end", chunks
    assert chunks[-1].usage == answer.usage, chunks
    assert "".join(one.text or "" for one in chunks if one.type == "text") == answer.content
    assert (answer.provider, answer.stop_reason in get_args(StopReason)) == (model.name, True)
    # it can be said to a page
    assert msgspec.json.decode(msgspec.json.encode(answer), type=ChatResponse) == answer
    return answer


async def _refuses_strange_blocks(model: Any, settle: Settle) -> None:
    chunks: list[Chunk] = []
    asked = ensureDeferred(model.chat(asking([{"type": "smell"}]), chunks.append))
    await settle(lambda: bool(asked.called))
    refusal = await _refusal(asked)
    assert refusal is not None, "it understands blocks that do not exist"
    assert refusal.code == "INVALID_REQUEST", refusal.code
    assert (refusal.where, refusal.retryable) == ("provider", False)
    assert chunks == []


async def _refusal(asked: Deferred[Any]) -> Refused | None:
    try:
        await asked
    except Refused as refusal:
        return refusal
    return None


async def _is_given_up(model: Any, settle: Settle, text: str) -> None:
    chunks: list[Chunk] = []
    asked = model.chat(asking(text), chunks.append)
    asked.cancel()
    told = len(chunks)
    await settle(lambda: bool(asked.called))
    # one that answers at once was done before
    with suppress(CancelledError):
        await asked
    assert len(chunks) == told, "it goes on talking"
