"""Passwords and pairing codes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _user(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_user_id_users"
    return sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name, ondelete="CASCADE")


def upgrade() -> None:
    """Make their tables."""
    op.create_table(
        "passwords",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_passwords"),
        _user("passwords"),
    )
    op.create_table(
        "pairing_codes",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_pairing_codes"),
        _user("pairing_codes"),
    )
