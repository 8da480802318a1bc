"""Pictures that the server keeps."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "photos",
        sa.Column("photo_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("file", sa.String(64), nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("package_name", sa.Text),
        sa.Column("uploaded_at", sa.Double, nullable=False),
        sa.Column("original_filename", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("mime_type", sa.String(64), nullable=False),
        sa.Column("in_gallery", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("photo_id", name="pk_photos"),
        sa.UniqueConstraint("file", name="uq_photos_file"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], "fk_photos_user_id_users", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_photos_user_id", "photos", ["user_id"])
