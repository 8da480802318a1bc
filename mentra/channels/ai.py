"""The ai channels: models answer pages, whole or bit by bit."""

from typing import Any

import msgspec
from twisted.internet.defer import CancelledError

from mentra.errors import Refused
from mentra.extension import Answer, handler
from mentra.interfaces.ai import IAsking
from mentra.interfaces.messaging import IContext
from mentra.messages.channels import HANDLER_ERROR, PATH, Reply
from mentra.messages.channels.ai import (
    AiCancel,
    AiChat,
    AiChatStream,
    AiHasCredentials,
    AiMessage,
    AiModels,
    AiStreamChunk,
    AiStreamComplete,
    AiStreamError,
    AiToolChoice,
    StreamChunk,
    StreamComplete,
    StreamError,
)
from mentra.messages.llm import ChatRequest, Chunk, Tool, Turn


@handler(PATH, AiChat)
async def ai_chat(message: AiChat, context: IContext) -> Answer:
    """All of it, in the end."""
    asking = IAsking(context.services)
    request_id = context.request_id or ""
    return Reply(payload=await asking.ask(context.session, request_id, request_of(message)))


@handler(PATH, AiChatStream)
async def ai_chat_stream(message: AiChatStream, context: IContext) -> Answer:
    """Bit by bit, and then all of it once more."""
    page: Any = context.session
    request_id = context.request_id or ""

    def told(chunk: Chunk) -> None:
        page.emit(AiStreamChunk(payload=StreamChunk(request_id=request_id, chunk=chunk)))

    def failed(error: str) -> None:
        page.emit(AiStreamError(payload=StreamError(request_id=request_id, error=error)))

    asking = IAsking(context.services)
    try:
        response = await asking.ask(page, request_id, request_of(message), told)
    except CancelledError:
        raise
    except Refused as refusal:
        failed(f"{refusal.code}: {refusal.message}")
        raise
    except Exception:
        failed(f"{HANDLER_ERROR}: the provider's engine failed")
        raise
    page.emit(AiStreamComplete(payload=StreamComplete(request_id=request_id, response=response)))
    return Reply(payload=response)


@handler(PATH, AiCancel)
def ai_cancel(message: AiCancel, context: IContext) -> Answer:
    """Give one up."""
    given_up = IAsking(context.services).cancel(context.session, message.request_id)
    return Reply(payload=given_up)


@handler(PATH, AiModels)
async def ai_models(message: AiModels, context: IContext) -> Answer:
    """What a provider has."""
    return Reply(payload=await IAsking(context.services).models(message.provider))


@handler(PATH, AiHasCredentials)
async def ai_has_credentials(message: AiHasCredentials, context: IContext) -> Answer:
    """Whether it can be asked."""
    may = await IAsking(context.services).may_ask(context.session.user_id, message.provider)
    return Reply(payload=may)


def request_of(message: AiChat | AiChatStream) -> ChatRequest:
    """What a page asks, as engines take it."""
    return ChatRequest(
        provider=message.provider,
        model=message.model,
        messages=[_turn(one) for one in message.messages],
        system_prompt=message.system_prompt,
        max_tokens=message.max_tokens,
        temperature=message.temperature,
        top_p=message.top_p,
        stop_sequences=message.stop_sequences or [],
        tools=[
            Tool(name=tool.name, description=tool.description, input_schema=tool.input_schema)
            for tool in message.tools or ()
        ],
        tool_choice=_choice(message.tool_choice),
    )


def _turn(one: AiMessage) -> Turn:
    content = one.content
    if not isinstance(content, str):
        content = msgspec.to_builtins(content)
    return Turn(role=one.role, content=content)


def _choice(choice: str | AiToolChoice | None) -> str | None:
    if not isinstance(choice, AiToolChoice):
        return choice
    if choice.type == "tool":
        return choice.name
    return "required" if choice.type == "any" else choice.type
