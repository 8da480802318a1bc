"""What the tables are made of."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, Text

metadata = MetaData(
    # migrations that rebuild a table must be able to name its constraints
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def order() -> Column[int]:
    """Counts up, so it tells which row came first when times are equal."""
    # on SQLite only a plain INTEGER is the row id
    return Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)


def user(*, primary_key: bool = False, index: bool = False) -> Column[str]:
    """Whose it is; it goes with them."""
    target = ForeignKey("users.user_id", ondelete="CASCADE")
    return Column("user_id", Text, target, primary_key=primary_key, nullable=False, index=index)


def package(*, primary_key: bool = False, index: bool = False) -> Column[str]:
    """Which app's it is; it goes with it."""
    target = ForeignKey("apps.package_name", ondelete="CASCADE")
    return Column(
        "package_name", Text, target, primary_key=primary_key, nullable=False, index=index
    )
