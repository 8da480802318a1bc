"""The tables of pictures that are made.  Times are POSIX seconds."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from mentra.stores.columns import metadata, order, user

image_groups = Table(
    "image_groups",
    metadata,
    order(),
    Column("group_id", String(64), nullable=False, unique=True),
    user(index=True),
    Column("name", Text, nullable=False),
    Column("collapsed", Boolean, nullable=False),
    Column("sort_order", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

# "wanted" is JSON
image_entries = Table(
    "image_entries",
    metadata,
    order(),
    Column("entry_id", String(64), nullable=False, unique=True),
    user(index=True),
    Column(
        "group_id",
        String(64),
        ForeignKey("image_groups.group_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("wanted", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("sort_order", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

image_jobs = Table(
    "image_jobs",
    metadata,
    order(),
    Column("job_id", String(64), nullable=False, unique=True),
    user(),
    Column(
        "entry_id",
        String(64),
        ForeignKey("image_entries.entry_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("state", String(16), nullable=False, index=True),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("finished_at", Double),
    Column("successful_batches", Integer, nullable=False),
    Column("failed_batches", Integer, nullable=False),
    Column("total_images", Integer, nullable=False),
    Column("expected_batches", Integer, nullable=False),
    Column("expected_images", Integer, nullable=False),
    Column("last_error", Text),
    Index("ix_image_jobs_user_id_id", "user_id", "id"),
)

# "refs" and "tags" are JSON
images = Table(
    "images",
    metadata,
    order(),
    Column("image_id", String(64), nullable=False, unique=True),
    user(),
    Column(
        "job_id",
        String(64),
        ForeignKey("image_jobs.job_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("batch_id", String(64), nullable=False),
    Column("file", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("model", Text, nullable=False),
    Column("prompt", Text, nullable=False),
    Column("refs", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("favorite", Boolean, nullable=False),
    Column("rating", Integer),
    Column("tags", Text, nullable=False),
    Column("notes", Text),
    Index("ix_images_user_id_id", "user_id", "id"),
)

image_tags = Table(
    "image_tags",
    metadata,
    Column(
        "image_id",
        String(64),
        ForeignKey("images.image_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("tag", Text, primary_key=True),
)
