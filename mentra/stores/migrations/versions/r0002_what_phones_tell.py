"""Where people were, the glasses they had, the onboarding they saw and what they had to say."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COUNTING = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _user(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_user_id_users"
    return sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name, ondelete="CASCADE")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "whereabouts",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_whereabouts"),
        _user("whereabouts"),
    )
    op.create_table(
        "glasses_models",
        sa.Column("id", _COUNTING, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("model_name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_glasses_models"),
        sa.UniqueConstraint("user_id", "model_name", name="uq_glasses_models_user_id_model_name"),
        _user("glasses_models"),
    )
    op.create_table(
        "onboardings",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("package_name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "package_name", name="pk_onboardings"),
        _user("onboardings"),
        sa.ForeignKeyConstraint(
            ["package_name"],
            ["apps.package_name"],
            "fk_onboardings_package_name_apps",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_onboardings_package_name", "onboardings", ["package_name"])
    op.create_table(
        "feedback",
        sa.Column("id", _COUNTING, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        _user("feedback"),
    )
