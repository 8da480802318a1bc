"""Pictures that are made: groups, entries, jobs, and what came of them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _create_groups_and_entries()
    _create_jobs()
    _create_images()
    _create_tags()


def _create_groups_and_entries() -> None:
    op.create_table(
        "image_groups",
        *_row("image_groups", "group_id"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("collapsed", sa.Boolean, nullable=False),
        *_ordered(),
    )
    op.create_index("ix_image_groups_user_id", "image_groups", ["user_id"])
    op.create_table(
        "image_entries",
        *_row("image_entries", "entry_id"),
        *_of("image_entries", "group_id", "image_groups"),
        sa.Column("wanted", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        *_ordered(),
    )
    op.create_index("ix_image_entries_user_id", "image_entries", ["user_id"])
    op.create_index("ix_image_entries_group_id", "image_entries", ["group_id"])


def _create_jobs() -> None:
    op.create_table(
        "image_jobs",
        *_row("image_jobs", "job_id"),
        *_of("image_jobs", "entry_id", "image_entries"),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("started_at", sa.Double),
        sa.Column("finished_at", sa.Double),
        sa.Column("successful_batches", sa.Integer, nullable=False),
        sa.Column("failed_batches", sa.Integer, nullable=False),
        sa.Column("total_images", sa.Integer, nullable=False),
        sa.Column("expected_batches", sa.Integer, nullable=False),
        sa.Column("expected_images", sa.Integer, nullable=False),
        sa.Column("last_error", sa.Text),
    )
    op.create_index("ix_image_jobs_state", "image_jobs", ["state"])
    op.create_index("ix_image_jobs_entry_id", "image_jobs", ["entry_id"])
    op.create_index("ix_image_jobs_user_id_id", "image_jobs", ["user_id", "id"])


def _create_images() -> None:
    op.create_table(
        "images",
        *_row("images", "image_id"),
        *_of("images", "job_id", "image_jobs"),
        sa.Column("batch_id", sa.String(64), nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("prompt", sa.Text, nullable=False),
        sa.Column("refs", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("favorite", sa.Boolean, nullable=False),
        sa.Column("rating", sa.Integer),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("notes", sa.Text),
    )
    op.create_index("ix_images_job_id", "images", ["job_id"])
    op.create_index("ix_images_user_id_id", "images", ["user_id", "id"])


def _create_tags() -> None:
    op.create_table(
        "image_tags",
        sa.Column("image_id", sa.String(64), nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("image_id", "tag", name="pk_image_tags"),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.image_id"], "fk_image_tags_image_id_images", ondelete="CASCADE"
        ),
    )


def _row(table: str, key: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(key, sa.String(64), nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint(key, name=f"uq_{table}_{key}"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], f"fk_{table}_user_id_users", ondelete="CASCADE"
        ),
    )


def _of(table: str, key: str, owner: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column(key, sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            [key], [f"{owner}.{key}"], f"fk_{table}_{key}_{owner}", ondelete="CASCADE"
        ),
    )


def _ordered() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("sort_order", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
