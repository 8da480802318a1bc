"""The tables.  ``migrations/`` brings a database up to exactly these; a test compares the two."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from mentra.stores import channel_tables, image_tables  # noqa: F401 - part of the same metadata
from mentra.stores.columns import metadata as metadata
from mentra.stores.columns import order as _order
from mentra.stores.columns import package as _package
from mentra.stores.columns import user as _user

REVISION = "0011"
"""Newest migration: what a database must be at."""

# times are POSIX seconds; "record", "settings" and "data" are JSON

apps = Table(
    "apps",
    metadata,
    Column("package_name", Text, primary_key=True),
    Column("record", Text, nullable=False),
)

app_keys = Table(
    "app_keys",
    metadata,
    _order(),
    _package(),
    Column("key_hash", String(64), nullable=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("package_name", "key_hash"),
)

app_servers = Table(
    "app_servers",
    metadata,
    _package(primary_key=True),
    Column("record", Text, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("created_at", Double, nullable=False),
    Column("settings", Text, nullable=False),
)

installs = Table(
    "installs",
    metadata,
    _order(),
    _user(),
    _package(index=True),
    Column("installed_at", Double, nullable=False),
    Column("last_active_at", Double),
    UniqueConstraint("user_id", "package_name"),
)

running_apps = Table(
    "running_apps",
    metadata,
    _order(),
    _user(),
    _package(index=True),
    UniqueConstraint("user_id", "package_name"),
)

app_settings = Table(
    "app_settings",
    metadata,
    _user(primary_key=True),
    _package(primary_key=True, index=True),
    Column("settings", Text, nullable=False),
)

# what the phone told last
whereabouts = Table(
    "whereabouts",
    metadata,
    _user(primary_key=True),
    Column("record", Text, nullable=False),
)

glasses_models = Table(
    "glasses_models",
    metadata,
    _order(),
    _user(),
    Column("model_name", Text, nullable=False),
    UniqueConstraint("user_id", "model_name"),
)

onboardings = Table(
    "onboardings",
    metadata,
    _user(primary_key=True),
    _package(primary_key=True, index=True),
)

feedback = Table(
    "feedback",
    metadata,
    _order(),
    _user(),
    Column("created_at", Double, nullable=False),
    Column("text", Text, nullable=False),
)

passwords = Table(
    "passwords",
    metadata,
    _user(primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("changed_at", Double, nullable=False),
)

# one of a person at a time
pairing_codes = Table(
    "pairing_codes",
    metadata,
    _user(primary_key=True),
    Column("code_hash", String(64), nullable=False),
    Column("expires_at", Double, nullable=False),
)

simple_storage = Table(
    "simple_storage",
    metadata,
    _user(primary_key=True),
    _package(primary_key=True, index=True),
    Column("data", Text, nullable=False),
)
photos = Table(
    "photos",
    metadata,
    Column("photo_id", String(64), primary_key=True),
    Column("user_id", Text, ForeignKey("users.user_id", ondelete="CASCADE"), nullable=False,
           index=True),
    Column("file", String(64), nullable=False, unique=True),
    Column("request_id", Text, nullable=False),
    # of an app that may be gone by now
    Column("package_name", Text),
    Column("uploaded_at", Double, nullable=False),
    Column("original_filename", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mime_type", String(64), nullable=False),
    Column("in_gallery", Boolean, nullable=False),
)  # fmt: skip

# outlives its user: that is what it is for
revocations = Table(
    "revocations",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("revoked_before", Double, nullable=False),
)
