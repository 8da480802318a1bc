"""The tables of browser channels.  Times are POSIX seconds."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

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

code_sessions = Table(
    "code_sessions",
    metadata,
    order(),
    Column("session_id", String(128), nullable=False, unique=True),
    user(),
    Column("project_path", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Index("ix_code_sessions_user_id_updated_at", "user_id", "updated_at"),
)

# "data" is JSON; "owner" and "scope" are person and session in one word each
code_entries = Table(
    "code_entries",
    metadata,
    order(),
    Column("entry_id", String(128), nullable=False),
    Column(
        "session_id",
        String(128),
        ForeignKey("code_sessions.session_id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("owner", String(64), nullable=False),
    Column("scope", String(64), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("type", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("restore_point_id", Text),
    Column("is_compacted", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("session_id", "seq"),
    UniqueConstraint("session_id", "entry_id"),
)

CODE_SEARCH = search.Index("code_entries", ("owner", "scope"))
CODE_SEARCH.attach(code_entries)

code_restore_points = Table(
    "code_restore_points",
    metadata,
    order(),
    Column("restore_point_id", String(64), nullable=False, unique=True),
    Column(
        "session_id",
        String(128),
        ForeignKey("code_sessions.session_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("description", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("entry_id", Text),
    Column("total_size", BigInteger, nullable=False),
    Column("file_count", BigInteger, nullable=False),
)

code_files = Table(
    "code_files",
    metadata,
    Column(
        "restore_point_id",
        String(64),
        ForeignKey("code_restore_points.restore_point_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("number", BigInteger, primary_key=True),
    Column("path", Text, nullable=False),
    Column("object_hash", String(64), nullable=False, index=True),
    Column("mode", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
)

# what happened, one by one; "rolled" is what the buckets have
analytics_events = Table(
    "analytics_events",
    metadata,
    order(),
    user(),
    Column("at", Double, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("retryable", Boolean, nullable=False),
    Column("streaming", Boolean, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("active_seconds", Double, nullable=False),
    Column("first_token_seconds", Double),
    Column("tools", BigInteger, nullable=False),
    Column("images", BigInteger, nullable=False),
    Column("rolled", Boolean, nullable=False),
    Index("ix_analytics_events_user_id_rolled", "user_id", "rolled"),
    Index("ix_analytics_events_user_id_at", "user_id", "at"),
)

# the same, put together by "hour", "day" and "month"
analytics_buckets = Table(
    "analytics_buckets",
    metadata,
    user(primary_key=True),
    Column("grain", String(8), primary_key=True),
    Column("start", Double, primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("ok", BigInteger, nullable=False),
    Column("retryable", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("active_seconds", Double, nullable=False),
    Column("tools", BigInteger, nullable=False),
    Column("images", BigInteger, nullable=False),
)

analytics_totals = Table(
    "analytics_totals",
    metadata,
    user(primary_key=True),
    Column("ai_requests", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost", BigInteger, nullable=False),
    Column("images", BigInteger, nullable=False),
    Column("batches", BigInteger, nullable=False),
    Column("messages", BigInteger, nullable=False),
    Column("chats", BigInteger, nullable=False),
    Column("searches", BigInteger, nullable=False),
    Column("tools", BigInteger, nullable=False),
    Column("sessions", BigInteger, nullable=False),
    Column("active_seconds", Double, nullable=False),
    Column("first_at", Double, nullable=False),
    Column("last_at", Double, nullable=False),
)

# "manifest" is JSON
artifacts = Table(
    "artifacts",
    metadata,
    user(primary_key=True),
    Column("artifact_id", String(64), primary_key=True),
    Column("manifest", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

artifact_files = Table(
    "artifact_files",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("artifact_id", String(64), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    ForeignKeyConstraint(
        ["user_id", "artifact_id"],
        ["artifacts.user_id", "artifacts.artifact_id"],
        ondelete="CASCADE",
    ),
)
