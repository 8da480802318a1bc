"""Chats: begun, changed, written into, read and searched; every page of the person is told."""

from typing import Any

from mentra.channels.section import ChannelsSettings
from mentra.extension import Answer, handler
from mentra.interfaces.channel_stores import IChats
from mentra.interfaces.channels import IChannels
from mentra.interfaces.messaging import IContext
from mentra.messages.channels import PATH, Event, Id, Reply
from mentra.messages.channels.chat import (
    ChatAddMessage,
    ChatCreate,
    ChatCreated,
    ChatDelete,
    ChatDeleted,
    ChatGet,
    ChatGetMessages,
    ChatList,
    ChatSearch,
    ChatUpdate,
    ChatUpdated,
    ChatUpdateMessage,
    MessageAdded,
    MessageUpdated,
)


@handler(PATH, ChatList)
async def chat_list(message: ChatList, context: IContext) -> Answer:
    """Those of the person."""
    chats = IChats(context.services)
    found = await chats.chats(context.session.user_id, message.limit, message.offset)
    return Reply(payload=found)


@handler(PATH, ChatCreate)
async def chat_create(message: ChatCreate, context: IContext) -> Answer:
    """A new one."""
    most = context.services.settings(ChannelsSettings).max_chats
    chat = await IChats(context.services).create(
        context.session.user_id, message.title, message.system_prompt, most, message.default_model
    )
    _tell(context, ChatCreated(payload=chat))
    return Reply(payload=chat)


@handler(PATH, ChatGet)
async def chat_get(message: ChatGet, context: IContext) -> Answer:
    """One, or null."""
    found = await IChats(context.services).get(context.session.user_id, message.id)
    return Reply(payload=found)


@handler(PATH, ChatUpdate)
async def chat_update(message: ChatUpdate, context: IContext) -> Answer:
    """Change its title or its prompt."""
    chat = await IChats(context.services).change(context.session.user_id, message)
    _tell(context, ChatUpdated(payload=chat))
    return Reply(payload=chat)


@handler(PATH, ChatDelete)
async def chat_delete(message: ChatDelete, context: IContext) -> Answer:
    """Away with it."""
    was_there = await IChats(context.services).remove(context.session.user_id, message.id)
    if was_there:
        _tell(context, ChatDeleted(payload=Id(id=message.id)))
    return Reply(payload=was_there)


@handler(PATH, ChatGetMessages)
async def chat_get_messages(message: ChatGetMessages, context: IContext) -> Answer:
    """A page of it."""
    page = await IChats(context.services).messages(
        context.session.user_id, message.chat_id, message.limit, message.before
    )
    return Reply(payload=page)


@handler(PATH, ChatAddMessage)
async def chat_add_message(message: ChatAddMessage, context: IContext) -> Answer:
    """Write into it."""
    most = context.services.settings(ChannelsSettings).max_messages
    added, chat = await IChats(context.services).add(context.session.user_id, message, most)
    _tell(context, MessageAdded(payload=added))
    _tell(context, ChatUpdated(payload=chat))
    return Reply(payload=added)


@handler(PATH, ChatUpdateMessage)
async def chat_update_message(message: ChatUpdateMessage, context: IContext) -> Answer:
    """Like it, or not."""
    chats = IChats(context.services)
    changed = await chats.like(context.session.user_id, message.id, message.is_liked)
    _tell(context, MessageUpdated(payload=changed))
    return Reply(payload=changed)


@handler(PATH, ChatSearch)
async def chat_search(message: ChatSearch, context: IContext) -> Answer:
    """Look for words in all of them, or in one."""
    found = await IChats(context.services).find(context.session.user_id, message)
    return Reply(payload=found)


def _tell(context: IContext, event: Event) -> None:
    channels: Any = IChannels(context.services)
    channels.emit_to_user(context.session.user_id, event)
