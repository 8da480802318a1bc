"""Ten thousand visits to a real server, and what they leave behind: nothing."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import aiohttp
import attrs
import jwt
import pytest
from aiohttp import web

from mentra.conformance.party import Party
from tests.server.conftest import Running, wait_until

VISITS = 10_000
AT_ONCE = 25
USERS = 400
EVERY = 5
"""One visit in so many is a long one, with an app."""

SLACK = 8
"""Timers and files that come and go by themselves: pooled connections, loops that just began."""

PACKAGE = "org.example.diary"
SETTINGS = """\
[glasses]
grace = 0.3
[apps]
grace = 0.3
connect_timeout = 60.0
[wire]
admissions_per_second = 100000.0
[photos]
timeout = 1.0
"""


@attrs.define
class Left:
    """What a server holds on to."""

    sessions: float
    connections: float
    timers: float
    files: float
    memory: float


def left_by(running: Running) -> Left:
    text = running.get("/metrics")[1].decode()

    def figure(name: str) -> float:
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.M))

    return Left(
        *map(
            figure,
            (
                "mentra_sessions", "mentra_connections_open", "mentra_timers", "process_open_fds",
                "process_resident_memory_bytes",
            ),
        )
    )  # fmt: skip


@attrs.define
class Town:
    """The people who use the server, and the app's server."""

    running: Running
    http: aiohttp.ClientSession
    api_key: str
    secret: str
    apps: dict[str, "asyncio.Future[Party]"] = attrs.field(factory=dict)
    opened: list[Party] = attrs.field(factory=list)

    def token(self, user_id: str) -> str:
        now = int(time.time())  # noqa: TID251 - a token's time is wall time
        claims = {"sub": user_id, "email": user_id, "iat": now, "exp": now + 86_400}
        return jwt.encode(claims, self.secret, algorithm="HS256")

    async def webhook(self, request: web.Request) -> web.Response:
        told = await request.json()
        awaited = self.apps.get(told["sessionId"])
        if told["type"] == "session_request" and awaited is not None and not awaited.done():
            app = await Party.open("app", self.http, told["mentraOSWebsocketUrl"])
            app.say(
                "tpa_connection_init", sessionId=told["sessionId"], packageName=PACKAGE,
                apiKey=self.api_key,
            )  # fmt: skip
            self.opened.append(app)
            if not awaited.done():  # another start was quicker
                awaited.set_result(app)
        return web.json_response({"status": "success"})

    async def post(self, path: str, token: str, body: object = None) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        url = f"http://127.0.0.1:{self.running.port}{path}"
        async with self.http.post(url, json=body, headers=headers) as answer:
            await answer.read()
            return answer.status

    async def visit(self, number: int) -> None:
        user_id = f"user-{number % USERS}@x.org"
        token = self.token(user_id)
        url = f"ws://127.0.0.1:{self.running.port}/glasses-ws?token={token}"
        if number % EVERY == 0:
            # who left it running yesterday gets it back unasked
            self.apps[f"{user_id}-{PACKAGE}"] = asyncio.Future()
        glasses = await Party.open("glasses", self.http, url)
        await glasses.next("connection_ack", within=60)
        if number % EVERY == 0:
            await self.use_an_app(glasses, user_id, token, number)
        if number % 2:
            await glasses.drop()
        else:
            assert await self.post("/api/client/goodbye", token, {}) == 200
            await glasses.close()

    async def use_an_app(self, glasses: Party, user_id: str, token: str, number: int) -> None:
        session_id = f"{user_id}-{PACKAGE}"
        glasses.say(
            "glasses_connection_state", modelName="Mentra Live", status="CONNECTED",
            wifi={"connected": True},
        )  # fmt: skip
        assert await self.post(f"/apps/{PACKAGE}/start", token) == 200
        app = await asyncio.wait_for(self.apps[session_id], 60)
        await app.next("tpa_connection_ack", within=60)
        app.say("subscription_update", subscriptions=["transcription:en-US", "location_stream"])
        app.say("ping")
        await app.next("pong", within=60)
        glasses.say(
            "local_transcription", text=f"{number}", isFinal=True, transcribeLanguage="en-US"
        )
        await app.next("data_stream", within=60)
        await self.photo_and_stream(glasses, app, number)
        if number % 3:
            assert await self.post(f"/apps/{PACKAGE}/stop", token) == 200
            await app.closed(1000, within=60)
        del self.apps[session_id]
        await app.close()

    async def photo_and_stream(self, glasses: Party, app: Party, number: int) -> None:
        app.say("photo_request", requestId=f"photo-{number}")
        await glasses.next("photo_request", within=60)
        if number % 2:  # else nobody answers
            error = {"code": "CAMERA_BUSY", "message": "no"}
            glasses.say("photo_response", requestId=f"photo-{number}", success=False, error=error)
            await app.next("photo_response", within=60)
        app.say("location_poll_request", accuracy="high", correlationId=f"poll-{number}")
        kind = "managed_stream" if number % 4 == 0 else "rtmp_stream"
        app.say(f"{kind}_request", rtmpUrl="rtmp://127.0.0.1/live/x", quality="720p")
        started = await glasses.next("start_rtmp_stream", within=60)
        glasses.say("rtmp_stream_status", streamId=started["streamId"], status="active")
        await app.next(f"{kind}_status", lambda told: told["status"] == "active", 60)
        if number % 3:  # else it is left running
            app.say(f"{kind}_stop", streamId=started["streamId"])
            await glasses.next("stop_rtmp_stream", within=60)


@asynccontextmanager
async def town_of(running: Running) -> AsyncIterator[Town]:
    secret = (running.state / "secrets" / "jwt").read_text().strip()
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as http:
        town = Town(running, http, "", secret)
        application = web.Application()
        application.router.add_post("/webhook", town.webhook)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        words = ("app", "add", PACKAGE, "--url", address, "--permission", "ALL")
        added = await asyncio.to_thread(running.command, *words, "--type", "background")
        town.api_key = added.stdout.strip()
        try:
            yield town
        finally:
            for app in town.opened:
                await app.close()
            await runner.cleanup()


async def two_halves(running: Running) -> list[Left]:
    """What is left after each."""
    left = []
    async with town_of(running) as town:
        for half in (range(VISITS // 2), range(VISITS // 2, VISITS)):
            numbers = iter(half)

            async def people(numbers: Iterator[int] = numbers) -> None:
                for number in numbers:
                    await town.visit(number)

            await asyncio.gather(*(people() for _ in range(AT_ONCE)))
            left.append(await asyncio.to_thread(left_in_the_evening, running))
    return left


def left_in_the_evening(running: Running) -> Left:
    """Once everybody is gone and every grace is over."""
    wait_until(lambda: left_by(running).sessions == 0, "the end of the last session")
    wait_until(lambda: left_by(running).connections == 0, "the end of the last connection")
    return left_by(running)


@pytest.mark.slow
def test_ten_thousand_visits_leave_nothing_behind(start: Callable[..., Running]):
    running = start(SETTINGS)
    fresh = left_by(running)

    noon, evening = asyncio.run(two_halves(running))

    assert (noon.sessions, evening.sessions) == (0, 0)
    assert noon.timers <= fresh.timers + SLACK
    assert evening.timers <= fresh.timers + SLACK
    assert evening.files <= noon.files + SLACK
    assert evening.memory < noon.memory * 1.1
    assert "Traceback" not in running.log.read_text()
