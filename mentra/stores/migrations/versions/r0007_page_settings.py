"""Settings of browser pages, and credentials that came from there."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "page_settings",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_page_settings"),
        _user("page_settings"),
    )
    op.create_table(
        "credentials",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("metadata", sa.Text),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "name", name="pk_credentials"),
        _user("credentials"),
    )


def _user(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_user_id_users"
    return sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name, ondelete="CASCADE")
