"""Channels from the page's side, in Python: requests, answers, events, and coming back.

::

    client = ChannelsClient("ws://127.0.0.1:3001/")
    await client.connect()
    client.on("chat:created", lambda chat: print(chat["title"]))
    chat = await client.send("chat:create", {"title": "Tea"})
    await client.disconnect()
"""

import asyncio
import logging
import uuid
from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import quote

import aiohttp
import msgspec
from msgspec import UNSET

from mentra.errors import MentraError
from mentra.messages.channels import RATE_LIMITED, TIMEOUT, UNAUTHORIZED, Request
from mentra.sdk.line import Line, Unreachable

State = Literal["connecting", "open", "closing", "closed"]
Callback = Callable[[Any], object]

CONNECTION_CLOSED = "CONNECTION_CLOSED"
"""The code of what nobody will answer any more."""

FAILED = "connection:failed"
"""A local event: every attempt to come back has failed."""

GROWTH = 1.5
"""How much longer each pause before an attempt is than the one before."""

WRONG_TOKEN = 4001
"""The close code of those who need not come back with the same token."""

_log = logging.getLogger(__name__)


class ChannelError(MentraError):
    """A request was answered with an error, or will not be answered.

    :ivar code: such as ``HANDLER_ERROR``; :data:`CONNECTION_CLOSED` is our own.
    :ivar details: what the server says besides, or None.
    """

    def __init__(self, code: str, message: str, details: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


class ChannelsClient:
    """One page.

    :param url: of the server, ``ws:`` or ``wss:``.
    :param token: what the server wants to see, if it does.
    :param reconnect: whether to come back when the connection is lost.
    :param reconnect_interval: seconds before the first attempt to; each further pause is longer.
    :param max_reconnect_attempts: how many.
    :param request_timeout: seconds that an answer may take.
    :ivar state: of the connection.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        reconnect: bool = True,
        reconnect_interval: float = 1.0,
        max_reconnect_attempts: int = 10,
        request_timeout: float = 30.0,
    ) -> None:
        self.state: State = "closed"
        joint = "&" if "?" in url else "?"
        self._url = url if token is None else f"{url}{joint}token={quote(token, safe='')}"
        self._reconnect = reconnect
        self._interval = reconnect_interval
        self._attempts = max_reconnect_attempts
        self._timeout = request_timeout
        self._callbacks: dict[str, list[Callback]] = {}
        self._pending: dict[str, asyncio.Future[Any]] = {}
        self._line: Line | None = None
        self._http: aiohttp.ClientSession | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._reader: asyncio.Task[None] | None = None
        self._comeback: asyncio.Task[None] | None = None

    @property
    def is_connected(self) -> bool:
        """Whether requests can be sent."""
        return self.state == "open"

    async def connect(self) -> None:
        """Be connected; whoever asks while it is under way waits for the same.

        :raises mentra.errors.Refused: the server says no.
        :raises Unreachable: nobody is there; nothing is tried again.
        """
        if self.state == "open":
            return
        self._stop_coming_back()
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._open())
        await asyncio.shield(self._connecting)

    async def disconnect(self) -> None:
        """Be gone, and do not come back before :meth:`connect`."""
        self._stop_coming_back()
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting])
            # one that had not begun yet could not let go of itself
            self._connecting = None
        line, self._line = self._line, None
        if line is not None:
            self.state = "closing"
            await line.close()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])
        self._closed()
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    async def send(
        self,
        channel: str,
        payload: Any = UNSET,
        *,
        timeout: float | None = None,
        request_id: str | None = None,
    ) -> Any:
        """Ask something; the answer's payload, None if it has none.

        :param timeout: seconds that this answer may take; None: as all others.
        :param request_id: the request's id; None: one that no other has.
        :raises ChannelError: it is answered with an error, or will not be answered.
        """
        if self._line is None or self.state != "open":
            raise ChannelError(CONNECTION_CLOSED, "not connected")
        request_id = request_id or str(uuid.uuid4())
        patience = self._timeout if timeout is None else timeout
        frame = {"type": "request", "id": request_id, "channel": channel}
        if payload is not UNSET:
            frame["payload"] = payload
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[request_id] = answer
        try:
            if not self._line.send(msgspec.json.encode(frame).decode()):
                raise ChannelError(CONNECTION_CLOSED, "the connection takes no more")
            async with asyncio.timeout(patience):
                return await answer
        except TimeoutError:
            raise ChannelError(TIMEOUT, f"no answer within {patience:g} s") from None
        finally:
            self._pending.pop(request_id, None)

    async def ask(
        self, request: Request, *, timeout: float | None = None, request_id: str | None = None
    ) -> Any:
        """The same with a request of :mod:`mentra.messages.channels`; the answer is of the type
        that its class says.

        :raises ChannelError: as :meth:`send` does.
        """
        kind = type(request)
        payload = msgspec.to_builtins(request)
        payload.pop(kind.__struct_config__.tag_field, None)
        if kind.whole is not None:
            payload = next(iter(payload.values()), {})
        answer = await self.send(kind.tag(), payload, timeout=timeout, request_id=request_id)
        return None if kind.answers is None else msgspec.convert(answer, kind.answers)

    def on(self, channel: str, callback: Callback) -> Callable[[], None]:
        """Have *callback* called with the payload of each event; returns what ends that.

        It may be said before there is a connection, and holds for those that follow.
        """
        self._callbacks.setdefault(channel, []).append(callback)

        def end() -> None:
            if callback in self._callbacks.get(channel, []):
                self._callbacks[channel].remove(callback)

        return end

    def off(self, channel: str) -> None:
        """Nobody hears of that channel any more."""
        self._callbacks.pop(channel, None)

    # -- the connection

    async def _open(self) -> None:
        self.state = "connecting"
        try:
            if self._http is None:
                self._http = aiohttp.ClientSession()
            self._line = await Line.open(self._http, self._url)
        except BaseException:
            self.state = "closed"
            raise
        finally:
            self._connecting = None
        self.state = "open"
        self._reader = asyncio.create_task(self._read(self._line))

    async def _read(self, line: Line) -> None:
        async for frame in line.frames():
            self._heard(frame)
        if self._line is line:
            self._line = None
            self._closed()
            if line.close_code == WRONG_TOKEN:
                self._tell(FAILED, {})
            elif self._reconnect:
                self._comeback = asyncio.create_task(self._come_back())

    async def _come_back(self) -> None:
        for attempt in range(self._attempts):
            await asyncio.sleep(self._interval * GROWTH**attempt)
            try:
                self._connecting = asyncio.create_task(self._open())
                # whoever connects meanwhile ends the coming back, and waits for this very attempt
                await asyncio.shield(self._connecting)
            except Unreachable:
                continue
            except MentraError:
                break
            self._comeback = None
            return
        self._comeback = None
        self._tell(FAILED, {})

    def _stop_coming_back(self) -> None:
        comeback, self._comeback = self._comeback, None
        if comeback is not None:
            comeback.cancel()

    def _closed(self) -> None:
        self.state = "closed"
        pending, self._pending = self._pending, {}
        for answer in pending.values():
            if not answer.done():
                answer.set_exception(ChannelError(CONNECTION_CLOSED, "the connection is gone"))

    # -- what comes in

    def _heard(self, text: str | bytes) -> None:
        try:
            frame = msgspec.json.decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            _log.warning("the server sent what is no JSON")
            return
        if frame.get("type") == "event":
            self._tell(frame["channel"], frame.get("payload"))
        elif frame.get("type") == "response":
            self._answered(frame)

    def _answered(self, frame: dict[str, Any]) -> None:
        error = frame.get("error")
        name = frame.get("id", "")
        if error and error.get("code") == RATE_LIMITED:
            # its own id is nobody's; it says whose request was not run
            name = (error.get("details") or {}).get("requestId", name)
        answer = self._pending.get(name)
        if answer is None or answer.done():
            if error and error.get("code") == UNAUTHORIZED:
                _log.warning("the server says: %s", error.get("message"))
            return
        if error:
            answer.set_exception(
                ChannelError(error["code"], error.get("message", ""), error.get("details"))
            )
        else:
            answer.set_result(frame.get("payload"))

    def _tell(self, channel: str, payload: Any) -> None:
        for callback in tuple(self._callbacks.get(channel, ())):
            try:
                callback(payload)
            except Exception:  # noqa: BLE001 - what listens has bugs of its own
                _log.exception("what listens to %s failed", channel)
