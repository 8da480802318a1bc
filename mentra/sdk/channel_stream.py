"""Answers of language models bit by bit, on channels."""

import asyncio
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from mentra.messages.channels import TIMEOUT
from mentra.messages.channels.ai import AiCancel, AiChatStream, AiStreamChunk
from mentra.messages.llm import ChatResponse, Chunk
from mentra.sdk.channels import ChannelError, ChannelsClient

PATIENCE = 600.0
"""Seconds that an answer may take altogether."""

GOODBYE = 5.0
"""Seconds for the server to hear that it is given up."""


async def chat_stream(
    client: ChannelsClient,
    request: AiChatStream,
    told: Callable[[Chunk], object],
    *,
    timeout: float = PATIENCE,
) -> ChatResponse:
    """Have a language model answer, and *told* called with each piece of it, in order; all of it.

    Pieces of other answers are left alone.  Cancelling it gives the answer up, on the server too.

    :param timeout: seconds that the answer may take altogether.
    :raises ChannelError: there is no answer.
    """
    request_id = str(uuid.uuid4())

    def heard(payload: Any) -> None:
        if payload["requestId"] == request_id:
            told(msgspec.convert(payload["chunk"], Chunk))

    end = client.on(AiStreamChunk.tag(), heard)
    try:
        answer: ChatResponse = await client.ask(request, timeout=timeout, request_id=request_id)
    except asyncio.CancelledError:
        await _give_up(client, request_id)
        raise
    except ChannelError as problem:
        if problem.code == TIMEOUT:
            await _give_up(client, request_id)
        raise
    finally:
        end()
    return answer


async def _give_up(client: ChannelsClient, request_id: str) -> None:
    with suppress(ChannelError):
        await client.ask(AiCancel(request_id=request_id), timeout=GOODBYE)
