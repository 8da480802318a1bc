"""Pictures that an app asks for.  Source: docs/protocol."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
import attrs

from mentra.errors import Refused
from mentra.messages.photos import PhotoRequest
from mentra.sdk.heard import PhotoAnswer

WAIT_SECONDS = 30.0
"""How long an app waits for a picture, as the public SDK does."""

LONGEST = 20 * 1024 * 1024
"""Bytes of a picture that are taken."""

_log = logging.getLogger(__name__)


@attrs.frozen
class Photo:
    """A picture.

    :ivar data: the file's bytes.
    :ivar filename: what the glasses called it.
    """

    request_id: str
    data: bytes = attrs.field(repr=False)
    mime_type: str = "image/jpeg"
    filename: str = ""


class Photos:
    """The pictures that one session waits for.

    :param send: sends a message; whether it goes out.
    """

    def __init__(self, send: Callable[..., bool], http: aiohttp.ClientSession) -> None:
        self._send = send
        self._http = http
        self._waiting: dict[str, asyncio.Future[Photo]] = {}
        self._fetching: set[asyncio.Task[None]] = set()

    async def request(
        self,
        *,
        size: str = "medium",
        compress: str = "none",
        save_to_gallery: bool = False,
        timeout: float = WAIT_SECONDS,
    ) -> Photo:
        """Ask for a picture, and wait until it is here.

        :raises mentra.errors.Refused: there is none; the code says why.
        """
        request_id = str(uuid.uuid4())
        message = PhotoRequest(
            request_id=request_id, size=size, compress=compress, save_to_gallery=save_to_gallery
        )
        waiting: asyncio.Future[Photo] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = waiting
        try:
            if not self._send(message):
                raise Refused("NETWORK_ERROR", "the connection is down", retryable=True)
            async with asyncio.timeout(timeout):
                return await waiting
        except TimeoutError:
            raise Refused("TIMEOUT", f"no photo within {timeout:g} s", retryable=True) from None
        finally:
            del self._waiting[request_id]

    def is_waiting(self, request_id: str) -> bool:
        """Whether a picture of that id is waited for."""
        return request_id in self._waiting

    def arrived(self, photo: Photo) -> None:
        """It is here."""
        waiting = self._waiting.get(photo.request_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(photo)

    def refused(self, request_id: str, code: str, message: str) -> None:
        """There will be none."""
        waiting = self._waiting.get(request_id)
        if waiting is not None and not waiting.done():
            waiting.set_exception(Refused(code, message, where="phone"))

    def told(self, answer: PhotoAnswer) -> None:
        """The cloud tells what became of a request."""
        if not self.is_waiting(answer.request_id):
            return
        if not answer.success:
            self.refused(answer.request_id, answer.code, answer.text)
        elif answer.photo_url:
            self._run(self._fetch(answer.request_id, answer.photo_url))

    def stop(self) -> None:
        """The session is over."""
        for fetching in self._fetching:
            fetching.cancel()
        for request_id in tuple(self._waiting):
            self.refused(request_id, "SESSION_ENDED", "the session ended")

    async def _fetch(self, request_id: str, url: str) -> None:
        try:
            async with self._http.get(url) as answer:
                data, kind = await _all(answer), answer.content_type
        except (aiohttp.ClientError, OSError) as problem:
            _log.warning("a photo cannot be fetched: %s", problem)
            self.refused(request_id, "NETWORK_ERROR", "the photo cannot be fetched")
            return
        if answer.status != 200:
            self.refused(request_id, "NETWORK_ERROR", f"the photo's address says {answer.status}")
        elif data is None:
            self.refused(request_id, "TOO_LARGE", f"the photo is over {LONGEST} bytes")
        else:
            self.arrived(Photo(request_id, data, kind, url.rpartition("/")[2]))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        fetching = asyncio.ensure_future(work)
        self._fetching.add(fetching)
        fetching.add_done_callback(self._fetching.discard)


async def _all(answer: aiohttp.ClientResponse) -> bytes | None:
    data = bytearray()
    async for chunk in answer.content.iter_any():
        data += chunk
        if len(data) > LONGEST:
            return None
    return bytes(data)
