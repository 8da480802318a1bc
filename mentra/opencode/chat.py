"""Chat: say something, stop it, and let tools go on."""

from typing import Any

from mentra.errors import Refused
from mentra.extension import handler
from mentra.interfaces.messaging import IContext
from mentra.interfaces.opencode import IOpencode
from mentra.messages.opencode import (
    Addressed,
    Cancel,
    ChatCompleted,
    Payload,
    PermissionReply,
    SendMessage,
)
from mentra.opencode.client import Client
from mentra.opencode.path import PATH
from mentra.opencode.questions import PREFIX, answers_of

REPLIES = ("once", "always", "reject")


@handler(PATH, SendMessage)
async def send_message(message: SendMessage, context: IContext) -> ChatCompleted:
    """Have the model answer; what it says comes bit by bit, and this at the end.

    A client that goes away stops it.

    :raises Refused: it cannot be done; ``BUSY``: the session does something already.
    """
    conversations = IOpencode(context.services).conversations
    client, peer, request_id = _client_of(context), context.peer, context.request_id

    def send(payload: Payload) -> None:
        peer.send(Addressed(request_id=request_id, payload=payload))

    conversation = conversations.begin(message, send)
    client.running[request_id] = conversation
    try:
        completed: ChatCompleted = await conversations.finish(conversation)
        return completed
    finally:
        if client.running.get(request_id) is conversation:
            del client.running[request_id]


@handler(PATH, Cancel)
async def cancel(message: Cancel, context: IContext) -> None:
    """Stop a run of this client, or else whatever runs in the session; nothing running is fine."""
    conversation = _client_of(context).running.get(message.target_request_id)
    if conversation is not None:
        await conversation.cancel()
    elif message.session_id:
        await IOpencode(context.services).conversations.cancel(message.session_id)


@handler(PATH, PermissionReply)
async def permission_reply(message: PermissionReply, context: IContext) -> None:
    """Let a tool go on, or not; or answer a question of the model.

    :raises Refused: ``INVALID_REQUEST``, or ``HTTP_ERROR`` if nobody asks for that.
    """
    api = IOpencode(context.services).api
    if message.permission_id.startswith(PREFIX):
        await _answer(api, message)
        return
    if message.reply not in REPLIES:
        raise Refused("INVALID_REQUEST", f"reply is one of {', '.join(REPLIES)}", where="app")
    await api.reply_permission(message.permission_id, message.reply)


async def _answer(api: Any, message: PermissionReply) -> None:
    if message.reply == "reject":
        await api.reject_question(message.permission_id)
    else:
        await api.answer_question(message.permission_id, answers_of(message.reply))


def _client_of(context: IContext) -> Client:
    client = context.session
    assert isinstance(client, Client)
    return client
