"""A person's own pictures over HTTP.  Source: docs/protocol/photos, "photos"."""

import msgspec

from mentra.errors import Denied
from mentra.extension import Access, route
from mentra.interfaces.photos import IAlbum, IPhotoStore
from mentra.interfaces.web import ICall
from mentra.messages.stamps import iso
from mentra.records import Photo

_REFUSALS = {403: "It is somebody else's.", 404: "There is no such picture."}


class About(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is known of a file.

    :ivar size: bytes.
    """

    original_filename: str
    size: int
    mime_type: str


class GalleryPhoto(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A picture in the gallery.

    :ivar old_id: the same as *id*, where older clients look for it.
    :ivar app_id: package name of the app it was taken for, null if the wearer took it.
    :ivar upload_date: ISO 8601, UTC.
    """

    id: str
    old_id: str = msgspec.field(name="_id")
    user_id: str
    filename: str
    photo_url: str
    request_id: str
    app_id: str | None
    upload_date: str
    metadata: About


class Gallery(msgspec.Struct, frozen=True, kw_only=True):
    """All of a person's pictures."""

    success: bool
    photos: list[GalleryPhoto]


class OnePhoto(msgspec.Struct, frozen=True, kw_only=True):
    """One of them."""

    success: bool
    photo: GalleryPhoto


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """It is gone."""

    success: bool
    message: str


@route("GET", "/api/gallery", access=Access.USER, answer=Gallery)
async def list_gallery(call: ICall) -> Gallery:
    """The caller's pictures, the newest first."""
    photos = await IPhotoStore(call.services).gallery(call.user_id or "")
    return Gallery(success=True, photos=[_shown(call, photo) for photo in photos])


@route("GET", "/api/gallery/{photo_id}", access=Access.USER, answer=OnePhoto, errors=_REFUSALS)
async def gallery_photo(call: ICall) -> OnePhoto:
    """One of the caller's pictures."""
    return OnePhoto(success=True, photo=_shown(call, await _own(call)))


@route("DELETE", "/api/gallery/{photo_id}", access=Access.USER, answer=Deleted, errors=_REFUSALS)
async def delete_gallery_photo(call: ICall) -> Deleted:
    """Delete one of the caller's pictures, file and all."""
    await IAlbum(call.services).remove(await _own(call))
    return Deleted(success=True, message="Photo deleted")


async def _own(call: ICall) -> Photo:
    photo: Photo | None = await IPhotoStore(call.services).get(call.values["photo_id"])
    if photo is None or not photo.in_gallery:
        raise Denied(404, {"success": False, "error": "Photo not found"})
    if photo.user_id != call.user_id:
        raise Denied(403, {"success": False, "error": "This photo is somebody else's"})
    return photo


def _shown(call: ICall, photo: Photo) -> GalleryPhoto:
    return GalleryPhoto(
        id=photo.photo_id,
        old_id=photo.photo_id,
        user_id=photo.user_id,
        filename=photo.file,
        photo_url=IAlbum(call.services).url(photo),
        request_id=photo.request_id,
        app_id=photo.package_name,
        upload_date=iso(photo.uploaded_at),
        metadata=About(
            original_filename=photo.original_filename, size=photo.size, mime_type=photo.mime_type
        ),
    )
