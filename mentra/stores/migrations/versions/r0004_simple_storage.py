"""What apps keep about their users."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of simple storage."""
    op.create_table(
        "simple_storage",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("package_name", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "package_name", name="pk_simple_storage"),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.user_id"],
            "fk_simple_storage_user_id_users",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["package_name"],
            ["apps.package_name"],
            "fk_simple_storage_package_name_apps",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_simple_storage_package_name", "simple_storage", ["package_name"])
