"""Pictures: as files, as a person's, and as something that an app has asked for."""

from typing import Any

from zope.interface import Interface


class IPhotoFiles(Interface):
    """Pictures as files, under names that nobody can guess.  Adapt the services to it.

    Any awaitable may fail with :class:`mentra.errors.StoreError`.
    """

    def keep(fill: Any) -> Any:
        """Make a file; an awaitable of its name and what *fill* returned.

        :param fill: called in a thread with a new binary file, open for writing; returns something
            with an attribute ``suffix``, e.g. ``.jpg``, and what it raises ends in no file.
        """

    def open(name: str) -> Any:
        """An awaitable of the file as a Twisted ``IBodyProducer``, to be started or stopped; None
        if there is none of that name."""

    def read(name: str) -> Any:
        """An awaitable of all of a short file's bytes; None if there is none of that name."""

    def remove(names: Any) -> Any:
        """Delete those of the *names* that are there; an awaitable."""

    def older_than(moment: float) -> Any:
        """An awaitable of the names of the files last written before *moment*, POSIX seconds: a
        frozenset."""


class IPhotoStore(Interface):
    """What is known of each picture.  Nothing here is for a message's path.

    Any awaitable may fail with :class:`mentra.errors.StoreError`.
    """

    def add(photo: Any, count: int, size: int) -> Any:
        """Remember a :class:`mentra.records.Photo`; an awaitable of whether there was room.

        :param count: pictures that its owner may have, this one included.
        :param size: bytes that all of these may have together.
        :raises mentra.errors.NotThere: no such user.
        """

    def gallery(user_id: str) -> Any:
        """An awaitable of the pictures in the person's gallery, a tuple, the newest first."""

    def get(photo_id: str) -> Any:
        """An awaitable of the picture, or of None."""

    def remove(photo_id: str) -> Any:
        """Forget a picture; an awaitable of whether it was there."""

    def expire(moment: float) -> Any:
        """Forget the pictures that are in no gallery and were uploaded before *moment*, POSIX
        seconds; an awaitable."""

    def files() -> Any:
        """An awaitable of the file names of all pictures: a frozenset."""


class IAlbum(Interface):
    """People's pictures, files and all.  Adapt the services to it."""

    def receive(body: Any, content_type: str) -> Any:
        """Keep the picture of a form; an awaitable of a :class:`mentra.glasses.photos.form.Upload`.

        :param body: the form, a binary file.
        :raises mentra.errors.Denied: it is no such form, or its picture is too large.
        """

    def add(user_id: str, upload: Any, package_name: str | None, saved: bool) -> Any:
        """The upload is *user_id*'s from now on; an awaitable of its :class:`mentra.records.Photo`.

        If that fails its file is deleted.

        :param package_name: the app it was taken for, if any.
        :param saved: it goes into the gallery; else it is deleted after a while.
        :raises mentra.errors.Refused: code ``STORAGE_FULL``.
        """

    def url(photo: Any) -> str:
        """Where a picture is found by everybody who was told."""

    def remove(photo: Any) -> Any:
        """Delete a picture; an awaitable."""


class IPhotos(Interface):
    """Pictures that somebody wants from the glasses of a session.  Source: docs/protocol."""

    def request(package_name: str, message: Any) -> None:
        """An app's :class:`mentra.messages.photos.PhotoRequest`.

        :raises mentra.errors.Refused: it may not or cannot have one; it has been told by
            ``photo_response`` too.
        """

    def take() -> str:
        """The wearer wants one: the id of the request that the phone is to fulfil.

        :raises mentra.errors.Refused: too many are waited for.
        """

    def is_wanted(request_id: str) -> bool:
        """Whether the wearer's own request of that id is waited for."""

    def answered(message: Any) -> bool:
        """The phone's :class:`mentra.messages.photos.PhotoResponse`; False if nobody asked."""

    def claim(request_id: str) -> Any:
        """A picture came by upload: the :class:`mentra.glasses.photos.manager.Wanted` that ends
        with it, or None."""

    def delivered(request_id: str, wanted: Any, photo: Any, url: str) -> None:
        """The upload is kept: tell whoever asked, and the subscribers."""

    def failed(wanted: Any, request_id: str, code: str, message: str) -> None:
        """It could not be kept: tell whoever asked."""

    def app_stopped(package_name: str) -> None:
        """The app waits for no picture any more."""
