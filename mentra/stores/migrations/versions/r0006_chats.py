"""Chats of browser pages, and the messages in them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_COUNTING = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

SQLITE = (
    "CREATE VIRTUAL TABLE chat_messages_search USING fts5(text, owner, chat_id, "
    "content='chat_messages', content_rowid='id', tokenize='porter unicode61')",
    "CREATE TRIGGER chat_messages_search_insert AFTER INSERT ON chat_messages BEGIN INSERT INTO "
    "chat_messages_search(rowid, text, owner, chat_id) "
    "VALUES (new.id, new.text, new.owner, new.chat_id); END",
    "CREATE TRIGGER chat_messages_search_delete AFTER DELETE ON chat_messages BEGIN INSERT INTO "
    "chat_messages_search(chat_messages_search, rowid, text, owner, chat_id) "
    "VALUES ('delete', old.id, old.text, old.owner, old.chat_id); END",
)
POSTGRESQL = (
    "ALTER TABLE chat_messages ADD COLUMN search tsvector "
    "GENERATED ALWAYS AS (to_tsvector('english', text)) STORED",
    "CREATE INDEX ix_chat_messages_search ON chat_messages USING gin (search)",
)


def upgrade() -> None:
    """Make the tables, and the index to search them by."""
    _create_chats()
    _create_messages()
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SQLITE if sqlite else POSTGRESQL:
        op.execute(statement)


def _create_chats() -> None:
    op.create_table(
        "chats",
        sa.Column("id", _COUNTING, nullable=False),
        sa.Column("chat_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("system_prompt", sa.Text),
        sa.Column("default_model", sa.Text),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.Column("message_count", sa.BigInteger, nullable=False),
        sa.Column("last_message_at", sa.Double),
        sa.PrimaryKeyConstraint("id", name="pk_chats"),
        sa.UniqueConstraint("chat_id", name="uq_chats_chat_id"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], "fk_chats_user_id_users", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_chats_user_id_updated_at", "chats", ["user_id", "updated_at"])


def _create_messages() -> None:
    op.create_table(
        "chat_messages",
        sa.Column("id", _COUNTING, nullable=False),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("chat_id", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("token_count", sa.BigInteger),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("parent_id", sa.Text),
        sa.Column("is_liked", sa.Boolean, nullable=False),
        sa.Column("metadata", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_chat_messages"),
        sa.UniqueConstraint("message_id", name="uq_chat_messages_message_id"),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chats.chat_id"], "fk_chat_messages_chat_id_chats", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_chat_messages_chat_id_id", "chat_messages", ["chat_id", "id"])
