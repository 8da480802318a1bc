"""What is known of pictures, in a database."""

from functools import partial

from twisted.internet.defer import Deferred
from zope.interface import implementer

from mentra.interfaces.photos import IPhotoStore
from mentra.records import Photo
from mentra.stores import photos
from mentra.stores.database import Database


@implementer(IPhotoStore)
class PhotoStore:
    """Keeps nothing in memory."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, photo: Photo, count: int, size: int) -> Deferred[bool]:
        """Remember *photo*; whether there was room."""
        return self._database.write(
            partial(photos.add, photo=photo, count=count, size=size), lane=photo.user_id
        )

    def gallery(self, user_id: str) -> Deferred[tuple[Photo, ...]]:
        """The pictures in the person's gallery, the newest first."""
        return self._database.read(partial(photos.gallery, user_id=user_id))

    def get(self, photo_id: str) -> Deferred[Photo | None]:
        """The picture, or None."""
        return self._database.read(partial(photos.get, photo_id=photo_id))

    def remove(self, photo_id: str) -> Deferred[bool]:
        """Forget a picture; whether it was there."""
        return self._database.write(partial(photos.remove, photo_id=photo_id))

    def expire(self, moment: float) -> Deferred[None]:
        """Forget what is in no gallery and older than *moment*."""
        return self._database.write(partial(photos.expire, moment=moment))

    def files(self) -> Deferred[frozenset[str]]:
        """File names of all pictures."""
        return self._database.read(photos.files)
