"""The camera of glasses made of software: it always sees the same.  Source: docs/protocol."""

import asyncio
import base64
import io
import logging
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import msgspec

from mentra.messages.photos import PhotoResponse
from mentra.sdk.seen import TakePhoto

SMALL_JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////"
    "////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQAB"
    "PxA="
)
"""One white pixel."""

_log = logging.getLogger(__name__)


class Camera:
    """Takes pictures, and carries them where they are wanted.

    :param socket_url: of the server's socket for glasses; the rest of it is found beside that.
    :param token: the user's.
    :param send: sends a message; whether it goes out.
    :param changed: called whenever a request was fulfilled, or could not be.
    :ivar picture: what it sees, a JPEG file.
    :ivar broken: code of the error that every request is answered with; empty: it works.
    :ivar through_server: carry pictures to the server, as older phones do.
    :ivar orders: every request that came, in order.
    :ivar delivered: those whose picture is where it was wanted.
    :ivar failed: those whose picture is not, with the reason's code.
    """

    def __init__(
        self,
        socket_url: str,
        token: str,
        send: Callable[..., bool],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.picture = SMALL_JPEG
        self.broken = ""
        self.through_server = False
        self.orders: list[TakePhoto] = []
        self.delivered: list[TakePhoto] = []
        self.failed: list[tuple[TakePhoto, str]] = []
        parts = urlsplit(socket_url)
        scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
        self._server = urlunsplit((scheme, parts.netloc, "", "", ""))
        self._headers = {"Authorization": f"Bearer {token}"}
        self._send = send
        self._changed = changed
        self._working: set[asyncio.Task[None]] = set()

    def take(self, order: TakePhoto) -> None:
        """Fulfil a request; the picture is on its way when this returns."""
        self.orders.append(order)
        work = asyncio.ensure_future(self._fulfil(order))
        self._working.add(work)
        work.add_done_callback(self._working.discard)

    async def press_button(self, button_id: str = "camera") -> str | None:
        """Press a button, and take a picture if the server says so; the picture's address."""
        async with aiohttp.ClientSession(headers=self._headers) as http:
            press = {"buttonId": button_id, "pressType": "short"}
            url = f"{self._server}/api/hardware/button-press"
            async with http.post(url, json=press) as answer:
                answer.raise_for_status()
                said = await answer.json()
            if said.get("action") != "take_photo":
                return None
            return await self._upload(http, said["requestId"])

    async def stop(self) -> None:
        """Take no more."""
        working = tuple(self._working)
        for work in working:
            work.cancel()
        if working:
            await asyncio.wait(working)

    async def _fulfil(self, order: TakePhoto) -> None:
        error: dict[str, str] | None = None
        if self.broken:
            error = {"code": self.broken, "message": "the camera is broken"}
        else:
            try:
                await self._deliver(order)
            except (aiohttp.ClientError, OSError) as problem:
                _log.warning("a photo cannot be delivered: %s", problem)
                error = {"code": "UPLOAD_FAILED", "message": "the photo cannot be delivered"}
        self._send(PhotoResponse(request_id=order.request_id, success=error is None, error=error))
        if error is None:
            self.delivered.append(order)
        else:
            self.failed.append((order, error["code"]))
        self._changed()

    async def _deliver(self, order: TakePhoto) -> None:
        if self.through_server:
            async with aiohttp.ClientSession(headers=self._headers) as http:
                await self._upload(http, order.request_id)
            return
        headers = {"Authorization": f"Bearer {order.auth_token}"} if order.auth_token else {}
        form = self._form("photo")
        form.add_field("requestId", order.request_id)
        form.add_field("type", "photo_upload")
        form.add_field("success", "true")
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.post(order.webhook_url, data=form) as answer,
        ):
            answer.raise_for_status()

    async def _upload(self, http: aiohttp.ClientSession, request_id: str) -> str:
        form = self._form("file")
        form.add_field("metadata", msgspec.json.encode({"requestId": request_id}).decode())
        async with http.post(f"{self._server}/api/photos/upload", data=form) as answer:
            answer.raise_for_status()
            return str((await answer.json())["photoUrl"])

    def _form(self, field: str) -> aiohttp.FormData:
        form = aiohttp.FormData()
        picture = io.BytesIO(self.picture)
        form.add_field(field, picture, filename="photo.jpg", content_type="image/jpeg")
        return form
