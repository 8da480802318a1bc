"""Pictures without a disk and without a database."""

import io
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

import attrs
from twisted.internet.defer import Deferred, execute, succeed
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from mentra.errors import NotThere
from mentra.interfaces.photos import IPhotoFiles, IPhotoStore
from mentra.records import Photo
from mentra.stores.photo_files import KeptT, is_file_name, new_name
from mentra.testing.stores import MemoryUserStore


@implementer(IBodyProducer)
@attrs.define(eq=False)
class BytesBody:
    """A body that is there at once.

    :ivar stopped: whether nobody wanted it (any more).
    """

    data: bytes
    stopped: bool = False

    @property
    def length(self) -> int:
        """Bytes."""
        return len(self.data)

    def startProducing(self, consumer: Any) -> Deferred[None]:
        """Write all of it."""
        consumer.write(self.data)
        return succeed(None)

    def pauseProducing(self) -> None:
        """It is written already."""

    def resumeProducing(self) -> None:
        """It is written already."""

    def stopProducing(self) -> None:
        """Nobody wants it any more."""
        self.stopped = True


@implementer(IPhotoFiles)
class MemoryPhotoFiles:
    """Files in a dict.

    :ivar files: name to content; their age is in ``written``.
    :param now: wall time, POSIX seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.files: dict[str, bytes] = {}
        self.written: dict[str, float] = {}
        self._now = now

    def keep(self, fill: Callable[[BinaryIO], KeptT]) -> Deferred[tuple[str, KeptT]]:
        """Make a file."""
        return execute(self._keep, fill)

    def _keep(self, fill: Callable[[BinaryIO], KeptT]) -> tuple[str, KeptT]:
        file = io.BytesIO()
        filled = fill(file)
        name = new_name() + filled.suffix
        self.files[name], self.written[name] = file.getvalue(), self._now()
        return name, filled

    def open(self, name: str) -> Deferred[BytesBody | None]:
        """The file, or None."""
        found = self.files.get(name) if is_file_name(name) else None
        return succeed(None if found is None else BytesBody(found))

    def read(self, name: str) -> Deferred[bytes | None]:
        """The bytes, or None."""
        return succeed(self.files.get(name))

    def remove(self, names: Iterable[str]) -> Deferred[None]:
        """Delete those that are there."""
        for name in names:
            self.files.pop(name, None)
        return succeed(None)

    def older_than(self, moment: float) -> Deferred[frozenset[str]]:
        """Names of the files written before *moment*."""
        return succeed(frozenset(name for name in self.files if self.written[name] < moment))


@implementer(IPhotoStore)
class MemoryPhotoStore:
    """Rows in a dict.

    :param users: who there is.
    """

    def __init__(self, users: MemoryUserStore) -> None:
        self.photos: dict[str, Photo] = {}
        self._users = users
        users.removal_listeners.append(self._user_removed)

    def add(self, photo: Photo, count: int, size: int) -> Deferred[bool]:
        """Remember it, if there is room."""
        return execute(self._add, photo, count, size)

    def _add(self, photo: Photo, count: int, size: int) -> bool:
        if not self._users.knows(photo.user_id):
            raise NotThere("there is no such user")
        theirs = [one.size for one in self.photos.values() if one.user_id == photo.user_id]
        if len(theirs) >= count or sum(theirs) + photo.size > size:
            return False
        self.photos[photo.photo_id] = photo
        return True

    def gallery(self, user_id: str) -> Deferred[tuple[Photo, ...]]:
        """The person's, the newest first."""
        theirs = [one for one in self.photos.values() if one.user_id == user_id and one.in_gallery]
        return succeed(tuple(sorted(theirs, key=lambda one: (-one.uploaded_at, one.photo_id))))

    def get(self, photo_id: str) -> Deferred[Photo | None]:
        """It, or None."""
        return succeed(self.photos.get(photo_id))

    def remove(self, photo_id: str) -> Deferred[bool]:
        """Forget it."""
        return succeed(self.photos.pop(photo_id, None) is not None)

    def expire(self, moment: float) -> Deferred[None]:
        """Forget what is in no gallery and older than *moment*."""
        self._keep(lambda one: one.in_gallery or one.uploaded_at >= moment)
        return succeed(None)

    def files(self) -> Deferred[frozenset[str]]:
        """File names of all pictures."""
        return succeed(frozenset(one.file for one in self.photos.values()))

    def _user_removed(self, user_id: str) -> None:
        self._keep(lambda one: one.user_id != user_id)

    def _keep(self, stays: Callable[[Photo], bool]) -> None:
        self.photos = {photo_id: one for photo_id, one in self.photos.items() if stays(one)}
