"""A bridge just big enough for a client: it says what a test tells it to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from mentra.messages import Message
from mentra.messages.opencode import (
    AgentInfo,
    AgentList,
    AuthHandshake,
    AuthHandshakeResponse,
    Cancel,
    CreateSession,
    Done,
    ErrorResponse,
    ListAgents,
    ListSessions,
    Payload,
    SendMessage,
    SessionInfo,
    SessionList,
)
from mentra.protobuf.envelopes import client_envelope, server_envelope
from tests.opencode.conftest import EVERYTHING

TOKEN = "sesame"
SESSION = SessionInfo(id="ses_1", title="plans")


class FakeBridge:
    """Keeps requests, and answers them.

    :ivar answers: class of a request to what makes its answers; one without waits for ever.
    :ivar socket: the newest client's.
    """

    def __init__(self) -> None:
        self.asked: list[Message] = []
        self.port = 0
        self.answers: dict[type[Message], Callable[[Any], Iterable[Payload]]] = {
            ListSessions: lambda asked: [SessionList(sessions=(SESSION,))],
            CreateSession: lambda asked: [SessionInfo(id="ses_2", title=asked.title)],
            ListAgents: lambda asked: [AgentList(agents=(AgentInfo(name="build"),))],
        }
        self.socket: web.WebSocketResponse | None = None
        self.running = 0
        self._changed = asyncio.Condition()
        self._write = server_envelope(()).write
        self._read = client_envelope([kind for kind in EVERYTHING if not kind.sent_to]).read

    async def until(self, holds: Callable[[], Any]) -> None:
        """Wait until *holds*; it is asked at every request."""
        async with asyncio.timeout(60), self._changed:
            await self._changed.wait_for(lambda: bool(holds()))

    async def say(self, request_id: int, *answers: Payload) -> None:
        assert self.socket is not None
        for answer in answers:
            await self.socket.send_bytes(self._write(request_id, answer))

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = self.socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for frame in socket:
            assert frame.type is aiohttp.WSMsgType.BINARY
            request_id, asked = self._read(frame.data)
            await self._take(socket, request_id, asked)
        return socket

    async def _take(self, socket: web.WebSocketResponse, request_id: int, asked: Message) -> None:
        if isinstance(asked, AuthHandshake):
            right = asked.token == TOKEN
            error = None if right else "Invalid token"
            await self.say(request_id, AuthHandshakeResponse(success=right, error=error))
            if not right:
                await socket.close(code=1008, message=b"Invalid token")
            return
        if isinstance(asked, SendMessage):
            self.running = request_id
        make = self.answers.get(type(asked))
        if make is not None:
            await self.say(request_id, *make(asked))
        elif not isinstance(asked, SendMessage):
            await self.say(request_id, Done())
        async with self._changed:
            self.asked.append(asked)
            self._changed.notify_all()


@asynccontextmanager
async def fake_bridge() -> AsyncIterator[FakeBridge]:
    """One that listens on a port of its own."""
    bridge = FakeBridge()
    app = web.Application()
    app.router.add_get("/", bridge.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    bridge.port = runner.addresses[0][1]
    try:
        yield bridge
    finally:
        await runner.cleanup()


__all__ = ["SESSION", "TOKEN", "Cancel", "ErrorResponse", "FakeBridge", "fake_bridge"]
