"""Where the wearer is, and what apps write on the dashboard: both sides of the SDK."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mentra.errors import Refused
from mentra.sdk import AppServer, AppSession, GlassesClient, Place
from tests.sdk.fake_cloud import PATIENCE, USER, FakeCloud, fake_cloud

PACKAGE = "org.example.app"


def with_app(act: Callable[[AppSession, FakeCloud], Awaitable[None]]) -> None:
    """Run *act* with a session of an app's server, and the cloud."""

    async def scenario() -> None:
        app = AppServer(PACKAGE, "key", port=0)
        async with fake_cloud() as cloud:
            await app.start()
            url = f"http://127.0.0.1:{app.port}"
            await cloud.post(f"{url}/webhook", cloud.session_request(PACKAGE))
            try:
                async with asyncio.timeout(PATIENCE):
                    await act(app.sessions[f"{USER}-{PACKAGE}"], cloud)
            finally:
                await app.stop()

    asyncio.run(scenario())


def with_glasses(act: Callable[[GlassesClient, FakeCloud], Awaitable[None]]) -> None:
    """Run *act* with glasses that are connected, and the cloud."""

    async def scenario() -> None:
        async with fake_cloud() as cloud:
            glasses = GlassesClient(cloud.url, "token")
            running = asyncio.ensure_future(glasses.run())
            try:
                async with asyncio.timeout(PATIENCE):
                    await glasses.until(lambda: glasses.connected)
                    await act(glasses, cloud)
            finally:
                running.cancel()
                await asyncio.wait([running])

    asyncio.run(scenario())


async def asked(cloud: FakeCloud, kind: str) -> dict[str, Any]:
    """What the app asked the cloud for."""
    await cloud.until(lambda: kind in cloud.types_from_apps())
    return next(frame for frame in cloud.from_apps if frame["type"] == kind)


def event(stream: str, **data: Any) -> dict[str, Any]:
    return {"type": "data_stream", "streamType": stream, "data": data}


def test_an_app_asks_where_the_wearer_is():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        waiting = asyncio.ensure_future(session.locate("high"))
        question = await asked(cloud, "location_poll_request")
        await cloud.to_app(event("location_update", lat=0, lng=0))
        await cloud.to_app(event("location_update", lat=0, lng=0, correlationId="another's"))
        await cloud.to_app(event("location_update", lat="?"))

        await cloud.to_app(
            event("location_update", lat=1.5, lng=2.5, correlationId=question["correlationId"])
        )

        place = await waiting
        assert question["accuracy"] == "high"
        assert (place.lat, place.lng, place.accuracy) == (1.5, 2.5, None)

    with_app(act)


def test_nobody_answers_and_the_wait_has_an_end():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        with pytest.raises(Refused) as refused:
            await session.places.ask("high", timeout=0.01)
        assert (refused.value.code, refused.value.retryable) == ("TIMEOUT", True)

    with_app(act)


def test_the_end_of_the_session_ends_the_wait():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        waiting = asyncio.ensure_future(session.locate())
        await asked(cloud, "location_poll_request")

        await session.disconnect()

        with pytest.raises(Refused, match="session ended"):
            await waiting

    with_app(act)


def test_an_app_follows_the_wearer_at_its_rate():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        places: asyncio.Queue[Place] = asyncio.Queue()
        forget = session.on_location(places.put_nowait, rate="realtime")
        await cloud.until(lambda: [{"stream": "location_stream", "rate": "realtime"}]
                          in cloud.lists())  # fmt: skip

        await cloud.to_app(event("location_stream", lat=1.5, lng=2.5, accuracy=4))

        assert await places.get() == Place(lat=1.5, lng=2.5, accuracy=4)
        forget()
        await cloud.until(lambda: cloud.lists()[-1] == [])

    with_app(act)


def test_an_app_writes_on_the_dashboard():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        assert session.write_dashboard("200 m", ["main", "expanded"])
        written = await asked(cloud, "dashboard_content_update")
        assert (written["content"], written["modes"]) == ("200 m", ["main", "expanded"])
        assert written["packageName"] == PACKAGE

    with_app(act)


def test_an_app_hears_what_is_new_about_the_glasses():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        heard: list[dict[str, Any]] = []
        there = asyncio.Event()

        def broken(news: dict[str, Any]) -> None:
            raise ValueError("a bug of the app's")

        def watch(news: dict[str, Any]) -> None:
            heard.append(news)
            if "charging" in news:
                there.set()

        session.on_device(broken)
        session.on_device(watch)
        await cloud.to_app(
            {"type": "device_state_update", "state": {"batteryLevel": 80}, "fullSnapshot": True}
        )
        await cloud.to_app({"type": "device_state_update", "state": {"charging": True}})
        await there.wait()
        late: list[dict[str, Any]] = []
        session.on_device(late.append)

        assert heard == [{"batteryLevel": 80}, {"charging": True}]
        assert late == [{"batteryLevel": 80, "charging": True}]

    with_app(act)


def test_glasses_say_where_they_are_and_answer_when_asked():
    async def act(glasses: GlassesClient, cloud: FakeCloud) -> None:
        glasses.move(1.5, 2.5, accuracy=4.0)
        await cloud.to_glasses({"type": "set_location_tier", "tier": "high"})
        await cloud.to_glasses(
            {"type": "request_single_location", "accuracy": "high", "correlationId": "c1"}
        )
        await cloud.until(lambda: any("correlationId" in one for one in cloud.from_glasses))

        moves = [one for one in cloud.from_glasses if one["type"] == "location_update"]
        assert [(one["lat"], one["lng"], one["accuracy"]) for one in moves] == [(1.5, 2.5, 4.0)] * 2
        assert moves[1]["correlationId"] == "c1"
        assert glasses.tier == "high"

    with_glasses(act)
