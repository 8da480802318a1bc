"""What is known of pictures: each function is one act within a transaction."""

from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, select

from mentra.errors import NotThere
from mentra.records import Photo
from mentra.stores import schema
from mentra.stores.names import is_name

_photos = schema.photos


def add(connection: Connection, photo: Photo, count: int, size: int) -> bool:
    """Remember *photo*; False if its owner would have over *count* pictures or *size* bytes.

    :raises NotThere: no such user.
    """
    users = schema.users
    # the lock makes uploads of one person take turns, so that each sees the one before
    owner = select(users.c.user_id).where(users.c.user_id == photo.user_id).with_for_update()
    if not is_name(photo.user_id) or connection.scalar(owner) is None:
        raise NotThere("there is no such user")
    held, taken = connection.execute(
        select(func.count(), func.coalesce(func.sum(_photos.c.size), 0)).where(
            _photos.c.user_id == photo.user_id
        )
    ).one()
    if held >= count or taken + photo.size > size:
        return False
    connection.execute(_photos.insert().values(**msgspec.structs.asdict(photo)))
    return True


def gallery(connection: Connection, user_id: str) -> tuple[Photo, ...]:
    """The pictures in a person's gallery, the newest first."""
    if not is_name(user_id):
        return ()
    rows = connection.execute(
        select(_photos)
        .where(_photos.c.user_id == user_id, _photos.c.in_gallery)
        .order_by(_photos.c.uploaded_at.desc(), _photos.c.photo_id)
    )
    return tuple(_photo(row) for row in rows)


def get(connection: Connection, photo_id: str) -> Photo | None:
    """The picture, or None."""
    if not is_name(photo_id):
        return None
    wanted = select(_photos).where(_photos.c.photo_id == photo_id)
    row = connection.execute(wanted).one_or_none()
    return None if row is None else _photo(row)


def remove(connection: Connection, photo_id: str) -> bool:
    """Forget a picture; whether it was there."""
    if not is_name(photo_id):
        return False
    gone = connection.execute(delete(_photos).where(_photos.c.photo_id == photo_id))
    return gone.rowcount > 0


def expire(connection: Connection, moment: float) -> None:
    """Forget what is in no gallery and was uploaded before *moment*, POSIX seconds."""
    connection.execute(delete(_photos).where(~_photos.c.in_gallery, _photos.c.uploaded_at < moment))


def files(connection: Connection) -> frozenset[str]:
    """File names of all pictures."""
    return frozenset(connection.execute(select(_photos.c.file)).scalars())


def files_of(connection: Connection, user_id: str) -> tuple[str, ...]:
    """File names of a person's pictures."""
    if not is_name(user_id):
        return ()
    theirs = select(_photos.c.file).where(_photos.c.user_id == user_id)
    return tuple(connection.execute(theirs).scalars())


def _photo(row: Any) -> Photo:
    return Photo(**row._mapping)
