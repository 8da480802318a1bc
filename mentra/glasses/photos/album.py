"""Pictures that are kept: files, what is known of them, and what is cleared away."""

import secrets
from functools import partial
from typing import BinaryIO

import attrs
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from zope.interface import implementer

from mentra.errors import MentraError, Refused
from mentra.extension import ComponentFactory
from mentra.glasses.photos.form import Form, Upload
from mentra.glasses.photos.manager import uploads_at
from mentra.glasses.photos.settings import PhotosSettings
from mentra.interfaces.photos import IAlbum, IPhotoFiles, IPhotoStore
from mentra.interfaces.services import IServices
from mentra.records import Photo

UPLOAD_SECONDS = 3600.0
"""Age of a file from which on it must have a row: longer than any upload takes."""


@implementer(IAlbum)
class Album(Service):
    """Sweeps by and by: a file is written before its row, and a crash may come between; a person's
    rows may go, by hand, without their files."""

    _log = Logger()

    def __init__(self, services: IServices) -> None:
        self._services = services
        self._settings: PhotosSettings = services.settings(PhotosSettings)
        self._files = IPhotoFiles(services)
        self._store = IPhotoStore(services)
        self._sweeping: Deferred[None] | None = None
        self._loop = LoopingCall(self._sweep_soon)
        self._loop.clock = services.clock

    def startService(self) -> None:
        """Sweep from now on."""
        super().startService()
        self._loop.start(self._settings.sweep).addErrback(
            lambda failure: self._log.failure("the sweep of photos ended", failure)
        )

    def stopService(self) -> "Deferred[None] | None":
        """The sweep under way is finished first."""
        super().stopService()
        if self._loop.running:
            self._loop.stop()
        return self._sweeping

    async def receive(self, body: BinaryIO, content_type: str) -> Upload:
        """Keep the picture of a form.

        :raises Denied: it is no such form, or its picture is too large.
        """
        form = Form(content_type, self._settings.max_size)
        kept: tuple[str, Upload] = await self._files.keep(partial(form.read, body))
        return attrs.evolve(kept[1], file=kept[0])

    async def add(
        self, user_id: str, upload: Upload, package_name: str | None, saved: bool
    ) -> Photo:
        """The upload is *user_id*'s from now on.

        :raises Refused: ``STORAGE_FULL``.
        """
        photo = Photo(
            photo_id=secrets.token_hex(12),
            user_id=user_id,
            file=upload.file,
            request_id=upload.request_id,
            package_name=package_name,
            uploaded_at=self._services.now(),
            original_filename=upload.original_filename,
            size=upload.size,
            mime_type=upload.mime_type,
            in_gallery=saved,
        )
        settings = self._settings
        try:
            fits = await self._store.add(photo, settings.max_per_user, settings.max_bytes_per_user)
            if not fits:
                raise Refused("STORAGE_FULL", "There is no room for more photos")
        except MentraError:
            await self._files.remove([upload.file])
            raise
        return photo

    def url(self, photo: Photo) -> str:
        """Where it is found by everybody who was told."""
        return uploads_at(self._services) + photo.file

    async def remove(self, photo: Photo) -> None:
        """Delete it."""
        await self._store.remove(photo.photo_id)
        await self._files.remove([photo.file])

    # -- sweeping

    def _sweep_soon(self) -> "Deferred[None]":
        self._sweeping = Deferred.fromCoroutine(self._sweep())
        return self._sweeping

    async def _sweep(self) -> None:
        now = self._services.now()
        try:
            await self._store.expire(now - self._settings.keep)
            candidates = await self._files.older_than(now - UPLOAD_SECONDS)
            if candidates:
                await self._files.remove(candidates - await self._store.files())
        except MentraError as problem:
            self._log.error("photos cannot be cleared away: {problem}", problem=str(problem))


album = ComponentFactory(IAlbum, Album)
