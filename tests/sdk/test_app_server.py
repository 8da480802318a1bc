"""An app's server: the webhook, and the sessions it begins and ends."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from mentra.sdk import AppServer, AppSession
from tests.sdk.fake_cloud import PATIENCE, USER, FakeCloud, fake_cloud

PACKAGE = "org.example.app"


class App(AppServer):
    """Notes what it is told; ``begin`` is its start part."""

    def __init__(self, begin: Callable[[AppSession], Any] = lambda session: None, **more: Any):
        super().__init__(PACKAGE, "key", port=0, **more)
        self.begin = begin
        self.begun: list[AppSession] = []
        self.stopped: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def on_session(self, session: AppSession) -> None:
        self.begun.append(session)
        outcome = self.begin(session)
        if outcome is not None:
            await outcome

    async def on_stop(self, session: AppSession, reason: str) -> None:
        self.stopped.put_nowait((session.user_id, reason))

    async def next_stop(self) -> tuple[str, str]:
        async with asyncio.timeout(PATIENCE):
            return await self.stopped.get()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def running(app: App) -> AsyncIterator[FakeCloud]:
    async with fake_cloud() as cloud:
        await app.start()
        cloud.webhooks[PACKAGE] = app.url
        try:
            yield cloud
        finally:
            await app.stop()


async def start(cloud: FakeCloud, app: App) -> tuple[int, dict[str, Any]]:
    return await cloud.post(f"{app.url}/webhook", cloud.session_request(PACKAGE))


def make(factory: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(factory())


def test_the_webhook_is_answered_once_the_start_part_ran():
    async def scenario() -> None:
        ready, go = asyncio.Event(), asyncio.Event()

        async def begin(session: AppSession) -> None:
            ready.set()
            await go.wait()

        app = App(begin)
        async with running(app) as cloud:
            answer = asyncio.ensure_future(start(cloud, app))
            await ready.wait()

            assert not answer.done()
            go.set()

            assert await answer == (200, {"status": "success"})
            assert cloud.types_from_apps()[0] == "tpa_connection_init"

    make(scenario)


def test_the_handshake_names_session_package_and_key():
    async def scenario() -> None:
        app = App()
        async with running(app) as cloud:
            await start(cloud, app)

            init = cloud.from_apps[0]
            assert init["sessionId"] == f"{USER}-{PACKAGE}"
            assert (init["packageName"], init["apiKey"]) == (PACKAGE, "key")

    make(scenario)


def test_an_older_cloud_s_url_will_do():
    async def scenario() -> None:
        app = App()
        async with running(app) as cloud:
            request = cloud.session_request(PACKAGE)
            del request["mentraOSWebsocketUrl"]

            assert (await cloud.post(f"{app.url}/webhook", request))[0] == 200

    make(scenario)


def test_no_ack_is_a_500():
    async def scenario() -> None:
        app = App(ack_seconds=0.05)
        async with running(app) as cloud:
            cloud.acknowledges = False

            status, answer = await start(cloud, app)

            assert (status, answer["message"]) == (500, "Failed to connect")
            assert not app.sessions
            assert not app.begun

    make(scenario)


def test_a_refused_upgrade_is_a_500():
    async def scenario() -> None:
        app = App()
        async with running(app) as cloud:
            cloud.refuse = 401

            assert (await start(cloud, app))[0] == 500
            assert app.stopped.empty()

    make(scenario)


def test_a_start_part_that_fails_releases_the_session(caplog: pytest.LogCaptureFixture):
    async def scenario() -> None:
        def begin(session: AppSession) -> None:
            raise LookupError("no such poem")

        app = App(begin)
        async with running(app) as cloud:
            status, answer = await start(cloud, app)

            assert (status, answer["status"]) == (500, "error")
            assert "poem" not in str(answer)
            await cloud.until(lambda: "ownership_release" in cloud.types_from_apps())
            assert not app.sessions

    make(scenario)
    assert "no such poem" in caplog.text


@pytest.mark.parametrize(
    "body",
    [{"type": "dance"}, {}, b"{", {"type": "session_request"}, [1], b"\xff"],
    ids=["unknown type", "no type", "no json", "no session", "no object", "no text"],
)
def test_an_unknown_webhook_is_a_400(body: Any):
    async def scenario() -> None:
        app = App()
        async with running(app) as cloud:
            status, answer = await cloud.post(f"{app.url}/webhook", body)

            assert (status, answer["status"]) == (400, "error")

    make(scenario)


def test_a_stop_request_ends_the_session_once():
    async def scenario() -> None:
        app = App()
        async with running(app) as cloud:
            await start(cloud, app)

            answer = await cloud.post(f"{app.url}/webhook", cloud.stop_request(PACKAGE))

            assert answer == (200, {"status": "success"})
            assert await app.next_stop() == (USER, "user_disabled")
            await cloud.until(lambda: cloud.closes)
            assert not app.sessions
            assert app.stopped.empty()

    make(scenario)


def test_a_session_may_still_be_shown_something_as_it_stops():
    class Polite(App):
        async def on_stop(self, session: AppSession, reason: str) -> None:
            assert session.show_text("Goodbye")

    async def scenario() -> None:
        app = Polite()
        async with running(app) as cloud:
            await start(cloud, app)

            await cloud.post(f"{app.url}/webhook", cloud.stop_request(PACKAGE))

            await cloud.until(lambda: "display_event" in cloud.types_from_apps())

    make(scenario)


def test_a_stop_request_for_nobody_is_a_success():
    async def scenario() -> None:
        app = App()
        async with running(app) as cloud:
            answer = await cloud.post(f"{app.url}/webhook", cloud.stop_request(PACKAGE))

            assert answer == (200, {"status": "success"})

    make(scenario)


@pytest.mark.parametrize("code", [1000, 1001, 1008])
def test_a_clean_close_ends_the_session(code: int):
    async def scenario() -> None:
        app = App()
        async with running(app) as cloud:
            await start(cloud, app)
            assert cloud.app is not None

            await cloud.app.close(code=code, message=b"App stopped")

            assert await app.next_stop() == (USER, "App stopped")
            assert cloud.dialled == 1
            assert not app.sessions

    make(scenario)


def test_an_interrupted_connection_comes_back_with_its_subscriptions():
    async def scenario() -> None:
        app = App(lambda session: session.on("button_press", print) and None, retry_after=(0.0,))
        async with running(app) as cloud:
            await start(cloud, app)
            await cloud.until(lambda: len(cloud.lists()) == 2)
            assert cloud.app is not None

            await cloud.app.close(code=1011)

            await cloud.until(lambda: len(cloud.lists()) == 3)
            assert cloud.lists() == [[], ["button_press"], ["button_press"]]
            assert cloud.dialled == 2
            assert app.stopped.empty()

    make(scenario)


def test_the_words_user_session_ended_are_final_whatever_the_code():
    async def scenario() -> None:
        app = App(retry_after=(0.0,))
        async with running(app) as cloud:
            await start(cloud, app)
            assert cloud.app is not None

            await cloud.app.close(code=4001, message=b"User session ended")

            await app.next_stop()
            assert cloud.dialled == 1

    make(scenario)


def test_a_cloud_that_stays_away_ends_the_session_after_three_tries(
    caplog: pytest.LogCaptureFixture,
):
    async def scenario() -> None:
        app = App(retry_after=(0.0, 0.0, 0.0))
        async with running(app) as cloud:
            await start(cloud, app)
            assert cloud.app is not None
            cloud.refuse = 503

            await cloud.app.close(code=1011, message=b"oops")

            assert await app.next_stop() == (USER, "oops")
            assert cloud.dialled == 4

    make(scenario)


def test_a_second_request_leaves_the_old_connection_first():
    async def scenario() -> None:
        app = App()
        async with running(app) as cloud:
            await start(cloud, app)

            assert (await start(cloud, app))[0] == 200

            release = next(f for f in cloud.from_apps if f["type"] == "ownership_release")
            assert release["reason"] == "switching_clouds"
            assert await app.next_stop() == (USER, "switching_clouds")
            assert list(app.sessions.values()) == app.begun[1:]

    make(scenario)


def test_requests_at_once_leave_one_session():
    async def scenario() -> None:
        app = App()
        async with running(app) as cloud:
            answers = await asyncio.gather(*(start(cloud, app) for _ in range(4)))

            assert [status for status, _ in answers] == [200] * 4
            assert len(app.sessions) == 1
            for _ in range(3):
                await app.next_stop()
            await cloud.until(lambda: len(cloud.closes) == 3)
            assert app.stopped.empty()

    make(scenario)


def test_a_server_that_stops_does_not_release_its_sessions():
    async def scenario() -> None:
        app = App()
        async with fake_cloud() as cloud:
            await app.start()
            await start(cloud, app)

            await app.stop()

            assert await app.next_stop() == (USER, "the app's server stops")
            await cloud.until(lambda: cloud.closes)
            assert "ownership_release" not in cloud.types_from_apps()

    make(scenario)


def test_a_crowd_of_wearers_is_no_bound_of_ours():
    async def scenario() -> int:
        app = AppServer("org.a", "key", port=0)
        await app.start()
        try:
            assert app._http is not None
            assert app._http.connector is not None
            return app._http.connector.limit
        finally:
            await app.stop()

    assert asyncio.run(scenario()) == 0


def test_health_counts_sessions():
    async def scenario() -> None:
        app = App()
        async with running(app) as cloud:
            await start(cloud, app)

            async with (
                aiohttp.ClientSession() as http,
                http.get(f"{app.url}/health") as answer,
            ):
                assert await answer.json() == {
                    "status": "healthy",
                    "app": PACKAGE,
                    "activeSessions": 1,
                }

    make(scenario)


def test_posted_settings_replace_those_of_the_user_s_sessions():
    async def scenario() -> None:
        app = App()
        async with running(app) as cloud:
            await start(cloud, app)
            post = {"userIdForSettings": USER, "settings": [{"key": "size", "value": 3}]}

            status, answer = await cloud.post(f"{app.url}/settings", post)

            assert (status, answer["sessionsUpdated"]) == (200, 1)
            assert app.begun[0].settings.get("size") == 3

    make(scenario)


@pytest.mark.parametrize("body", [{"settings": []}, {"userIdForSettings": USER}, b"no"])
def test_settings_without_user_or_list_are_a_400(body: Any):
    async def scenario() -> None:
        app = App()
        async with running(app) as cloud:
            assert (await cloud.post(f"{app.url}/settings", body))[0] == 400

    make(scenario)


def test_an_end_that_fails_is_logged_and_ends(caplog: pytest.LogCaptureFixture):
    class Broken(App):
        async def on_stop(self, session: AppSession, reason: str) -> None:
            raise LookupError("no way out")

    async def scenario() -> None:
        app = Broken()
        async with running(app) as cloud:
            await start(cloud, app)

            status, _ = await cloud.post(f"{app.url}/webhook", cloud.stop_request(PACKAGE))

            assert status == 200
            await cloud.until(lambda: cloud.closes)

    with caplog.at_level(logging.ERROR):
        make(scenario)
    assert "no way out" in caplog.text
