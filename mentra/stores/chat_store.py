"""Chats of browser pages, in a database."""

from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from mentra.interfaces.channel_stores import IChats
from mentra.messages.channels.chat import (
    Chat,
    ChatAddMessage,
    ChatSearch,
    ChatUpdate,
    Message,
    MessagePage,
    SearchResult,
)
from mentra.stores import chats
from mentra.stores.database import Transactions


@implementer(IChats)
class ChatStore:
    """Keeps nothing in memory; writes of one person are done in the order they were asked for.

    :param now: wall time, POSIX seconds.
    """

    def __init__(self, database: Transactions, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now

    def chats(self, user_id: str, limit: int, offset: int) -> Deferred[list[Chat]]:
        """The last changed first."""
        return self._read(chats.listed, user_id, limit=limit, offset=offset)

    def create(
        self,
        user_id: str,
        title: str | None,
        system_prompt: str | None,
        most: int,
        default_model: str | None = None,
    ) -> Deferred[Chat]:
        """Begin one."""
        return self._write(
            chats.create, user_id, title=title, system_prompt=system_prompt, now=self._now(),
            most=most, default_model=default_model,
        )  # fmt: skip

    def get(self, user_id: str, chat_id: str) -> Deferred[Chat | None]:
        """It, or None."""
        return self._read(chats.get, user_id, chat_id=chat_id)

    def change(self, user_id: str, change: ChatUpdate) -> Deferred[Chat]:
        """Change what is given."""
        return self._write(
            chats.change, user_id, chat_id=change.id, now=self._now(), title=change.title,
            system_prompt=change.system_prompt, default_model=change.default_model,
        )  # fmt: skip

    def remove(self, user_id: str, chat_id: str) -> Deferred[bool]:
        """Delete one; whether it was there."""
        return self._write(chats.remove, user_id, chat_id=chat_id)

    def messages(
        self, user_id: str, chat_id: str, limit: int, before: str | None
    ) -> Deferred[MessagePage]:
        """The newest (older than *before*)."""
        return self._read(chats.messages, user_id, chat_id=chat_id, limit=limit, before=before)

    def add(self, user_id: str, new: ChatAddMessage, most: int) -> Deferred[tuple[Message, Chat]]:
        """Put a message at the end; it, and the chat as it is then."""
        return self._write(chats.add, user_id, new=new, now=self._now(), most=most)

    def like(self, user_id: str, message_id: str, liked: bool) -> Deferred[Message]:
        """Like a message, or not."""
        return self._write(chats.like, user_id, message_id=message_id, liked=liked)

    def find(self, user_id: str, asked: ChatSearch) -> Deferred[list[SearchResult]]:
        """Messages that have every word."""
        return self._read(
            chats.find, user_id, query=asked.query, limit=asked.limit, chat_id=asked.chat_id
        )

    def liked(self, user_id: str) -> Deferred[tuple[int, int]]:
        """How many messages are liked, and how many there are."""
        return self._read(chats.liked, user_id)

    def _read(self, function: Callable[..., Any], user_id: str, **arguments: Any) -> Deferred[Any]:
        return self._database.read(partial(function, user_id=user_id, **arguments))

    def _write(self, function: Callable[..., Any], user_id: str, **arguments: Any) -> Deferred[Any]:
        return self._database.write(partial(function, user_id=user_id, **arguments), lane=user_id)
