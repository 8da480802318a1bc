"""The tables of browser channels.  Times are POSIX seconds."""

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Index, String, Table, Text

from mentra.stores import search
from mentra.stores.columns import metadata, order, user

chats = Table(
    "chats",
    metadata,
    order(),
    Column("chat_id", String(64), nullable=False, unique=True),
    user(),
    Column("title", Text, nullable=False),
    Column("system_prompt", Text),
    Column("default_model", Text),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("message_count", BigInteger, nullable=False),
    Column("last_message_at", Double),
    Index("ix_chats_user_id_updated_at", "user_id", "updated_at"),
)

# "content" and "metadata" are JSON; "text" is what is searched, "owner" whose it is in one word
chat_messages = Table(
    "chat_messages",
    metadata,
    order(),
    Column("message_id", String(64), nullable=False, unique=True),
    Column("chat_id", String(64), ForeignKey("chats.chat_id", ondelete="CASCADE"), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("content", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("model", Text),
    Column("token_count", BigInteger),
    Column("created_at", Double, nullable=False),
    Column("parent_id", Text),
    Column("is_liked", Boolean, nullable=False),
    Column("metadata", Text),
    Index("ix_chat_messages_chat_id_id", "chat_id", "id"),
)

CHAT_SEARCH = search.Index("chat_messages", ("owner", "chat_id"))
CHAT_SEARCH.attach(chat_messages)

# what was set, as JSON
page_settings = Table(
    "page_settings",
    metadata,
    user(primary_key=True),
    Column("settings", Text, nullable=False),
)

# "sealed" is encrypted, "metadata" is JSON
credentials = Table(
    "credentials",
    metadata,
    user(primary_key=True),
    Column("name", Text, primary_key=True),
    Column("sealed", Text, nullable=False),
    Column("metadata", Text),
    Column("changed_at", Double, nullable=False),
)
