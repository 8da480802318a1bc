"""Location, dashboard and feedback: a real server, a real app's server, simulated glasses."""

import asyncio
import http.client
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mentra.sdk import AppServer, AppSession, GlassesClient, Place
from mentra.sdk.seen import Moved
from tests.server.conftest import PATIENCE, Running

pytestmark = pytest.mark.slow

PACKAGE = "org.example.maps"
ANN = "ann-marie@x.org"
KEY = "k" * 64


class Maps(AppServer):
    """An app that gives its session away."""

    def __init__(self) -> None:
        super().__init__(PACKAGE, KEY, port=0)
        self.begun: asyncio.Queue[AppSession] = asyncio.Queue()

    async def on_session(self, session: AppSession) -> None:
        self.begun.put_nowait(session)


Act = Callable[[AppSession, GlassesClient], Awaitable[None]]


async def wear(server: Running, app: Maps, act: Act) -> None:
    """Run *act* with the app, started by glasses that are connected."""
    token = server.command("user", "token", ANN).stdout.strip()
    glasses = GlassesClient(f"http://127.0.0.1:{server.port}", token)
    life = asyncio.ensure_future(glasses.run())
    try:
        async with asyncio.timeout(PATIENCE):
            await glasses.until(lambda: glasses.connected)
            glasses.start_app(PACKAGE)
            await act(await app.begun.get(), glasses)
    finally:
        life.cancel()
        await asyncio.wait([life])


def with_app(start: Callable[..., Running], *acts: Act) -> None:
    """Run each of *acts* on a server of its own, all with one store and one app."""

    async def scenario() -> None:
        server, app = start(), Maps()
        await app.start()
        server.command("app", "add", PACKAGE, "--url", f"http://127.0.0.1:{app.port}",
                       "--permission", "LOCATION", "--api-key", KEY)  # fmt: skip
        try:
            await wear(server, app, acts[0])
            for act in acts[1:]:
                assert server.stop() == 0
                server = start(state=server.state)
                await wear(server, app, act)
        finally:
            await app.stop()

    asyncio.run(scenario())


def post(server: Running, path: str, body: Any) -> tuple[int, Any]:
    token = server.command("user", "token", ANN).stdout.strip()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.request("POST", path, json.dumps(body), {"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    said = json.loads(answer.read())
    connection.close()
    return answer.status, said


def test_an_app_knows_where_its_wearer_is_and_after_a_restart_where_that_was(start):
    heard: list[Place] = []

    async def walk(session: AppSession, glasses: GlassesClient) -> None:
        glasses.place = Moved(lat=1.5, lng=2.5, accuracy=5.0)
        place = await session.locate("high")
        session.on_location(heard.append, rate="realtime")
        await glasses.until(lambda: glasses.tier == "realtime")
        glasses.move(52.5, 13.4)

        assert (place.lat, place.lng, place.accuracy) == (1.5, 2.5, 5.0)
        # answered from memory, so the move has been heard
        assert (await session.locate("high")).lat == 52.5
        assert [(one.lat, one.lng) for one in heard] == [(52.5, 13.4)]

    async def come_back(session: AppSession, glasses: GlassesClient) -> None:
        told: asyncio.Queue[Place] = asyncio.Queue()
        session.on_location(told.put_nowait)

        place = await told.get()

        assert (place.lat, place.lng) == (52.5, 13.4)

    with_app(start, walk, come_back)


def test_what_an_app_writes_is_seen_by_looking_up(start):
    async def act(session: AppSession, glasses: GlassesClient) -> None:
        session.write_dashboard("200 m to the left")
        glasses.move_head(up=True)
        await glasses.until(lambda: glasses.visible is not None and "200 m" in glasses.visible.text)

        assert glasses.visible is not None
        assert glasses.visible.view == "dashboard"

    with_app(start, act)


def test_what_a_user_has_to_say_reaches_the_sysadmin(start):
    server = start()

    answer = post(server, "/api/client/feedback", {"feedback": "good"})

    assert answer == (200, {"success": True})
    [said] = json.loads(server.command("feedback", "--json").stdout)
    assert (said["userId"], said["text"]) == (ANN, "good")
