"""What people went through: where they were, the glasses they had, the onboardings they saw and
what they had to say.  Each function is one act within a transaction; user ids are canonical."""

import msgspec
from sqlalchemy import Connection, Table, delete, select

from mentra.errors import NotThere
from mentra.records import Feedback, Whereabouts
from mentra.stores import schema
from mentra.stores.apps import require_app
from mentra.stores.names import is_name, require_name
from mentra.stores.rows import add, put

MOST_KEPT = 100
"""Models of glasses, and pieces of feedback, that are kept of one person."""


def whereabouts(connection: Connection, user_id: str) -> Whereabouts:
    """What is known of where the user is."""
    kept = schema.whereabouts
    text = connection.scalar(select(kept.c.record).where(kept.c.user_id == user_id))
    return Whereabouts() if text is None else msgspec.json.decode(text, type=Whereabouts)


def glasses_models(connection: Connection, user_id: str) -> tuple[str, ...]:
    """The models of glasses the user had on, in order."""
    kept = schema.glasses_models
    rows = select(kept.c.model_name).where(kept.c.user_id == user_id).order_by(kept.c.id)
    return tuple(connection.execute(rows).scalars())


def onboarded(connection: Connection, user_id: str) -> tuple[str, ...]:
    """The packages whose onboarding the user has seen, sorted."""
    kept = schema.onboardings
    rows = connection.execute(select(kept.c.package_name).where(kept.c.user_id == user_id))
    return tuple(sorted(rows.scalars()))


def save_whereabouts(connection: Connection, user_id: str, whereabouts: Whereabouts) -> None:
    """Replace what is known of where the user is.

    :raises NotThere: no such user.
    """
    _require(connection, user_id)
    record = msgspec.json.encode(whereabouts).decode()
    put(connection, schema.whereabouts, {"user_id": user_id, "record": record})


def add_glasses_model(connection: Connection, user_id: str, model_name: str) -> None:
    """The user had glasses of this model on.

    :raises NotThere: no such user.
    :raises mentra.errors.StoreError: *model_name* cannot be a name.
    """
    _require(connection, user_id)
    require_name(model_name)
    row = {"user_id": user_id, "model_name": model_name}
    add(connection, schema.glasses_models, row)
    _forget_oldest(connection, schema.glasses_models, user_id)


def complete_onboarding(connection: Connection, user_id: str, package_name: str) -> None:
    """The user has seen an app's onboarding.

    :raises NotThere: no such user or app.
    """
    _require(connection, user_id)
    require_app(connection, package_name)
    add(connection, schema.onboardings, {"user_id": user_id, "package_name": package_name})


def add_feedback(connection: Connection, user_id: str, text: str, now: float) -> None:
    """Keep what the user had to say.

    :param now: POSIX seconds.
    :raises NotThere: no such user.
    """
    _require(connection, user_id)
    row = {"user_id": user_id, "created_at": now, "text": storable(text)}
    connection.execute(schema.feedback.insert().values(row))
    _forget_oldest(connection, schema.feedback, user_id)


def storable(text: str) -> str:
    """*text* without what no database takes: NUL, and halves of surrogate pairs."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def all_feedback(connection: Connection) -> tuple[Feedback, ...]:
    """What everybody had to say, oldest first."""
    rows = connection.execute(select(schema.feedback).order_by(schema.feedback.c.id))
    return tuple(
        Feedback(user_id=row.user_id, created_at=row.created_at, text=row.text) for row in rows
    )


def _require(connection: Connection, user_id: str) -> None:
    # locked, so that writers of one person take turns
    users = schema.users
    row = select(users.c.user_id).where(users.c.user_id == user_id).with_for_update()
    if not is_name(user_id) or connection.scalar(row) is None:
        raise NotThere("there is no such user")


def _forget_oldest(connection: Connection, table: Table, user_id: str) -> None:
    newest = select(table.c.id).where(table.c.user_id == user_id).order_by(table.c.id.desc())
    kept = list(connection.execute(newest.limit(MOST_KEPT)).scalars())
    connection.execute(delete(table).where(table.c.user_id == user_id, table.c.id < kept[-1]))
