"""Conversations that are kept: chats and the messages in them."""

from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from mentra.messages.channels import PATH, Event, Id, Record, Request

Name = Annotated[str, Meta(min_length=1, max_length=128)]
Title = Annotated[str, Meta(max_length=500)]
Prompt = Annotated[str, Meta(max_length=100_000)]
Limit = Annotated[int, Meta(ge=1, le=500)]

DEFAULT_TITLE = "New Chat"

Role = Literal["user", "assistant", "system"]


# -- what messages consist of ----------------------------------------------------------------


class _Block(Record, frozen=True, kw_only=True, tag_field="type"):
    """Base of the pieces of a message."""


class TextBlock(_Block, frozen=True, kw_only=True, tag="text"):
    """Text.

    :ivar value: it; language models call it ``text``, which is understood as well.
    """

    value: str | UnsetType = UNSET
    text: str | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Have it under one name.

        :raises ValueError: under neither.
        """
        if self.value is UNSET:
            if self.text is UNSET:
                raise ValueError("Object missing required field `value`")
            msgspec.structs.force_setattr(self, "value", self.text)
        msgspec.structs.force_setattr(self, "text", UNSET)


class CodeBlock(_Block, frozen=True, kw_only=True, tag="code"):
    """A piece of a program."""

    value: str
    language: str | UnsetType = UNSET


class ImageBlock(_Block, frozen=True, kw_only=True, tag="image"):
    """A picture, by its address or its attachment.

    :ivar alt: what it shows, in words.
    """

    url: str | UnsetType = UNSET
    attachment_id: str | UnsetType = UNSET
    alt: str | UnsetType = UNSET


class FileBlock(_Block, frozen=True, kw_only=True, tag="file"):
    """An attached file."""

    attachment_id: str
    name: str
    mime_type: str


class ToolUseBlock(_Block, frozen=True, kw_only=True, tag="tool_use"):
    """A model calls a tool.

    :ivar input: its arguments.
    """

    tool_call_id: str
    name: str
    input: Any


class ToolResultBlock(_Block, frozen=True, kw_only=True, tag="tool_result"):
    """What a tool answered."""

    tool_call_id: str
    output: Any
    is_error: bool | UnsetType = UNSET


ContentBlock = TextBlock | CodeBlock | ImageBlock | FileBlock | ToolUseBlock | ToolResultBlock


# -- what is kept ----------------------------------------------------------------------------


class Chat(Record, frozen=True, kw_only=True):
    """A conversation.  Times are ISO 8601, UTC.

    :ivar default_model: the model that pages ask in it, as they spell it; null: that of the
        settings.
    :ivar updated_at: of its last change or message.
    """

    id: str
    title: str
    system_prompt: str | None
    default_model: str | None
    created_at: str
    updated_at: str
    message_count: int
    last_message_at: str | None


class Message(Record, frozen=True, kw_only=True):
    """A message of a conversation.

    :ivar model: which one wrote it.
    :ivar parent_id: of the message that it answers.
    """

    id: str
    chat_id: str
    role: Role
    content: list[ContentBlock]
    model: str | None
    token_count: int | None
    timestamp: str
    parent_id: str | None
    is_liked: bool
    metadata: dict[str, Any] | None


class MessagePage(Record, frozen=True, kw_only=True):
    """Some messages, oldest first.

    :ivar next_before: what ``before`` has to be for the page before this one.
    """

    messages: list[Message]
    has_more: bool
    next_before: str | None


class SearchResult(Record, frozen=True, kw_only=True):
    """A message that was found.

    :ivar snippet: the text around the first word that fits.
    """

    message_id: str
    chat_id: str
    chat_title: str
    snippet: str
    timestamp: str


# -- events ----------------------------------------------------------------------------------


class ChatCreated(Event, frozen=True, kw_only=True, tag="chat:created"):
    """There is a new conversation."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: Chat


class ChatUpdated(Event, frozen=True, kw_only=True, tag="chat:updated"):
    """A conversation has changed, or has a message more."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: Chat


class ChatDeleted(Event, frozen=True, kw_only=True, tag="chat:deleted"):
    """A conversation is gone, with its messages."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: Id


class MessageAdded(Event, frozen=True, kw_only=True, tag="chat:message-added"):
    """A conversation has a message more."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: Message


class MessageUpdated(Event, frozen=True, kw_only=True, tag="chat:message-updated"):
    """A message is liked, or not any more."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: Message


# -- channels --------------------------------------------------------------------------------

UNKNOWN_CHAT = "there is no such chat"
UNKNOWN_MESSAGE = "there is no such message"


class ChatList(Request, frozen=True, kw_only=True, tag="chat:list"):
    """Conversations, the last changed first."""

    answers: ClassVar[Any] = list[Chat]
    limit: Limit = 50
    offset: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class ChatCreate(Request, frozen=True, kw_only=True, tag="chat:create"):
    """Begin a conversation.

    :ivar default_model: the model that pages are to ask in it.
    """

    answers: ClassVar[Any] = Chat
    events: ClassVar[tuple[type[Event], ...]] = (ChatCreated,)
    refusals: ClassVar[tuple[str, ...]] = ("there are too many chats",)
    title: Title | None = None
    system_prompt: Prompt | None = None
    default_model: Title | None = None


class ChatGet(Request, frozen=True, kw_only=True, tag="chat:get"):
    """A conversation; null where there is none of that id."""

    answers: ClassVar[Any] = Chat | None
    id: Name


class ChatUpdate(Request, frozen=True, kw_only=True, tag="chat:update"):
    """Change a conversation; what is left out stays.

    :ivar system_prompt: null takes it away, likewise *default_model*.
    """

    answers: ClassVar[Any] = Chat
    events: ClassVar[tuple[type[Event], ...]] = (ChatUpdated,)
    refusals: ClassVar[tuple[str, ...]] = (UNKNOWN_CHAT,)
    id: Name
    title: Title | UnsetType = UNSET
    system_prompt: Prompt | UnsetType | None = UNSET
    default_model: Title | UnsetType | None = UNSET


class ChatDelete(Request, frozen=True, kw_only=True, tag="chat:delete"):
    """Delete a conversation with its messages; false where there is none of that id."""

    answers: ClassVar[Any] = bool
    events: ClassVar[tuple[type[Event], ...]] = (ChatDeleted,)
    id: Name


class ChatGetMessages(Request, frozen=True, kw_only=True, tag="chat:get-messages"):
    """The newest messages of a conversation, or the newest of those before one.

    :ivar before: id of a message; those older than it are meant.
    """

    answers: ClassVar[Any] = MessagePage
    chat_id: Name
    limit: Limit = 50
    before: Name | None = None


class ChatAddMessage(Request, frozen=True, kw_only=True, tag="chat:add-message"):
    """Put a message at the end of a conversation.

    :ivar content: a text is one block of text.
    """

    answers: ClassVar[Any] = Message
    events: ClassVar[tuple[type[Event], ...]] = (MessageAdded, ChatUpdated)
    refusals: ClassVar[tuple[str, ...]] = (UNKNOWN_CHAT, "the chat is full")
    chat_id: Name
    role: Role
    content: str | Annotated[list[ContentBlock], Meta(max_length=1000)]
    model: Title | None = None
    token_count: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    parent_id: Name | None = None
    metadata: dict[str, Any] | None = None


class ChatUpdateMessage(Request, frozen=True, kw_only=True, tag="chat:update-message"):
    """Like a message, or do so no longer.

    :ivar id: of the message.
    """

    answers: ClassVar[Any] = Message
    events: ClassVar[tuple[type[Event], ...]] = (MessageUpdated,)
    refusals: ClassVar[tuple[str, ...]] = (UNKNOWN_MESSAGE,)
    id: Name
    is_liked: bool


class ChatSearch(Request, frozen=True, kw_only=True, tag="chat:search"):
    """Messages that have all the words, in any of their forms; the best first."""

    answers: ClassVar[Any] = list[SearchResult]
    query: Annotated[str, Meta(max_length=2000)]
    limit: Limit = 20
    chat_id: Name | None = None
