"""An assistant just big enough for its clients: it says what a test has it say, on loopback."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

PATIENCE = 60.0
"""Seconds a test waits for what must come; nothing waits for time to pass."""

SESSION = "7d3f3c53-0d5c-4f0c-9d5e-3c8f3c0f7a11"

Frame = dict[str, Any]


class FakeAssistant:
    """Keeps what it hears.

    :ivar heard: frames of clients, in order.
    :ivar created: whether a client is let in; else it is told ``refusal``.
    :ivar answers: what becomes of a text or an ``end_utterance``: frames, type to data.
    """

    def __init__(self) -> None:
        self.heard: list[Frame] = []
        self.headers: list[dict[str, str]] = []
        self.queries: list[str] = []
        self.created = True
        self.refusal = "AUTH_INVALID"
        self.answers: list[tuple[str, Frame]] = []
        self.socket: web.WebSocketResponse | None = None
        self.url = ""
        self._changed = asyncio.Condition()

    async def until(self, holds: Callable[[], Any]) -> None:
        """Wait until *holds* is true; it is asked at every frame."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: bool(holds()))

    def types(self) -> list[str]:
        """Of what was heard."""
        return [frame["type"] for frame in self.heard]

    async def tell(self, kind: str, **data: Any) -> None:
        """Say something."""
        assert self.socket is not None
        frame = {"type": kind, "sessionId": SESSION, "timestamp": 1, "data": data}
        await self.socket.send_json(frame)

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """A client."""
        self.headers.append(dict(request.headers))
        self.queries.append(request.query_string)
        self.socket = socket = web.WebSocketResponse()
        await socket.prepare(request)
        if not self.created:
            await self.tell("auth_error", code=self.refusal, message="no", timestamp=1)
            await socket.close(code=4001)
            return socket
        await self.tell(
            "session_created", sessionId=SESSION, userId="ann@x.org", isGuest=False, timestamp=1,
            hears=True, speaks=True,
        )  # fmt: skip
        async for message in socket:
            await self._hear(message.json())
        return socket

    async def _hear(self, frame: Frame) -> None:
        self.heard.append(frame)
        if frame["type"] in ("text", "end_utterance"):
            for kind, data in self.answers:
                await self.tell(kind, **data)
        if frame["type"] == "interruption":
            await self.tell("conversation:interrupted", turnIndex=1)
        async with self._changed:
            self._changed.notify_all()


def spoken(pcm: bytes, number: int = 0, *, is_last: bool = False) -> tuple[str, Frame]:
    """A piece of an answer as sound."""
    return "audio_chunk", {
        "audioData": base64.b64encode(pcm).decode(), "sequenceNumber": number, "turnId": "t",
        "isLast": is_last, "format": "pcm16", "sampleRate": 16_000,
    }  # fmt: skip


def grown(text: str, *, is_final: bool = False) -> tuple[str, Frame]:
    """An answer so far."""
    return "llm_response", {"text": text, "turnId": "t", "isFinal": is_final}


ENDED = ("response_end", {"turnId": "t", "metrics": {"totalLatencyMs": 1500}})


@asynccontextmanager
async def fake_assistant() -> AsyncIterator[FakeAssistant]:
    """It, listening on a free port."""
    assistant = FakeAssistant()
    app = web.Application()
    app.router.add_get("/socket.io/", assistant.connect)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]
    assistant.url = f"http://127.0.0.1:{port}"
    try:
        yield assistant
    finally:
        await runner.cleanup()
