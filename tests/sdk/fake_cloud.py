"""A cloud just big enough for apps and glasses to meet: one user, a few messages, loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
from aiohttp import web

PATIENCE = 60.0
"""Seconds a test waits for what must come; nothing waits for time to pass."""

USER = "ann@x.org"

Frame = dict[str, Any]


class FakeCloud:
    """Keeps what it was sent, and passes displays, speech, buttons, requests for photos, starts
    and stops on.

    :ivar from_apps: text frames of apps, in order; ``from_glasses`` those of glasses.
    :ivar app: the newest app socket; ``glasses`` the newest of glasses.
    :ivar refuse: HTTP status to answer upgrades with.
    :ivar acknowledges: whether handshakes of apps are answered.
    :ivar webhooks: package name to the address of its server.
    :ivar dialled: how many times an app socket was opened.
    """

    def __init__(self) -> None:
        self.from_apps: list[Frame] = []
        self.from_glasses: list[Frame] = []
        self.audio: list[bytes] = []
        self.webhook_answers: list[tuple[int, Frame]] = []
        self.headers: list[dict[str, str]] = []
        self.app: web.WebSocketResponse | None = None
        self.glasses: web.WebSocketResponse | None = None
        self.closes: list[int | None] = []
        self.refuse: int | None = None
        self.acknowledges = True
        self.dialled = 0
        self.webhooks: dict[str, str] = {}
        self.ack: Frame = {"settings": [], "mentraosSettings": {}, "capabilities": None}
        self.url = ""
        self._changed = asyncio.Condition()
        self._subscriptions: list[Any] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    # -- what tests do

    async def until(self, holds: Callable[[], Any]) -> None:
        """Wait until *holds* is true; it is asked at every frame and close."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: bool(holds()))

    def types_from_apps(self) -> list[str]:
        """The types of what apps sent."""
        return [frame["type"] for frame in self.from_apps]

    def lists(self) -> list[list[Any]]:
        """Every subscription list, in order."""
        return [
            frame["subscriptions"]
            for frame in self.from_apps
            if frame["type"] == "subscription_update"
        ]

    async def to_app(self, frame: Frame) -> None:
        """Send to the app."""
        assert self.app is not None
        await self.app.send_json(frame)

    async def to_glasses(self, frame: Frame) -> None:
        """Send to the glasses."""
        assert self.glasses is not None
        await self.glasses.send_json(frame)

    async def post(self, url: str, body: Any) -> tuple[int, Frame]:
        """Post JSON; status and answer."""
        async with (
            aiohttp.ClientSession() as http,
            http.post(url, data=body if isinstance(body, bytes) else json.dumps(body)) as answer,
        ):
            return answer.status, await answer.json()

    def session_request(self, package_name: str, user_id: str = USER) -> Frame:
        """What starts an app."""
        return {
            "type": "session_request",
            "sessionId": f"{user_id}-{package_name}",
            "userId": user_id,
            "mentraOSWebsocketUrl": f"{self.url}/app-ws",
            "augmentOSWebsocketUrl": f"{self.url}/app-ws",
        }

    def stop_request(self, package_name: str, user_id: str = USER) -> Frame:
        """What stops it."""
        return {
            "type": "stop_request",
            "sessionId": f"{user_id}-{package_name}",
            "userId": user_id,
            "reason": "user_disabled",
        }

    # -- sockets

    async def _app_socket(self, request: web.Request) -> web.StreamResponse:
        self.dialled += 1
        if self.refuse:
            await self._note()
            return web.Response(status=self.refuse)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                await self._heard_from_app(socket, json.loads(message.data))
            elif message.type is aiohttp.WSMsgType.BINARY:
                self.audio.append(message.data)
        self.closes.append(socket.close_code)
        await self._note()
        return socket

    async def _heard_from_app(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        self.from_apps.append(frame)
        if frame["type"] == "tpa_connection_init" and self.acknowledges:
            self.app = socket
            await socket.send_json({"type": "tpa_connection_ack", **self.ack})
        elif frame["type"] == "subscription_update":
            self._subscriptions = frame["subscriptions"]
        elif frame["type"] == "display_event":
            await self._pass_on(frame)
        elif frame["type"] == "dashboard_content_update":
            layout = {"layoutType": "text_wall", "text": frame["content"]}
            await self._pass_on({"type": "display_event", "view": "dashboard", "layout": layout})
        elif frame["type"] == "photo_request" and frame["packageName"] in self.webhooks:
            package = frame["packageName"]
            url = f"{self.webhooks[package]}/photo-upload"
            await self._pass_on({**frame, "appId": package, "webhookUrl": url})
        await self._note()

    async def _pass_on(self, frame: Frame) -> None:
        if self.glasses is not None:
            # glasses may be gone before we notice, which is no business of the app's
            with suppress(ConnectionError):
                await self.to_glasses(frame)

    async def _glasses_socket(self, request: web.Request) -> web.StreamResponse:
        self.headers.append(dict(request.headers))
        if self.refuse:
            return web.json_response({"type": "connection_error"}, status=self.refuse)
        self.glasses = socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "connection_ack", "sessionId": USER})
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                self.audio.append(message.data)
                await self._note()
            elif message.type is aiohttp.WSMsgType.TEXT:
                await self._heard_from_glasses(json.loads(message.data))
        self.closes.append(socket.close_code)
        await self._note()
        return socket

    async def _heard_from_glasses(self, frame: Frame) -> None:
        self.from_glasses.append(frame)
        if frame["type"] == "local_transcription":
            await self._stream(f"transcription:{frame['transcribeLanguage']}", frame)
        elif frame["type"] == "button_press":
            await self._stream("button_press", frame)
        elif frame["type"] == "photo_response" and not frame["success"]:
            await self.to_app(frame)
        elif frame["type"] == "start_app":
            self._call(self.session_request(frame["packageName"]), frame["packageName"])
        elif frame["type"] == "stop_app":
            self._call(self.stop_request(frame["packageName"]), frame["packageName"])
        await self._note()

    async def _stream(self, stream: str, frame: Frame) -> None:
        if stream in self._subscriptions:
            await self.to_app({"type": "data_stream", "streamType": stream, "data": frame})

    def _call(self, body: Frame, package_name: str) -> None:
        async def call() -> None:
            url = self.webhooks[package_name]
            self.webhook_answers.append(await self.post(f"{url}/webhook", body))
            await self._note()

        task = asyncio.ensure_future(call())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _note(self) -> None:
        async with self._changed:
            self._changed.notify_all()


@asynccontextmanager
async def fake_cloud() -> AsyncIterator[FakeCloud]:
    """A cloud that listens on loopback while the block runs."""
    cloud = FakeCloud()
    application = web.Application()
    application.router.add_get("/app-ws", cloud._app_socket)
    application.router.add_get("/glasses-ws", cloud._glasses_socket)
    runner = web.AppRunner(application, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    cloud.url = f"ws://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield cloud
    finally:
        for socket in (cloud.app, cloud.glasses):
            if socket is not None:
                await socket.close(code=1001)
        await runner.cleanup()
