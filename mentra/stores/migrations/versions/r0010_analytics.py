"""What people did, counted."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_COUNTING = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TOTALS = (
    "ai_requests", "input_tokens", "output_tokens", "cost", "images", "batches", "messages",
    "chats", "searches", "tools", "sessions",
)  # fmt: skip


def upgrade() -> None:
    """Make the tables."""
    _create_events()
    _create_buckets()
    op.create_table(
        "analytics_totals",
        sa.Column("user_id", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _TOTALS),
        *(_double(name) for name in ("active_seconds", "first_at", "last_at")),
        sa.PrimaryKeyConstraint("user_id", name="pk_analytics_totals"),
        _user("analytics_totals"),
    )


def _create_events() -> None:
    op.create_table(
        "analytics_events",
        sa.Column("id", _COUNTING, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        _double("at"),
        sa.Column("kind", sa.String(16), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in _WORDS),
        *(sa.Column(name, sa.Boolean, nullable=False) for name in ("ok", "retryable", "streaming")),
        *(_number(name) for name in ("input_tokens", "output_tokens", "cost")),
        _double("seconds"),
        _double("active_seconds"),
        sa.Column("first_token_seconds", sa.Double),
        _number("tools"),
        _number("images"),
        sa.Column("rolled", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_analytics_events"),
        _user("analytics_events"),
    )
    for column in ("rolled", "at"):
        op.create_index(
            f"ix_analytics_events_user_id_{column}", "analytics_events", ["user_id", column]
        )


_WORDS = ("name", "provider", "model", "code")


def _create_buckets() -> None:
    op.create_table(
        "analytics_buckets",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("grain", sa.String(8), nullable=False),
        _double("start"),
        sa.Column("kind", sa.String(16), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in _WORDS),
        *(_number(name) for name in ("count", "ok", "retryable")),
        *(_number(name) for name in ("input_tokens", "output_tokens", "cost")),
        _double("seconds"),
        _double("active_seconds"),
        _number("tools"),
        _number("images"),
        sa.PrimaryKeyConstraint(
            "user_id", "grain", "start", "kind", *_WORDS, name="pk_analytics_buckets"
        ),
        _user("analytics_buckets"),
    )


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _double(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=False)


def _user(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_user_id_users"
    return sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name, ondelete="CASCADE")
