"""Pictures over HTTP: brought, answered for, looked at.  Source: docs/protocol/photos, "photos"."""

import base64
from typing import Annotated, Any

import msgspec
from twisted.internet.defer import CancelledError

from mentra.errors import Denied, MentraError, NotThere, Refused
from mentra.extension import Access, HttpAnswer, route
from mentra.glasses.photos.form import MIME_TYPES, Upload
from mentra.glasses.photos.manager import Wanted
from mentra.glasses.photos.settings import LARGEST_FORM, PhotosSettings
from mentra.interfaces.glasses import IRelay, ISubscriptions
from mentra.interfaces.photos import IAlbum, IPhotoFiles, IPhotos
from mentra.interfaces.session import ISessions, IUserSession
from mentra.interfaces.web import ICall
from mentra.messages.photos import PhotoResponse, PhotoTaken, RequestId
from mentra.messages.stamps import iso
from mentra.records import Photo

# what lies at these addresses came from outside: it is never a page
_NO_SESSION: dict[str, object] = {"error": "User session not found"}
_AS_A_PICTURE = {"Content-Security-Policy": "sandbox; default-src 'none'"}


class PhotoForm(msgspec.Struct, frozen=True, kw_only=True):
    """A picture with its request.

    :ivar metadata: JSON, ``{"requestId", "saveToGallery"?}``.
    """

    file: Annotated[str, msgspec.Meta(extra_json_schema={"format": "binary"})]
    metadata: str


class Uploaded(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where it is now."""

    success: bool
    photo_url: str
    request_id: str


@route(
    "POST",
    "/api/photos/upload",
    access=Access.USER,
    body=PhotoForm,
    body_type="multipart/form-data",
    max_body=LARGEST_FORM,
    answer=Uploaded,
    errors={
        400: "There is no picture, or no id of its request.",
        404: "The caller has no session.",
        507: "There is no room for it.",
    },
)
async def upload_photo(call: ICall) -> Uploaded:
    """The glasses bring a picture."""
    session = _session(call, _NO_SESSION, 404)
    album = IAlbum(call.services)
    upload: Upload = await album.receive(call.content, call.header("content-type") or "")
    if session.ending:
        await IPhotoFiles(call.services).remove([upload.file])
        raise Denied(404, _NO_SESSION)
    wanted: Wanted | None = IPhotos(session).claim(upload.request_id)
    photo = await _kept(album, session, upload, wanted)
    url = album.url(photo)
    # nobody is there to be told if the session ended meanwhile
    if not session.ending:
        IPhotos(session).delivered(upload.request_id, wanted, photo, url)
        await _tell_subscribers(call, session, photo, url)
    return Uploaded(success=True, photo_url=url, request_id=upload.request_id)


async def _kept(
    album: IAlbum, session: IUserSession, upload: Upload, wanted: Wanted | None
) -> Photo:
    saved = upload.saved if wanted is None else wanted.saved
    package_name = None if wanted is None else wanted.package_name
    code, text = "UPLOAD_FAILED", "The photo could not be kept"
    try:
        photo: Photo = await album.add(session.user_id, upload, package_name, saved)
    except (MentraError, CancelledError) as problem:
        if isinstance(problem, Refused):
            code, text = problem.code, problem.message
        # whoever claimed it is waited for by nobody else
        if wanted is not None and not session.ending:
            IPhotos(session).failed(wanted, upload.request_id, code, text)
        if isinstance(problem, CancelledError):
            raise
        body: dict[str, object] = {"error": "File upload failed", "code": code}
        raise Denied(507, body | {"message": text, "details": text}) from problem
    return photo


async def _tell_subscribers(call: ICall, session: IUserSession, photo: Photo, url: str) -> None:
    if not ISubscriptions(session).matching("photo_taken"):
        return
    settings: PhotosSettings = call.services.settings(PhotosSettings)
    data = None
    if photo.size <= settings.inline:
        data = await IPhotoFiles(call.services).read(photo.file)
    event = PhotoTaken(
        photo_url=url,
        request_id=photo.request_id,
        mime_type=photo.mime_type,
        photo_data=None if data is None else base64.b64encode(data).decode(),
        timestamp=iso(call.services.now()),
    )
    if not session.ending:
        IRelay(session).relay("photo_taken", msgspec.json.encode(event))


@route(
    "GET",
    "/uploads/{name}",
    access=Access.PUBLIC,
    answer_type="image/*",
    errors={404: "There is no such picture."},
)
async def uploaded_photo(call: ICall) -> Any:
    """A picture, to everybody who was told its name."""
    name = call.values["name"]
    body = await IPhotoFiles(call.services).open(name)
    if body is None:
        raise NotThere("there is no such photo")
    _, dot, suffix = name.rpartition(".")
    mime_type = MIME_TYPES.get(dot + suffix, "application/octet-stream")
    return HttpAnswer(body=body, content_type=mime_type, headers=_AS_A_PICTURE)


class PhoneAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a phone says of a request over HTTP."""

    request_id: RequestId
    success: bool
    photo_url: str | None = None
    saved_to_gallery: bool | None = None
    error_code: str | None = None
    error_message: str | None = None


class Heard(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """It was waited for."""

    success: bool
    request_id: str
    timestamp: str


@route(
    "POST",
    "/api/client/photo/response",
    access=Access.USER,
    body=PhoneAnswer,
    answer=Heard,
    errors={404: "Nobody asked for this photo, or not any more."},
)
def answer_photo(call: ICall) -> Heard:
    """The phone tells what became of a request."""
    session = _session(call, {"error": "No active session found"}, 401)
    said: PhoneAnswer = call.body
    message = PhotoResponse(
        request_id=said.request_id,
        success=said.success,
        photo_url=said.photo_url,
        saved_to_gallery=said.saved_to_gallery,
        error_code=said.error_code,
        error_message=said.error_message,
    )
    if not IPhotos(session).answered(message):
        text = "Nobody asked for this photo"
        raise Denied(404, {"success": False, "error": text, "message": text})
    event = {"type": PhotoResponse.tag(), **msgspec.to_builtins(said)}
    error = {"code": said.error_code or "UNKNOWN_ERROR", "message": said.error_message or ""}
    event |= {"timestamp": iso(call.services.now())} | ({} if said.success else {"error": error})
    IRelay(session).relay(PhotoResponse.tag(), msgspec.json.encode(event))
    return Heard(success=True, request_id=said.request_id, timestamp=iso(call.services.now()))


def _session(call: ICall, refusal: dict[str, object], status: int) -> IUserSession:
    session: IUserSession | None = ISessions(call.services).get(call.user_id or "")
    if session is None or session.ending:
        raise Denied(status, refusal)
    return session
