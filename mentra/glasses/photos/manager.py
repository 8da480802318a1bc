"""Who waits for which picture.  Source: docs/protocol/photos, "photos"."""

import secrets
from typing import Any

import attrs
import msgspec
from twisted.application.service import Service
from twisted.logger import Logger
from zope.interface import implementer

from mentra.errors import Refused
from mentra.events import AppStopped
from mentra.extension import ManagerFactory, handler, listener
from mentra.glasses.capabilities import are_connected
from mentra.glasses.pending import Pending
from mentra.glasses.photos.settings import PhotosSettings
from mentra.interfaces.glasses import IApps, IDevice, IRelay
from mentra.interfaces.messaging import IContext
from mentra.interfaces.photos import IPhotos
from mentra.interfaces.services import IPublicAddress, IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.stores import IAppStore
from mentra.messages.photos import (
    PhotoError,
    PhotoRequest,
    PhotoResponse,
    PhotoResult,
    TakePhoto,
)
from mentra.messages.stamps import iso
from mentra.records import Photo

UPLOADS = "/uploads/"
"""Where pictures that went through us are found, on our own address."""

UPLOAD_PATH = "/photo-upload"
"""Where an app takes pictures, on its own address."""

_MAX_CODE = 100
_MAX_TEXT = 1000
_MAX_DETAILS = 8192


def uploads_at(services: IServices) -> str:
    """What the addresses of all kept pictures begin with."""
    own = services.settings(PhotosSettings).public_url.rstrip("/")
    base: str = own or IPublicAddress(services).base_url()
    return base + UPLOADS


@attrs.define
class Wanted:
    """A picture that somebody waits for.

    :ivar package_name: the app that asked; None if the wearer did.
    :ivar saved: it goes into the gallery if it comes through us.
    :ivar answered: the phone said that it is done; all that can still come is the upload.
    """

    package_name: str | None
    saved: bool
    answered: bool = False


@implementer(IPhotos)
class PhotoManager(Service):
    """Remembers every request until it is answered, or its time is over."""

    _log = Logger()

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._services = services
        self._settings: PhotosSettings = services.settings(PhotosSettings)
        self._apps = IAppStore(services)
        self._pending: Pending[Wanted] = Pending(
            services.clock, self._settings.max_pending, self._overdue
        )

    def stopService(self) -> None:
        """Nobody waits any more."""
        self._pending.clear()
        super().stopService()

    # -- asking

    def request(self, package_name: str, message: PhotoRequest) -> None:
        """Pass an app's request on.

        :raises Refused: it may not or cannot have a picture; it was told by ``photo_response``.
        """
        try:
            frame = self._frame(package_name, message)
        except _NoPicture as problem:
            self._tell_failure(package_name, message.request_id, problem)
            raise problem.refusal from None
        self._session.to_glasses(frame)
        if message.custom_webhook_url:
            # the picture goes elsewhere, and nothing more is heard of it
            self._pending.take(message.request_id)
            self._tell(package_name, PhotoResult(
                request_id=message.request_id, success=True, photo_url=message.custom_webhook_url,
                saved_to_gallery=message.save_to_gallery,
            ))  # fmt: skip

    def _frame(self, package_name: str, message: PhotoRequest) -> TakePhoto:
        app = self._apps.get(package_name)
        if app is None or not app.has_permission("CAMERA"):
            text = "Camera permission required to take photos"
            raise _NoPicture("PERMISSION_DENIED", Refused("PERMISSION_DENIED", text))
        self._require_glasses()
        address = message.custom_webhook_url or app.public_url.rstrip("/")
        if not address.startswith(("http://", "https://")):
            text = "There is no address that the photo could be sent to"
            raise _NoPicture("UNKNOWN_ERROR", Refused("INTERNAL_ERROR", text, where="app"))
        wanted = Wanted(package_name, message.save_to_gallery)
        if not self._pending.add(message.request_id, wanted, self._settings.timeout):
            text = "Too many photos are waited for, or one of this id is"
            raise _NoPicture("CAMERA_BUSY", Refused("CAMERA_BUSY", text, retryable=True))
        return TakePhoto(
            session_id=self._session.user_id,
            request_id=message.request_id,
            app_id=package_name,
            save_to_gallery=message.save_to_gallery,
            webhook_url=message.custom_webhook_url or address + UPLOAD_PATH,
            auth_token=message.auth_token,
            size=message.size,
            compress=message.compress,
            flash=message.flash,
            sound=message.sound,
        )

    def _require_glasses(self) -> None:
        there = self._session.glasses is not None and are_connected(IDevice(self._session).state())
        if not there:
            refusal = Refused(
                "INTERNAL_ERROR", "Glasses not connected", where="phone", retryable=True
            )
            raise _NoPicture("PHONE_GLASSES_NOT_CONNECTED", refusal)

    def take(self) -> str:
        """The wearer wants a picture; the id of the request.

        :raises Refused: too many are waited for.
        """
        request_id = f"photo_{secrets.token_hex(16)}"
        wanted = Wanted(None, saved=True)
        if not self._pending.add(request_id, wanted, self._settings.system_timeout):
            raise Refused("CAMERA_BUSY", "Too many photos are waited for", retryable=True)
        return request_id

    def is_wanted(self, request_id: str) -> bool:
        """Whether the wearer's own request of that id is waited for."""
        wanted = self._pending.get(request_id)
        return wanted is not None and wanted.package_name is None

    # -- answers

    def answered(self, message: PhotoResponse) -> bool:
        """The phone's answer; False if nobody asked."""
        wanted = self._pending.get(message.request_id)
        if wanted is None:
            return False
        if not message.success:
            self._pending.take(message.request_id)
            self._tell_of(wanted, message.request_id, _error_of(message))
        elif message.photo_url is not None and self._is_ours(message.photo_url):
            self._pending.take(message.request_id)
            self._tell(wanted.package_name, PhotoResult(
                request_id=message.request_id, success=True, photo_url=message.photo_url,
                saved_to_gallery=message.saved_to_gallery,
            ))  # fmt: skip
        else:
            # to SDKs a success is the end, with an empty picture if the upload is still to come
            wanted.answered = True
        return True

    def claim(self, request_id: str) -> Wanted | None:
        """Who waits for a picture that came."""
        return self._pending.take(request_id)

    def delivered(self, request_id: str, wanted: Wanted | None, photo: Photo, url: str) -> None:
        """It is kept: tell whoever asked, and the subscribers."""
        result = PhotoResult(
            request_id=request_id, success=True, photo_url=url, saved_to_gallery=photo.in_gallery
        )
        if wanted is not None:
            self._tell(wanted.package_name, result)
        self._relay(result)

    def failed(self, wanted: Wanted, request_id: str, code: str, message: str) -> None:
        """It could not be kept."""
        self._tell_of(wanted, request_id, PhotoError(code=code, message=message))

    def app_stopped(self, package_name: str) -> None:
        """Nobody waits for its pictures any more."""
        self._pending.drop(lambda wanted: wanted.package_name == package_name)

    def _is_ours(self, url: str) -> bool:
        return url.startswith(uploads_at(self._services))

    def _overdue(self, request_id: str, wanted: Wanted) -> None:
        if not wanted.answered:
            text = f"No photo within {self._settings.timeout:g} s"
            self._tell_of(wanted, request_id, PhotoError(code="PHONE_TIMEOUT", message=text))

    # -- telling

    def _tell_failure(self, package_name: str, request_id: str, why: "_NoPicture") -> None:
        error = PhotoError(code=why.code, message=why.refusal.message)
        self._tell(package_name, PhotoResult(request_id=request_id, success=False, error=error))

    def _tell_of(self, wanted: Wanted, request_id: str, error: PhotoError) -> None:
        if wanted.package_name is None:
            self._log.info("a photo of the wearer failed: {code}", code=error.code)
        result = PhotoResult(request_id=request_id, success=False, error=error)
        self._tell(wanted.package_name, result)

    def _tell(self, package_name: str | None, result: PhotoResult) -> None:
        peer = None if package_name is None else IApps(self._session).running().get(package_name)
        if peer is not None:
            peer.send(result)

    def _relay(self, result: PhotoResult) -> None:
        data: dict[str, Any] = msgspec.to_builtins(result)
        data["timestamp"] = iso(self._services.now())
        IRelay(self._session).relay(PhotoResult.tag(), msgspec.json.encode(data))


photo_manager = ManagerFactory(IPhotos, PhotoManager)


@handler("app", PhotoRequest)
def photo_request(message: PhotoRequest, context: IContext) -> None:
    """An app wants a picture."""
    IPhotos(context.session).request(context.peer.identity.package_name, message)


@handler("glasses", PhotoResponse)
def photo_response(message: PhotoResponse, context: IContext) -> None:
    """The phone tells what became of a request; apps that subscribed hear of it too."""
    IPhotos(context.session).answered(message)
    IRelay(context.session).relay(PhotoResponse.tag(), message.raw)


@listener(AppStopped)
def app_stop_for_photos(event: AppStopped, session: IUserSession) -> None:
    """An app that is gone waits for nothing."""
    photos = session.built(IPhotos)
    if photos is not None:
        photos.app_stopped(event.package_name)


class _NoPicture(Exception):
    """Why there will be none.

    :ivar code: for ``photo_response``.
    :ivar refusal: for the error frame.
    """

    def __init__(self, code: str, refusal: Refused) -> None:
        super().__init__(refusal.message)
        self.code = code
        self.refusal = refusal


def _is_short(details: Any) -> bool:
    return isinstance(details, dict) and len(msgspec.json.encode(details)) <= _MAX_DETAILS


def _error_of(message: PhotoResponse) -> PhotoError:
    said = message.error if isinstance(message.error, dict) else {}
    code = said.get("code") or message.error_code
    text = said.get("message") or message.error_message or message.error
    details = said.get("details")
    return PhotoError(
        code=code[:_MAX_CODE] if isinstance(code, str) and code else "UNKNOWN_ERROR",
        message=text[:_MAX_TEXT] if isinstance(text, str) and text else "The photo failed",
        details=details if _is_short(details) else None,
    )
