"""What coding assistants did: sessions, transcripts, restore points."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_COUNTING = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

SQLITE = (
    "CREATE VIRTUAL TABLE code_entries_search USING fts5(text, owner, scope, "
    "content='code_entries', content_rowid='id', tokenize='porter unicode61')",
    "CREATE TRIGGER code_entries_search_insert AFTER INSERT ON code_entries BEGIN INSERT INTO "
    "code_entries_search(rowid, text, owner, scope) "
    "VALUES (new.id, new.text, new.owner, new.scope); END",
    "CREATE TRIGGER code_entries_search_delete AFTER DELETE ON code_entries BEGIN INSERT INTO "
    "code_entries_search(code_entries_search, rowid, text, owner, scope) "
    "VALUES ('delete', old.id, old.text, old.owner, old.scope); END",
)
POSTGRESQL = (
    "ALTER TABLE code_entries ADD COLUMN search tsvector "
    "GENERATED ALWAYS AS (to_tsvector('english', text)) STORED",
    "CREATE INDEX ix_code_entries_search ON code_entries USING gin (search)",
)


def upgrade() -> None:
    """Make the tables, and the index to search them by."""
    _create_sessions()
    _create_entries()
    _create_restore_points()
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SQLITE if sqlite else POSTGRESQL:
        op.execute(statement)


def _create_sessions() -> None:
    op.create_table(
        "code_sessions",
        sa.Column("id", _COUNTING, nullable=False),
        sa.Column("session_id", sa.String(128), nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("project_path", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_code_sessions"),
        sa.UniqueConstraint("session_id", name="uq_code_sessions_session_id"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], "fk_code_sessions_user_id_users", ondelete="CASCADE"
        ),
    )
    op.create_index(
        "ix_code_sessions_user_id_updated_at", "code_sessions", ["user_id", "updated_at"]
    )


def _create_entries() -> None:
    op.create_table(
        "code_entries",
        sa.Column("id", _COUNTING, nullable=False),
        sa.Column("entry_id", sa.String(128), nullable=False),
        sa.Column("session_id", sa.String(128), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("restore_point_id", sa.Text),
        sa.Column("is_compacted", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_code_entries"),
        sa.UniqueConstraint("session_id", "seq", name="uq_code_entries_session_id_seq"),
        sa.UniqueConstraint("session_id", "entry_id", name="uq_code_entries_session_id_entry_id"),
        _session("code_entries"),
    )


def _create_restore_points() -> None:
    op.create_table(
        "code_restore_points",
        sa.Column("id", _COUNTING, nullable=False),
        sa.Column("restore_point_id", sa.String(64), nullable=False),
        sa.Column("session_id", sa.String(128), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("entry_id", sa.Text),
        sa.Column("total_size", sa.BigInteger, nullable=False),
        sa.Column("file_count", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_code_restore_points"),
        sa.UniqueConstraint("restore_point_id", name="uq_code_restore_points_restore_point_id"),
        _session("code_restore_points"),
    )
    op.create_index("ix_code_restore_points_session_id", "code_restore_points", ["session_id"])
    op.create_table(
        "code_files",
        sa.Column("restore_point_id", sa.String(64), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("object_hash", sa.String(64), nullable=False),
        sa.Column("mode", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("restore_point_id", "number", name="pk_code_files"),
        sa.ForeignKeyConstraint(
            ["restore_point_id"],
            ["code_restore_points.restore_point_id"],
            "fk_code_files_restore_point_id_code_restore_points",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_code_files_object_hash", "code_files", ["object_hash"])


def _session(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["session_id"],
        ["code_sessions.session_id"],
        f"fk_{table}_session_id_code_sessions",
        ondelete="CASCADE",
    )
