"""Pictures that were made: each function is one act within a transaction.  User ids are canonical
already; nobody reaches what is another's."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import msgspec
from msgspec import UNSET
from sqlalchemy import ColumnElement, Connection, delete, func, or_, select, update

from mentra.errors import Refused
from mentra.messages.channels.imagegen import ListImages, UpdateImage
from mentra.messages.channels.images import UNKNOWN_IMAGE, GalleryPage, GeneratedImage, Job
from mentra.messages.stamps import iso, moment_of
from mentra.pictures import NewImage
from mentra.stores.experiences import storable
from mentra.stores.image_queue import count_batch, job
from mentra.stores.image_tables import image_tags, images
from mentra.stores.names import is_name

_images, _tags = images, image_tags

FOLDER = "images"
"""Of their files, in the state directory."""

_ORDERS = {
    "newest": (_images.c.id.desc(),),
    "oldest": (_images.c.id.asc(),),
    "name": (_images.c.filename, _images.c.id),
    "rating": (func.coalesce(_images.c.rating, 0).desc(), _images.c.id.desc()),
}


def add(
    connection: Connection, user_id: str, job_id: str, new: Sequence[NewImage], now: float
) -> tuple[Job, list[GeneratedImage]]:
    """A batch has brought *new*; the job, and the pictures.

    :raises Refused: ``NOT_FOUND``: there is no such job.
    """
    job(connection, user_id, job_id)
    rows = [_new_row(one, user_id, job_id, now) for one in new]
    if rows:
        connection.execute(_images.insert(), rows)
    count_batch(connection, job_id, len(rows), None)
    ids = [row["image_id"] for row in rows]
    made = connection.execute(
        select(_images).where(_images.c.image_id.in_(ids)).order_by(_images.c.id)
    )
    return job(connection, user_id, job_id), [_image(row) for row in made]


def page(connection: Connection, user_id: str, asked: ListImages) -> GalleryPage:
    """What fits of a person's pictures."""
    if not is_name(user_id):
        return GalleryPage(images=[], total=0, has_more=False)
    fitting = select(_images).where(*_conditions(user_id, asked))
    total = connection.scalar(select(func.count()).select_from(fitting.subquery())) or 0
    order = _ORDERS[asked.sort_by]
    rows = connection.execute(fitting.order_by(*order).limit(asked.limit).offset(asked.offset))
    found = [_image(row) for row in rows]
    has_more = asked.offset + len(found) < total
    return GalleryPage(images=found, total=total, has_more=has_more)


def file_of(
    connection: Connection, user_id: str, image_id: str
) -> tuple[GeneratedImage, str] | None:
    """A picture and its file's name, or None."""
    row = _row(connection, user_id, image_id)
    return None if row is None else (_image(row), row.file)


def change(connection: Connection, user_id: str, wanted: UpdateImage) -> GeneratedImage:
    """What somebody thinks of a picture.

    :raises Refused: ``NOT_FOUND``.
    """
    row = _row(connection, user_id, wanted.id)
    if row is None:
        raise Refused("NOT_FOUND", UNKNOWN_IMAGE)
    values: dict[str, Any] = {
        name: value
        for name, value in (("favorite", wanted.favorite), ("rating", wanted.rating))
        if value is not UNSET
    }
    if wanted.notes is not UNSET:
        values["notes"] = None if wanted.notes is None else storable(wanted.notes)
    if wanted.tags is not UNSET:
        values["tags"] = _tag(connection, wanted.id, wanted.tags)
    if values:
        connection.execute(update(_images).where(_images.c.id == row.id).values(values))
    return _image(_row(connection, user_id, wanted.id))


def remove(connection: Connection, user_id: str, image_id: str) -> str | None:
    """Forget a picture; its file's name, or None."""
    row = _row(connection, user_id, image_id)
    if row is None:
        return None
    connection.execute(delete(_images).where(_images.c.id == row.id))
    return str(row.file)


def files(connection: Connection) -> frozenset[str]:
    """The names of all files."""
    return frozenset(connection.execute(select(_images.c.file)).scalars())


def files_of(connection: Connection, user_id: str) -> tuple[str, ...]:
    """The names of a person's files."""
    if not is_name(user_id):
        return ()
    theirs = select(_images.c.file).where(_images.c.user_id == user_id)
    return tuple(connection.execute(theirs).scalars())


def _conditions(user_id: str, asked: ListImages) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [_images.c.user_id == user_id]
    if asked.models is not None:
        conditions.append(_images.c.model.in_(asked.models))
    if asked.date_range is not None and asked.date_range.start is not None:
        conditions.append(_images.c.created_at >= moment_of(asked.date_range.start))
    if asked.date_range is not None and asked.date_range.end is not None:
        conditions.append(_images.c.created_at <= moment_of(asked.date_range.end))
    if asked.favorite is not None:
        conditions.append(_images.c.favorite == asked.favorite)
    if asked.min_rating is not None:
        conditions.append(_images.c.rating >= asked.min_rating)
    for tag in asked.tags or ():
        tagged = select(_tags.c.image_id).where(_tags.c.tag == storable(tag))
        conditions.append(_images.c.image_id.in_(tagged))
    if asked.search:
        columns = (_images.c.prompt, _images.c.filename, _images.c.notes)
        text = storable(asked.search)
        conditions.append(or_(*(column.icontains(text, autoescape=True) for column in columns)))
    return conditions


def _tag(connection: Connection, image_id: str, tags: Any) -> str:
    kept = list(dict.fromkeys(storable(tag) for tag in tags))
    connection.execute(delete(_tags).where(_tags.c.image_id == image_id))
    if kept:
        rows = [{"image_id": image_id, "tag": tag} for tag in kept]
        connection.execute(_tags.insert(), rows)
    return msgspec.json.encode(kept).decode()


def _new_row(new: NewImage, user_id: str, job_id: str, now: float) -> dict[str, Any]:
    return {
        "image_id": f"img_{uuid4().hex}",
        "user_id": user_id,
        "job_id": job_id,
        "batch_id": new.batch_id,
        "file": new.file,
        "filename": new.filename,
        "size": new.size,
        "width": new.width,
        "height": new.height,
        "model": storable(new.model),
        "prompt": storable(new.prompt),
        "refs": msgspec.json.encode(new.references).decode(),
        "created_at": now,
        "favorite": False,
        "tags": "[]",
    }


def _row(connection: Connection, user_id: str, image_id: str) -> Any:
    if not (is_name(user_id) and is_name(image_id)):
        return None
    theirs = (_images.c.image_id == image_id) & (_images.c.user_id == user_id)
    return connection.execute(select(_images).where(theirs)).one_or_none()


def _image(row: Any) -> GeneratedImage:
    return GeneratedImage(
        id=row.image_id,
        job_id=row.job_id,
        batch_id=row.batch_id,
        path=f"{FOLDER}/{row.file}",
        filename=row.filename,
        size=row.size,
        width=row.width,
        height=row.height,
        model=row.model,
        prompt=row.prompt,
        references=msgspec.json.decode(row.refs),
        created_at=iso(row.created_at),
        favorite=row.favorite,
        rating=row.rating,
        tags=msgspec.json.decode(row.tags),
        notes=row.notes,
    )
