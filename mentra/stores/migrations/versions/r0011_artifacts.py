"""Artifacts of browser pages, with their files."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "artifacts",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("artifact_id", sa.String(64), nullable=False),
        sa.Column("manifest", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "artifact_id", name="pk_artifacts"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], "fk_artifacts_user_id_users", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "artifact_files",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("artifact_id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "artifact_id", "name", name="pk_artifact_files"),
        sa.ForeignKeyConstraint(
            ["user_id", "artifact_id"],
            ["artifacts.user_id", "artifacts.artifact_id"],
            "fk_artifact_files_user_id_artifacts",
            ondelete="CASCADE",
        ),
    )
