"""A phone and an app's server, of one user, for timing: plain aiohttp, nothing of our own SDK."""

import asyncio
import json
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import aiohttp
from aiohttp import web
from plans import NOTIFICATION, App, apps, token, user

PATIENCE = 30.0
"""Seconds for anything to happen at all."""

OTHER_STREAM = "head_position"
"""Something of which nothing comes."""


class WentWrong(Exception):
    """The server did something else than it should have."""


@dataclass
class Visit:
    """The app's connection, from the webhook to its end.

    :ivar called: when the webhook came; the others follow in their order, seconds.
    """

    called: float
    socket: aiohttp.ClientWebSocketResponse
    named: dict[str, str]
    connecting: float = 0.0
    connected: float = 0.0
    said: float = 0.0
    acknowledged: float = 0.0

    @property
    def own_time(self) -> float:
        """How long the server could only wait for the app, seconds."""
        return (self.connecting - self.called) + (self.said - self.connected)

    async def say(self, kind: str, **fields: Any) -> None:
        """Send a message."""
        await self.socket.send_str(json.dumps({"type": kind, **self.named, **fields}))

    async def wait_for(self, kind: str) -> float:
        """Read until a message of that type came; when it did.

        :raises WentWrong: it does not come.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                async for frame in self.socket:
                    now = perf_counter()
                    if json.loads(frame.data)["type"] == kind:
                        return now
        except TimeoutError:
            raise WentWrong(f"no {kind} came within {PATIENCE:g} s") from None
        raise WentWrong(f"the app's socket was closed before {kind}")

    async def subscribe(self, stream: str) -> None:
        """Want events of that stream, and no others."""
        await self.say("subscription_update", subscriptions=[stream])

    async def unsubscribe(self) -> None:
        """Want them no longer; returns when no more can come."""
        # an empty list would not be believed so soon after the app connected
        await self.subscribe(OTHER_STREAM)
        await self.say("ping")
        await self.wait_for("pong")

    async def event(self) -> float:
        """The instant of the next event."""
        return await self.wait_for("data_stream")

    async def silent(self, seconds: float) -> None:
        """Wait for so long that no event comes.

        :raises WentWrong: one came.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.event()
                raise WentWrong("an event came that nobody had subscribed to")

    async def over(self) -> None:
        """Wait until the connection has ended."""
        async with asyncio.timeout(PATIENCE):
            async for _ in self.socket:
                pass
        await self.socket.close()


@dataclass
class Stage:
    """One user's phone and one app, while the block runs.

    :ivar stream: the type of what :meth:`happen` sends.
    """

    server: str
    webhook_port: int
    bearer: dict[str, str]
    app: App
    stream: str = "phone_notification"
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _visits: "asyncio.Queue[Visit]" = field(default_factory=asyncio.Queue)

    async def __aenter__(self) -> "Stage":
        self._http = await self._stack.enter_async_context(aiohttp.ClientSession())
        application = web.Application()
        application.router.add_post("/webhook", self._webhook)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", self.webhook_port).start()
        self._glasses = await self._stack.enter_async_context(
            self._http.ws_connect(f"{self.server}/glasses-ws", headers=self.bearer)
        )
        while json.loads(await self._glasses.receive_str())["type"] != "connection_ack":
            pass
        drain = asyncio.ensure_future(self._drain())
        self._stack.callback(drain.cancel)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def post(self, what: str) -> None:
        """Start or stop the app, as the phone does."""
        url = f"{self.server}/apps/{self.app.package_name}/{what}"
        async with self._http.post(url, headers=self.bearer) as answer:
            told = await answer.json()
        if answer.status != 200 or told["data"]["isRunning"] is not (what == "start"):
            raise WentWrong(f"{what} was answered with {answer.status}: {told}")

    async def visit(self) -> Visit:
        """The app's next connection, acknowledged.

        :raises WentWrong: there is none.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._visits.get()
        except TimeoutError:
            raise WentWrong(f"the app was not connected within {PATIENCE:g} s") from None

    async def happen(self) -> None:
        """Have the phone tell something that apps may subscribe to."""
        await self._glasses.send_str(json.dumps(NOTIFICATION))

    async def _drain(self) -> None:
        async for _ in self._glasses:
            pass

    async def _webhook(self, request: web.Request) -> web.Response:
        called = perf_counter()
        asked = await request.json()
        if asked["type"] == "session_request":
            # the public SDK answers when the app is connected, so do we
            await self._connect(asked["sessionId"], called)
        return web.json_response({"status": "success"})

    async def _connect(self, session_id: str, called: float) -> None:
        named = {"sessionId": session_id, "packageName": self.app.package_name}
        connecting = perf_counter()
        socket = await self._http.ws_connect(f"{self.server}/app-ws")
        visit = Visit(called, socket, named, connecting, perf_counter())
        await visit.say("tpa_connection_init", apiKey=self.app.api_key)
        visit.said = perf_counter()
        visit.acknowledged = await visit.wait_for("tpa_connection_ack")
        self._visits.put_nowait(visit)


def stage(port: int, webhook_port: int, secret: str) -> Stage:
    """The first user's and the first app's of the benchmark, at a server on this machine.

    :param secret: what the server's tokens are signed with.
    """
    bearer = {"Authorization": f"Bearer {token(user(0), secret)}"}
    return Stage(f"http://127.0.0.1:{port}", webhook_port, bearer, apps(1)[0])
