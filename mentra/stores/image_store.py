"""Groups, entries, jobs and pictures, in a database."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from mentra.interfaces.images import IImageFiles, IImageStore
from mentra.messages.channels.imagegen import ListImages, ListJobs, UpdateImage
from mentra.messages.channels.imagegen_changes import UpdateEntry, UpdateGroup
from mentra.messages.channels.images import (
    GalleryPage,
    GeneratedImage,
    Job,
    QueueEntry,
    QueueGroup,
    Wanted,
)
from mentra.pictures import NewImage
from mentra.stores import gallery, image_changes, image_queue
from mentra.stores.database import Transactions
from mentra.stores.photo_files import PhotoFiles


@implementer(IImageFiles)
class ImageFiles(PhotoFiles):
    """Files of pictures that were made."""


@implementer(IImageStore)
class ImageStore:
    """Keeps nothing in memory; writes of one person are done in the order they were asked for.

    :param now: wall time, POSIX seconds.
    """

    def __init__(self, database: Transactions, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now

    def groups(self, user_id: str) -> Deferred[list[QueueGroup]]:
        """In their order."""
        return self._write(image_queue.groups, user_id, now=self._now())

    def create_group(self, user_id: str, name: str, most: int) -> Deferred[QueueGroup]:
        """After the others."""
        return self._write(image_queue.create_group, user_id, name=name, now=self._now(), most=most)

    def entries(self, user_id: str, group_id: str) -> Deferred[list[QueueEntry]]:
        """In their order."""
        return self._read(image_queue.entries, user_id, group_id=group_id)

    def create_entry(
        self, user_id: str, group_id: str, wanted: Wanted, most: int
    ) -> Deferred[QueueEntry]:
        """At the end of a group."""
        return self._write(
            image_queue.create_entry, user_id, group_id=group_id, wanted=wanted, now=self._now(),
            most=most,
        )  # fmt: skip

    def change_group(self, user_id: str, change: UpdateGroup) -> Deferred[QueueGroup]:
        """What is given."""
        return self._write(image_changes.change_group, user_id, wanted=change, now=self._now())

    def remove_group(self, user_id: str, group_id: str) -> Deferred[bool]:
        """One that is empty."""
        return self._write(image_changes.remove_group, user_id, group_id=group_id)

    def change_entry(
        self, user_id: str, change: UpdateEntry, edit: Callable[[Wanted], Wanted]
    ) -> Deferred[QueueEntry]:
        """What is given."""
        return self._write(
            image_changes.change_entry, user_id, wanted=change, edit=edit, now=self._now()
        )

    def remove_entry(self, user_id: str, entry_id: str) -> Deferred[bool]:
        """With its jobs."""
        return self._write(image_changes.remove_entry, user_id, entry_id=entry_id)

    def create_job(self, user_id: str, entry_id: str, most: int) -> Deferred[Job]:
        """Of an entry."""
        return self._write(
            image_queue.create_job, user_id, entry_id=entry_id, now=self._now(), most=most
        )

    def jobs(self, user_id: str, asked: ListJobs) -> Deferred[list[Job]]:
        """The newest first."""
        return self._read(image_queue.jobs, user_id, asked=asked)

    def requeue(self) -> Deferred[list[tuple[str, str]]]:
        """What waits, and what was running."""
        return self._database.write(image_queue.requeue)

    def begin(self, user_id: str, job_id: str) -> Deferred[tuple[Job, Wanted] | None]:
        """Its turn has come."""
        return self._write(image_queue.begin, user_id, job_id=job_id, now=self._now())

    def move(
        self, user_id: str, job_id: str, state: str, allowed: Collection[str]
    ) -> Deferred[Job]:
        """Into another state."""
        return self._write(
            image_queue.move, user_id, job_id=job_id, state=state, allowed=tuple(allowed),
            now=self._now(),
        )  # fmt: skip

    def add_images(
        self, user_id: str, job_id: str, images: Sequence[NewImage]
    ) -> Deferred[tuple[Job, list[GeneratedImage]]]:
        """Of a batch."""
        return self._write(gallery.add, user_id, job_id=job_id, new=images, now=self._now())

    def batch_failed(self, user_id: str, job_id: str, error: str) -> Deferred[Job]:
        """A batch has brought nothing."""
        return self._write(image_queue.batch_failed, user_id, job_id=job_id, error=error)

    def gallery(self, user_id: str, asked: ListImages) -> Deferred[GalleryPage]:
        """What fits."""
        return self._read(gallery.page, user_id, asked=asked)

    def file_of(self, user_id: str, image_id: str) -> Deferred[tuple[GeneratedImage, str] | None]:
        """A picture and its file."""
        return self._read(gallery.file_of, user_id, image_id=image_id)

    def change_image(self, user_id: str, change: UpdateImage) -> Deferred[GeneratedImage]:
        """What somebody thinks of it."""
        return self._write(gallery.change, user_id, wanted=change)

    def remove_image(self, user_id: str, image_id: str) -> Deferred[str | None]:
        """Forget it."""
        return self._write(gallery.remove, user_id, image_id=image_id)

    def files(self) -> Deferred[frozenset[str]]:
        """Of everybody."""
        return self._database.read(gallery.files)

    def _read(self, function: Callable[..., Any], user_id: str, **arguments: Any) -> Deferred[Any]:
        return self._database.read(partial(function, user_id=user_id, **arguments))

    def _write(self, function: Callable[..., Any], user_id: str, **arguments: Any) -> Deferred[Any]:
        return self._database.write(partial(function, user_id=user_id, **arguments), lane=user_id)
