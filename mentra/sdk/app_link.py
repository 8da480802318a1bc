"""An app's connection to the cloud: handshake, and coming back after an interruption."""

import asyncio
import logging
from collections.abc import Callable, Sequence

import aiohttp
import attrs

from mentra.errors import Malformed, MentraError
from mentra.messages import Message
from mentra.messages.session import AppConnectionInit
from mentra.sdk.frames import encode
from mentra.sdk.heard import Acknowledged, vocabulary
from mentra.sdk.line import Line, Unreachable

ACK_SECONDS = 5.0
"""How long the cloud has for its ack."""

RETRY_AFTER = (1.0, 2.0, 4.0)
"""Seconds before each try to connect again; then the session is over."""

_FINAL_CODES = (1000, 1001, 1008)
_FINAL_REASONS = ("App stopped", "User session ended")
_log = logging.getLogger(__name__)


@attrs.frozen
class Ticket:
    """What it takes to join a user's session.

    :ivar session_id: ``<userId>-<packageName>``.
    :ivar url: the cloud's socket for apps.
    """

    session_id: str
    user_id: str
    package_name: str
    api_key: str = attrs.field(repr=False)
    url: str


class AppLink:
    """The handshake, again after every interruption that is worth it.

    :param receive: called with each message, the ack included, and each binary frame.
    :param up: called after each handshake.
    :ivar ended: done, with the reason, once there will be no further connection.
    """

    def __init__(
        self,
        ticket: Ticket,
        http: aiohttp.ClientSession,
        *,
        receive: Callable[[Message | bytes], None],
        up: Callable[[], None],
        retry_after: Sequence[float] = RETRY_AFTER,
        ack_seconds: float = ACK_SECONDS,
    ) -> None:
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._ticket = ticket
        self._http = http
        self._receive = receive
        self._up = up
        self._retry_after = retry_after
        self._ack_seconds = ack_seconds
        self._line: Line | None = None
        self._life: asyncio.Task[None] | None = None

    def send(self, frame: str | bytes) -> bool:
        """Send a frame, binary or text; False if the connection is down."""
        return self._line is not None and self._line.send(frame)

    async def connect(self) -> None:
        """Shake hands; return once the cloud has said yes.

        :raises mentra.errors.MentraError: it has not in time, or :meth:`close` was called.
        """
        line = await self._open()
        if self.ended.done():
            await line.close()
            raise Unreachable("the session ended while it began")
        self._life = asyncio.create_task(self._live(line))

    async def close(self, reason: str = "") -> None:
        """Leave for good."""
        self._end(reason)
        line, self._line = self._line, None
        life, self._life = self._life, None
        if life is not None:
            life.cancel()
        if line is not None:
            await line.close()

    async def _open(self) -> Line:
        try:
            async with asyncio.timeout(self._ack_seconds):
                line = await Line.open(self._http, self._ticket.url)
                try:
                    await self._shake_hands(line)
                except BaseException:
                    await line.close()
                    raise
        except TimeoutError:
            raise Unreachable(f"{self._ticket.url} did not answer in time") from None
        self._line = line
        self._up()
        return line

    async def _shake_hands(self, line: Line) -> None:
        ticket = self._ticket
        init = AppConnectionInit(
            session_id=ticket.session_id, package_name=ticket.package_name, api_key=ticket.api_key
        )
        line.send(encode(init))
        async for frame in line.frames():
            if isinstance(self._read(frame), Acknowledged):
                return
        raise Unreachable(f"the cloud closed: {line.close_code} {line.reason}")

    async def _live(self, line: Line) -> None:
        current: Line | None = line
        while current is not None:
            async for frame in current.frames():
                self._read(frame)
            self._line, line = None, current
            current = None if _is_final(line) else await self._again()
        self._end(line.reason or f"connection closed ({line.close_code})")

    async def _again(self) -> Line | None:
        for seconds in self._retry_after:
            await asyncio.sleep(seconds)
            try:
                return await self._open()
            except MentraError as problem:
                _log.warning("%s: %s", self._ticket.package_name, problem)
        return None

    def _read(self, frame: str | bytes) -> Message | bytes | None:
        try:
            message = vocabulary.read(frame) if isinstance(frame, str) else frame
        except Malformed as problem:
            _log.warning("%s was sent %s", self._ticket.package_name, problem)
            return None
        self._receive(message)
        return message

    def _end(self, reason: str) -> None:
        if not self.ended.done():
            self.ended.set_result(reason)


def _is_final(line: Line) -> bool:
    return line.close_code in _FINAL_CODES or any(said in line.reason for said in _FINAL_REASONS)
