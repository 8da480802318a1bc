"""Pictures that are made: engines, what is kept, and the work on them."""

from typing import Any

from zope.interface import Attribute, Interface

from mentra.interfaces.engines import IEngine
from mentra.interfaces.photos import IPhotoFiles


class IImageEngine(IEngine):
    """Makes pictures.  An engine, shared by everybody."""

    credential: str | None = Attribute("The key of the credential that it is asked with, or None.")

    def has_credential() -> bool:
        """Whether it can work without a *credential*: it needs none, or one is configured."""

    def generate(asked: Any, *, credential: str | None = None) -> Any:
        """Make pictures; an awaitable of a tuple of :class:`mentra.pictures.Picture`, as many as
        were asked for or fewer, at least one.  Cancelling it gives them up.

        :param asked: a :class:`mentra.pictures.PictureRequest`.
        :param credential: a key instead of the configured one.  It is in no error and no log.
        :raises mentra.errors.Refused: codes as of
            :meth:`mentra.interfaces.llm.ILanguageModel.chat`; ``where="provider"``, ``retryable``
            where trying again makes sense.
        """


class IImageFiles(IPhotoFiles):
    """The files of pictures that were made.  Adapt the services to it."""


class IImageStore(Interface):
    """What is known of groups, entries, jobs and pictures, each person's for themselves.  Adapt the
    services to it.

    Records are those of :mod:`mentra.messages.channels.images`.  Whatever writes has reached the
    disk when it answers.  User ids are canonical; what is another person's is not there.
    """

    def groups(user_id: str) -> Any:
        """An awaitable of a list of groups, in their order; the first is made if there is none.

        :raises mentra.errors.Refused: ``NO_SUCH_USER``.
        """

    def create_group(user_id: str, name: str, most: int) -> Any:
        """An awaitable of a new group.

        :raises mentra.errors.Refused: ``NO_SUCH_USER`` or ``TOO_MANY``.
        """

    def entries(user_id: str, group_id: str) -> Any:
        """An awaitable of a list of its entries, in their order."""

    def create_entry(user_id: str, group_id: str, wanted: Any, most: int) -> Any:
        """An awaitable of a new entry, of a :class:`mentra.messages.channels.images.Wanted`.

        :raises mentra.errors.Refused: ``NOT_FOUND`` or ``TOO_MANY``.
        """

    def change_group(user_id: str, change: Any) -> Any:
        """Do what a :class:`mentra.messages.channels.imagegen_changes.UpdateGroup` says; an
        awaitable of the group.

        :raises mentra.errors.Refused: ``NOT_FOUND``.
        """

    def remove_group(user_id: str, group_id: str) -> Any:
        """Delete a group that is empty; an awaitable of whether it was there.

        :raises mentra.errors.Refused: ``NOT_EMPTY``.
        """

    def change_entry(user_id: str, change: Any, edit: Any) -> Any:
        """Do what a :class:`mentra.messages.channels.imagegen_changes.UpdateEntry` says; an
        awaitable of the entry.

        :param edit: makes what is wanted then out of what was, both
            :class:`mentra.messages.channels.images.Wanted`; called in a thread.
        :raises mentra.errors.Refused: ``NOT_FOUND``, or what *edit* raises.
        """

    def remove_entry(user_id: str, entry_id: str) -> Any:
        """Delete an entry with its jobs; an awaitable of whether it was there.

        :raises mentra.errors.Refused: ``WRONG_STATE`` or ``HAS_IMAGES``.
        """

    def create_job(user_id: str, entry_id: str, most: int) -> Any:
        """An awaitable of a new job that waits for its turn.

        :param most: jobs of a person that are not over.
        :raises mentra.errors.Refused: ``NOT_FOUND``, ``DISABLED`` or ``TOO_MANY``.
        """

    def jobs(user_id: str, asked: Any) -> Any:
        """An awaitable of a list of jobs, for a
        :class:`mentra.messages.channels.imagegen.ListJobs`."""

    def requeue() -> Any:
        """Have jobs that were running when the server died wait for their turn; an awaitable of
        every job that waits, the oldest first: a list of pairs ``(user_id, job_id)``."""

    def begin(user_id: str, job_id: str) -> Any:
        """Its turn has come; an awaitable of the job and of what is wanted, or of None if it does
        not wait any more."""

    def move(user_id: str, job_id: str, state: str, allowed: Any) -> Any:
        """Put a job that is in one of the states *allowed* into *state*; an awaitable of it.

        :raises mentra.errors.Refused: ``NOT_FOUND`` or ``WRONG_STATE``.
        """

    def add_images(user_id: str, job_id: str, images: Any) -> Any:
        """A batch has brought *images*, :class:`mentra.pictures.NewImage` each; an awaitable of the
        job and of a list of the pictures."""

    def batch_failed(user_id: str, job_id: str, error: str) -> Any:
        """A batch has brought nothing; an awaitable of the job."""

    def gallery(user_id: str, asked: Any) -> Any:
        """An awaitable of the page that a :class:`mentra.messages.channels.imagegen.ListImages`
        asks for."""

    def file_of(user_id: str, image_id: str) -> Any:
        """An awaitable of the picture and its file's name, or of None."""

    def change_image(user_id: str, change: Any) -> Any:
        """Do what a :class:`mentra.messages.channels.imagegen.UpdateImage` says; an awaitable of
        the picture.

        :raises mentra.errors.Refused: ``NOT_FOUND``.
        """

    def remove_image(user_id: str, image_id: str) -> Any:
        """Forget a picture; an awaitable of its file's name, or of None."""

    def files() -> Any:
        """An awaitable of the file names of all pictures: a frozenset."""


class IImageWork(Interface):
    """Makes pictures, one job after the other.  Adapt the services to it."""

    def run(user_id: str, entry_id: str) -> Any:
        """Have pictures made of an entry; an awaitable of the job.

        :raises mentra.errors.Refused: ``NOT_FOUND``, ``DISABLED`` or ``TOO_MANY``.
        """

    def cancel(user_id: str, job_id: str) -> Any:
        """End it; an awaitable of the job.

        :raises mentra.errors.Refused: ``NOT_FOUND`` or ``WRONG_STATE``; likewise the others.
        """

    def pause(user_id: str, job_id: str) -> Any:
        """Have it wait; an awaitable of the job."""

    def resume(user_id: str, job_id: str) -> Any:
        """Let a paused one go on; an awaitable of the job."""

    def retry(user_id: str, job_id: str) -> Any:
        """Let one that is over make what is missing; an awaitable of the job."""
