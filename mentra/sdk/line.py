"""One WebSocket, from the side that opened it."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Mapping

import aiohttp

from mentra.errors import MentraError, Refused

MAX_FRAME = 16 * 1024 * 1024
"""Longest frame taken, bytes."""

MAX_QUEUED = 1000
"""Frames waiting to go out; further ones are turned away."""

PING_SECONDS = 25.0
"""Our pings keep a quiet connection alive through proxies that cut after a minute."""

CLOSE_SECONDS = 2.0
"""How long closing waits for the other side."""

_log = logging.getLogger(__name__)


class Unreachable(MentraError):
    """The server could not be connected to, or did not do its part; trying again may help."""


class Line:
    """Frames go out in the order they were sent, and come in through :meth:`frames`.

    :ivar close_code: WebSocket close code once :meth:`frames` has ended; 1006 if there was none.
    :ivar reason: the close's text.
    """

    def __init__(self, opened: aiohttp.ClientWebSocketResponse) -> None:
        self.close_code = 1006
        self.reason = ""
        self._socket = opened
        self._queue: asyncio.Queue[str | bytes | None] = asyncio.Queue(MAX_QUEUED)
        self._writer = asyncio.create_task(self._write())

    @classmethod
    async def open(
        cls,
        http: aiohttp.ClientSession,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        max_frame: int = MAX_FRAME,
    ) -> "Line":
        """Connect to *url* (``ws:`` or ``wss:``).

        :param max_frame: bytes; a longer frame closes the connection.
        :raises Refused: ``HTTP_<status>``: the server says no, and will say so again.
        :raises Unreachable: nobody there, or not now.
        """
        timeout = aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS)
        try:
            opened = await http.ws_connect(
                url,
                headers=headers,
                heartbeat=PING_SECONDS,
                max_msg_size=max_frame,
                timeout=timeout,
            )
        except aiohttp.WSServerHandshakeError as problem:
            if 400 <= problem.status < 500 and problem.status != 429:
                raise Refused(f"HTTP_{problem.status}", f"{url} answers {problem.status}") from None
            raise Unreachable(f"{url} answers {problem.status}") from None
        except (aiohttp.ClientError, OSError, TimeoutError) as problem:
            raise Unreachable(f"cannot connect to {url}: {_reason(problem)}") from problem
        return cls(opened)

    def send(self, frame: str | bytes) -> bool:
        """Send a text (str) or binary (bytes) frame; False if it will not go out."""
        if self._socket.closed or self._writer.done():
            return False
        try:
            self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            return False
        return True

    async def frames(self) -> AsyncIterator[str | bytes]:
        """What comes in: str for text, bytes for binary; ends with the connection."""
        while True:
            heard = await self._socket.receive()
            if heard.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                yield heard.data
                continue
            if heard.type is aiohttp.WSMsgType.CLOSE:
                self.close_code, self.reason = heard.data or 1005, heard.extra or ""
            self._writer.cancel()
            return

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Send what is waiting, then close; a few seconds at most."""
        if self._socket.closed:
            self._writer.cancel()
            return
        self.close_code, self.reason = code, reason
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._queue.put(None)
                await asyncio.wait([self._writer])
        except TimeoutError:
            self._writer.cancel()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._socket.close(code=code, message=reason.encode())
        except TimeoutError:
            _log.debug("closed without an answer")

    def abort(self) -> None:
        """Be gone without a goodbye, as when the network is lost."""
        self._writer.cancel()
        raw = self._socket.get_extra_info("socket")
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.shutdown(socket.SHUT_RDWR)

    async def _write(self) -> None:
        while (frame := await self._queue.get()) is not None:
            try:
                if isinstance(frame, str):
                    await self._socket.send_str(frame)
                else:
                    await self._socket.send_bytes(frame)
            except (aiohttp.ClientError, OSError):
                # whoever reads hears of it as the end of the connection
                _log.debug("a frame did not go out", exc_info=True)
                return


def _reason(problem: Exception) -> str:
    # the library's own text repeats the address, and is full of its inner parts
    if not isinstance(problem, OSError) or problem.errno is None:
        return str(problem) or "no answer"
    # resolvers have numbers below zero, which the system does not know
    return os.strerror(problem.errno) if problem.errno > 0 else str(problem.strerror)
