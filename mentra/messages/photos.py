"""Pictures: asked for by apps, taken by glasses.  Source: docs/protocol."""

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from mentra.messages import Message, Relayed

RequestId = Annotated[str, Meta(min_length=1, max_length=256)]
"""What names a request, chosen by whoever asks."""

_Url = Annotated[str, Meta(max_length=4096)]
_Word = Annotated[str, Meta(max_length=32)]


class PhotoRequest(Message, frozen=True, kw_only=True, tag="photo_request"):
    """An app wants a picture.

    :ivar custom_webhook_url: where it goes instead of the app's own ``/photo-upload``.
    :ivar auth_token: what the glasses say there, as ``Authorization: Bearer ...``.
    :ivar size: ``small``, ``medium``, ``large`` or ``full``.
    :ivar compress: ``none``, ``medium`` or ``heavy``.
    :ivar sound: whether the glasses may make a noise.
    """

    request_id: RequestId
    save_to_gallery: bool = False
    custom_webhook_url: _Url | None = None
    auth_token: _Url | None = None
    size: _Word = "medium"
    compress: _Word = "none"
    flash: bool = True
    sound: bool = True


class TakePhoto(Message, frozen=True, kw_only=True, tag="photo_request"):
    """Tell the phone to have a picture taken and uploaded.

    :ivar app_id: the app's package name; phones drop a request without it.
    :ivar webhook_url: where the picture goes, as a form.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    session_id: str
    request_id: str
    app_id: str
    save_to_gallery: bool
    webhook_url: str
    auth_token: str | None = None
    size: str
    compress: str
    flash: bool
    sound: bool


class PhotoResponse(Relayed, frozen=True, kw_only=True, tag="photo_response"):
    """The phone tells what became of a request.

    :ivar error: ``{"code", "message", "details"?}``; some phones send a text.
    """

    request_id: RequestId
    success: bool
    photo_url: _Url | None = None
    saved_to_gallery: bool | None = None
    error: Any = None
    error_code: str | None = None
    error_message: str | None = None


class PhotoError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why there is no picture.

    :ivar code: e.g. ``CAMERA_BUSY``.
    :ivar details: ``stage``, ``retryable`` and the like, as the phone said.
    """

    code: str
    message: str
    details: dict[str, Any] | None = None


class PhotoResult(Message, frozen=True, kw_only=True, tag="photo_response"):
    """Tell an app what became of its request."""

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    request_id: str
    success: bool
    photo_url: str | None = None
    saved_to_gallery: bool | None = None
    error: PhotoError | None = None


class PhotoTaken(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True,
                 tag="photo_taken", tag_field="type"):  # fmt: skip
    """What subscribers of ``photo_taken`` get.

    :ivar photo_data: the picture in base64; only of one that is not too large.
    :ivar timestamp: ISO 8601, UTC.
    """

    photo_url: str
    request_id: str
    mime_type: str
    photo_data: str | None = None
    timestamp: str
