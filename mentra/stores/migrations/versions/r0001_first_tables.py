"""People, apps, installs, settings, keys and running apps."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_COUNTING = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _user(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_user_id_users"
    return sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name, ondelete="CASCADE")


def _package(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["package_name"],
        ["apps.package_name"],
        f"fk_{table}_package_name_apps",
        ondelete="CASCADE",
    )


def upgrade() -> None:
    """Make the first tables."""
    _create_apps()
    _create_users()
    _create_what_users_have()


def _create_apps() -> None:
    op.create_table(
        "apps",
        sa.Column("package_name", sa.Text, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("package_name", name="pk_apps"),
    )
    op.create_table(
        "app_keys",
        sa.Column("id", _COUNTING, nullable=False),
        sa.Column("package_name", sa.Text, nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_app_keys"),
        sa.UniqueConstraint("package_name", "key_hash", name="uq_app_keys_package_name_key_hash"),
        _package("app_keys"),
    )
    op.create_table(
        "app_servers",
        sa.Column("package_name", sa.Text, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("package_name", name="pk_app_servers"),
        _package("app_servers"),
    )


def _create_users() -> None:
    op.create_table(
        "users",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_users"),
    )
    op.create_table(
        "revocations",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("revoked_before", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_revocations"),
    )


def _create_what_users_have() -> None:
    op.create_table(
        "installs",
        sa.Column("id", _COUNTING, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("package_name", sa.Text, nullable=False),
        sa.Column("installed_at", sa.Double, nullable=False),
        sa.Column("last_active_at", sa.Double),
        sa.PrimaryKeyConstraint("id", name="pk_installs"),
        sa.UniqueConstraint("user_id", "package_name", name="uq_installs_user_id_package_name"),
        _user("installs"),
        _package("installs"),
    )
    op.create_table(
        "running_apps",
        sa.Column("id", _COUNTING, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("package_name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_running_apps"),
        sa.UniqueConstraint("user_id", "package_name", name="uq_running_apps_user_id_package_name"),
        _user("running_apps"),
        _package("running_apps"),
    )
    op.create_table(
        "app_settings",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("package_name", sa.Text, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "package_name", name="pk_app_settings"),
        _user("app_settings"),
        _package("app_settings"),
    )
    for table in ("installs", "running_apps", "app_settings"):
        op.create_index(f"ix_{table}_package_name", table, ["package_name"])
