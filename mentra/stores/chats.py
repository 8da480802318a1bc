"""Chats and their messages: each function is one act within a transaction.  User ids are canonical
already; nobody reaches what is another's."""

from typing import Any
from uuid import uuid4

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import Connection, Select, delete, func, select, update

from mentra.errors import Refused
from mentra.messages.channels.chat import (
    DEFAULT_TITLE,
    UNKNOWN_CHAT,
    UNKNOWN_MESSAGE,
    Chat,
    ChatAddMessage,
    CodeBlock,
    ContentBlock,
    FileBlock,
    ImageBlock,
    Message,
    MessagePage,
    SearchResult,
    TextBlock,
)
from mentra.messages.stamps import iso
from mentra.stores.channel_tables import CHAT_SEARCH, chat_messages, chats
from mentra.stores.experiences import storable
from mentra.stores.names import is_name
from mentra.stores.owners import require_owner
from mentra.stores.search import scope_of, snippet

_chats, _messages = chats, chat_messages
_content = msgspec.json.Decoder(list[ContentBlock])


def listed(connection: Connection, user_id: str, limit: int, offset: int) -> list[Chat]:
    """A person's chats, the last changed first."""
    if not is_name(user_id):
        return []
    newest = (_chats.c.updated_at.desc(), _chats.c.id.desc())
    theirs = select(_chats).where(_chats.c.user_id == user_id).order_by(*newest)
    return [_chat(row) for row in connection.execute(theirs.limit(limit).offset(offset))]


def create(
    connection: Connection,
    user_id: str,
    title: str | None,
    system_prompt: str | None,
    now: float,
    most: int,
    default_model: str | None = None,
) -> Chat:
    """Begin a chat.

    :param most: how many a person may have.
    :raises Refused: ``NO_SUCH_USER`` or ``TOO_MANY_CHATS``.
    """
    require_owner(connection, user_id)
    held = select(func.count()).where(_chats.c.user_id == user_id)
    if (connection.scalar(held) or 0) >= most:
        raise Refused("TOO_MANY_CHATS", f"there are {most} chats already: delete some")
    chat_id = f"chat_{uuid4().hex}"
    row = {
        "chat_id": chat_id,
        "user_id": user_id,
        "title": storable(title or DEFAULT_TITLE),
        "system_prompt": _storable(system_prompt),
        "default_model": _storable(default_model),
        "created_at": now,
        "updated_at": now,
        "message_count": 0,
    }
    connection.execute(_chats.insert().values(row))
    return _required(connection, user_id, chat_id)


def get(connection: Connection, user_id: str, chat_id: str) -> Chat | None:
    """A person's chat, or None."""
    row = connection.execute(_theirs(user_id, chat_id)).one_or_none()
    return None if row is None else _chat(row)


def change(
    connection: Connection,
    user_id: str,
    chat_id: str,
    now: float,
    title: str | UnsetType,
    system_prompt: str | UnsetType | None,
    default_model: str | UnsetType | None = UNSET,
) -> Chat:
    """Change what is not ``UNSET``.

    :raises Refused: ``NOT_FOUND``.
    """
    values: dict[str, Any] = {"updated_at": now}
    if title is not UNSET:
        values["title"] = storable(title)
    if system_prompt is not UNSET:
        values["system_prompt"] = _storable(system_prompt)
    if default_model is not UNSET:
        values["default_model"] = _storable(default_model)
    _required(connection, user_id, chat_id)
    connection.execute(update(_chats).where(_chats.c.chat_id == chat_id).values(values))
    return _required(connection, user_id, chat_id)


def remove(connection: Connection, user_id: str, chat_id: str) -> bool:
    """Delete a chat and what is in it; whether it was there."""
    if get(connection, user_id, chat_id) is None:
        return False
    return connection.execute(delete(_chats).where(_chats.c.chat_id == chat_id)).rowcount > 0


def messages(
    connection: Connection, user_id: str, chat_id: str, limit: int, before: str | None
) -> MessagePage:
    """The newest *limit* messages (older than *before*), oldest first."""
    if get(connection, user_id, chat_id) is None:
        return MessagePage(messages=[], has_more=False, next_before=None)
    wanted = select(_messages).where(_messages.c.chat_id == chat_id)
    if before is not None:
        bound = select(_messages.c.id).where(
            _messages.c.message_id == before, _messages.c.chat_id == chat_id
        )
        wanted = wanted.where(_messages.c.id < bound.scalar_subquery())
    newest = wanted.order_by(_messages.c.id.desc()).limit(limit + 1)
    rows = connection.execute(newest).all()
    page = [_message(row) for row in reversed(rows[:limit])]
    has_more = len(rows) > limit
    return MessagePage(
        messages=page, has_more=has_more, next_before=page[0].id if has_more else None
    )


def add(
    connection: Connection, user_id: str, new: ChatAddMessage, now: float, most: int
) -> tuple[Message, Chat]:
    """Put a message at the end of a chat; it, and the chat as it is then.

    :param most: messages that a chat may have.
    :raises Refused: ``NOT_FOUND`` or ``CHAT_FULL``.
    """
    touched = (
        update(_chats)
        .where(_chats.c.chat_id == new.chat_id, _chats.c.user_id == user_id)
        .values(updated_at=now, last_message_at=now, message_count=_chats.c.message_count + 1)
    )
    # its row is locked from here on, so numbers rise in the order of the commits
    if not is_name(user_id) or not connection.execute(touched).rowcount:
        raise Refused("NOT_FOUND", UNKNOWN_CHAT)
    chat = _required(connection, user_id, new.chat_id)
    if chat.message_count > most:
        raise Refused("CHAT_FULL", f"the chat has {most} messages already: begin another")
    row = _row_of(new, user_id, now)
    connection.execute(_messages.insert().values(row))
    found = select(_messages).where(_messages.c.message_id == row["message_id"])
    return _message(connection.execute(found).one()), chat


def like(connection: Connection, user_id: str, message_id: str, liked: bool) -> Message:
    """Like a message, or not; it.

    :raises Refused: ``NOT_FOUND``.
    """
    # what can be no name is nobody's
    known = is_name(user_id) and is_name(message_id)
    theirs = select(_chats.c.chat_id).where(_chats.c.user_id == (user_id if known else ""))
    wanted = (_messages.c.message_id == (message_id if known else "")) & (
        _messages.c.chat_id.in_(theirs)
    )
    connection.execute(update(_messages).where(wanted).values(is_liked=liked))
    row = connection.execute(select(_messages).where(wanted)).one_or_none()
    if row is None:
        raise Refused("NOT_FOUND", UNKNOWN_MESSAGE)
    return _message(row)


def find(
    connection: Connection, user_id: str, query: str, limit: int, chat_id: str | None
) -> list[SearchResult]:
    """A person's messages that have every word, the best first."""
    scopes = {"owner": scope_of(user_id)}
    if chat_id is not None:
        if get(connection, user_id, chat_id) is None:
            return []
        scopes["chat_id"] = chat_id
    found = CHAT_SEARCH.find(connection, query, scopes, limit)
    joined = (
        select(_messages, _chats.c.title)
        .join(_chats, _chats.c.chat_id == _messages.c.chat_id)
        .where(_messages.c.id.in_([one.id for one in found]), _chats.c.user_id == user_id)
    )
    rows = {row.id: row for row in connection.execute(joined)} if found else {}
    return [_result(rows[one.id], query) for one in found if one.id in rows]


def liked(connection: Connection, user_id: str) -> tuple[int, int]:
    """How many of a person's messages are liked, and how many there are."""
    if not is_name(user_id):
        return 0, 0
    held = select(func.coalesce(func.sum(_chats.c.message_count), 0))
    likes = (
        select(func.count())
        .select_from(_messages.join(_chats, _chats.c.chat_id == _messages.c.chat_id))
        .where(_chats.c.user_id == user_id, _messages.c.is_liked)
    )
    everything = connection.scalar(held.where(_chats.c.user_id == user_id))
    return int(connection.scalar(likes) or 0), int(everything or 0)


def searchable(content: list[ContentBlock]) -> str:
    """The words in *content*."""
    return storable("\n".join(filter(None, map(_words, content))))


def _storable(text: str | None) -> str | None:
    return None if text is None else storable(text)


def _words(block: ContentBlock) -> str:
    match block:
        case TextBlock() | CodeBlock():
            return str(block.value)
        case ImageBlock():
            return "" if block.alt is UNSET else str(block.alt)
        case FileBlock():
            return block.name
        case _:
            return ""


def _theirs(user_id: str, chat_id: str) -> Select[Any]:
    # what can be no name is nobody's
    known = is_name(user_id) and is_name(chat_id)
    wanted = select(_chats).where(_chats.c.user_id == (user_id if known else ""))
    return wanted.where(_chats.c.chat_id == (chat_id if known else ""))


def _required(connection: Connection, user_id: str, chat_id: str) -> Chat:
    chat = get(connection, user_id, chat_id)
    if chat is None:
        raise Refused("NOT_FOUND", UNKNOWN_CHAT)
    return chat


def _row_of(new: ChatAddMessage, user_id: str, now: float) -> dict[str, Any]:
    content: list[ContentBlock] = (
        [TextBlock(value=new.content)] if isinstance(new.content, str) else new.content
    )
    return {
        "message_id": f"msg_{uuid4().hex}",
        "chat_id": new.chat_id,
        "owner": scope_of(user_id),
        "role": new.role,
        # JSON has no NUL in it
        "content": msgspec.json.encode(content).decode(),
        "text": searchable(content),
        "model": _storable(new.model),
        "token_count": new.token_count,
        "created_at": now,
        "parent_id": _storable(new.parent_id),
        "is_liked": False,
        "metadata": None if new.metadata is None else msgspec.json.encode(new.metadata).decode(),
    }


def _chat(row: Any) -> Chat:
    return Chat(
        id=row.chat_id,
        title=row.title,
        system_prompt=row.system_prompt,
        default_model=row.default_model,
        created_at=iso(row.created_at),
        updated_at=iso(row.updated_at),
        message_count=row.message_count,
        last_message_at=None if row.last_message_at is None else iso(row.last_message_at),
    )


def _message(row: Any) -> Message:
    return Message(
        id=row.message_id,
        chat_id=row.chat_id,
        role=row.role,
        content=_content.decode(row.content),
        model=row.model,
        token_count=row.token_count,
        timestamp=iso(row.created_at),
        parent_id=row.parent_id,
        is_liked=row.is_liked,
        metadata=None if row.metadata is None else msgspec.json.decode(row.metadata),
    )


def _result(row: Any, query: str) -> SearchResult:
    return SearchResult(
        message_id=row.message_id,
        chat_id=row.chat_id,
        chat_title=row.title,
        snippet=snippet(row.text, query),
        timestamp=iso(row.created_at),
    )
