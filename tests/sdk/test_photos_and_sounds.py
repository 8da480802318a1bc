"""Pictures and sounds: an app's side, and that of simulated glasses."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from mentra.errors import Refused
from mentra.sdk import AppServer, AppSession, GlassesClient, Photo
from mentra.sdk.camera import SMALL_JPEG
from tests.sdk.fake_cloud import PATIENCE, USER, FakeCloud, fake_cloud

PACKAGE = "org.example.app"


def with_app(act: Callable[[AppSession, FakeCloud, str], Awaitable[None]]) -> None:
    """Run *act* with a session of an app's server, the cloud, and the server's address."""

    async def scenario() -> None:
        app = AppServer(PACKAGE, "key", port=0)
        async with fake_cloud() as cloud:
            await app.start()
            url = f"http://127.0.0.1:{app.port}"
            await cloud.post(f"{url}/webhook", cloud.session_request(PACKAGE))
            try:
                async with asyncio.timeout(PATIENCE):
                    await act(app.sessions[f"{USER}-{PACKAGE}"], cloud, url)
            finally:
                await app.stop()

    asyncio.run(scenario())


async def asked(cloud: FakeCloud, kind: str) -> dict[str, Any]:
    """What the app asked the cloud for."""
    await cloud.until(lambda: kind in cloud.types_from_apps())
    return next(frame for frame in cloud.from_apps if frame["type"] == kind)


async def upload(url: str, request_id: str, *, photo: bytes | None = SMALL_JPEG,
                 **fields: str) -> int:  # fmt: skip
    form = aiohttp.FormData(default_to_multipart=True)
    if photo is not None:
        form.add_field("photo", photo, filename="a.jpg", content_type="image/jpeg")
    for name, value in {"requestId": request_id, **fields}.items():
        form.add_field(name, value)
    async with aiohttp.ClientSession() as http, http.post(f"{url}/photo-upload", data=form) as done:
        return done.status


async def refusal_of(work: Awaitable[Any]) -> str:
    with pytest.raises(Refused) as refused:
        await work
    return refused.value.code


# -- pictures


def test_an_app_gets_the_picture_that_it_asked_for():
    async def act(session: AppSession, cloud: FakeCloud, url: str) -> None:
        waiting = asyncio.ensure_future(session.request_photo(size="large"))
        request = await asked(cloud, "photo_request")

        status = await upload(url, request["requestId"])

        assert status == 200
        assert request["size"] == "large"
        assert await waiting == Photo(request["requestId"], SMALL_JPEG, "image/jpeg", "a.jpg")

    with_app(act)


@pytest.mark.parametrize("said", [{"type": "photo_error"}, {"success": "false"}])
def test_the_glasses_can_say_that_there_is_none(said: dict[str, str]):
    async def act(session: AppSession, cloud: FakeCloud, url: str) -> None:
        waiting = asyncio.ensure_future(session.request_photo())
        request = await asked(cloud, "photo_request")

        await upload(url, request["requestId"], photo=None, errorCode="CAMERA_BUSY", **said)

        assert await refusal_of(waiting) == "CAMERA_BUSY"

    with_app(act)


def test_the_cloud_can_say_that_there_is_none():
    async def act(session: AppSession, cloud: FakeCloud, url: str) -> None:
        waiting = asyncio.ensure_future(session.request_photo())
        request = await asked(cloud, "photo_request")
        error = {"code": "PHONE_TIMEOUT", "message": "too late"}

        await cloud.to_app({"type": "photo_response", "requestId": request["requestId"],
                            "success": False, "error": error})  # fmt: skip

        assert await refusal_of(waiting) == "PHONE_TIMEOUT"

    with_app(act)


def test_a_picture_that_cannot_be_fetched_is_none():
    async def act(session: AppSession, cloud: FakeCloud, url: str) -> None:
        waiting = asyncio.ensure_future(session.request_photo())
        request = await asked(cloud, "photo_request")

        await cloud.to_app({"type": "photo_response", "requestId": request["requestId"],
                            "success": True, "photoUrl": f"{url}/nowhere.jpg"})  # fmt: skip

        assert await refusal_of(waiting) == "NETWORK_ERROR"

    with_app(act)


def test_nothing_in_time_is_none():
    async def act(session: AppSession, cloud: FakeCloud, url: str) -> None:
        assert await refusal_of(session.photos.request(timeout=0.0)) == "TIMEOUT"

    with_app(act)


def test_the_end_of_the_session_is_the_end_of_waiting():
    async def act(session: AppSession, cloud: FakeCloud, url: str) -> None:
        photo = asyncio.ensure_future(session.request_photo())
        sound = asyncio.ensure_future(session.play_audio("https://x.test/a.mp3"))
        await asked(cloud, "audio_play_request")

        await session.disconnect()

        assert await refusal_of(photo) == "SESSION_ENDED"
        assert await refusal_of(sound) == "NOT_PLAYED"

    with_app(act)


@pytest.mark.parametrize(
    ("request_id", "photo", "status"),
    [("unknown", SMALL_JPEG, 404), ("", SMALL_JPEG, 400), ("mine", None, 400)],
)
def test_what_nobody_waits_for_is_not_taken(request_id: str, photo: bytes | None, status: int):
    async def act(session: AppSession, cloud: FakeCloud, url: str) -> None:
        waiting = asyncio.ensure_future(session.request_photo())
        mine = (await asked(cloud, "photo_request"))["requestId"]

        told = await upload(url, mine if request_id == "mine" else request_id, photo=photo)

        assert told == status
        assert not waiting.done()

    with_app(act)


def test_what_is_no_form_is_not_taken():
    async def act(session: AppSession, cloud: FakeCloud, url: str) -> None:
        assert (await cloud.post(f"{url}/photo-upload", {}))[0] == 400

    with_app(act)


# -- sounds


def test_an_app_hears_when_its_sound_is_over():
    async def act(session: AppSession, cloud: FakeCloud, url: str) -> None:
        waiting = asyncio.ensure_future(session.play_audio("https://x.test/a.mp3", volume=0.5))
        request = await asked(cloud, "audio_play_request")

        await cloud.to_app({"type": "audio_play_response", "requestId": request["requestId"],
                            "success": True, "duration": 2.5})  # fmt: skip

        assert (request["audioUrl"], request["volume"]) == ("https://x.test/a.mp3", 0.5)
        assert await waiting == 2.5

    with_app(act)


def test_an_app_hears_why_its_sound_was_not_played():
    async def act(session: AppSession, cloud: FakeCloud, url: str) -> None:
        waiting = asyncio.ensure_future(session.play_audio("https://x.test/a.mp3"))
        request = await asked(cloud, "audio_play_request")

        await cloud.to_app({"type": "audio_play_response", "requestId": request["requestId"],
                            "success": False, "error": "no such file"})  # fmt: skip

        assert await refusal_of(waiting) == "NOT_PLAYED"

    with_app(act)


def test_an_app_can_end_its_sound():
    async def act(session: AppSession, cloud: FakeCloud, url: str) -> None:
        session.stop_audio(2)

        assert (await asked(cloud, "audio_stop_request"))["trackId"] == 2

    with_app(act)


# -- glasses


def with_glasses(act: Callable[[GlassesClient, FakeCloud], Awaitable[None]]) -> None:
    async def scenario() -> None:
        async with fake_cloud() as cloud:
            glasses = GlassesClient(cloud.url, "the-token", retry_seconds=0.0)
            life = asyncio.ensure_future(glasses.run())
            async with asyncio.timeout(PATIENCE):
                await glasses.until(lambda: glasses.connected)
                await act(glasses, cloud)
            life.cancel()
            await asyncio.wait([life])

    asyncio.run(scenario())


async def said(cloud: FakeCloud, kind: str) -> dict[str, Any]:
    def found() -> list[dict[str, Any]]:
        return [frame for frame in cloud.from_glasses if frame["type"] == kind]

    await cloud.until(found)
    return found()[0]


def order(url: str) -> dict[str, Any]:
    return {"type": "photo_request", "requestId": "r1", "appId": PACKAGE, "webhookUrl": url}


def test_glasses_say_when_a_picture_cannot_be_delivered():
    async def act(glasses: GlassesClient, cloud: FakeCloud) -> None:
        nobody = cloud.url.replace("ws://", "http://") + "/nobody-takes-photos-here"

        await cloud.to_glasses(order(nobody))

        answer = await said(cloud, "photo_response")
        assert (answer["success"], answer["error"]["code"]) == (False, "UPLOAD_FAILED")
        assert [one.request_id for one in glasses.camera.orders] == ["r1"]

    with_glasses(act)


def test_a_broken_camera_says_so():
    async def act(glasses: GlassesClient, cloud: FakeCloud) -> None:
        glasses.camera.broken = "CAMERA_INIT_FAILED"

        await cloud.to_glasses(order("http://127.0.0.1:9/photo-upload"))

        answer = await said(cloud, "photo_response")
        assert answer["error"]["code"] == "CAMERA_INIT_FAILED"

    with_glasses(act)


@pytest.mark.parametrize("place", ["/nowhere.mp3", ":1/a.mp3"])
def test_a_sound_that_cannot_be_fetched_is_not_played(place: str):
    async def act(glasses: GlassesClient, cloud: FakeCloud) -> None:
        base = cloud.url.replace("ws://", "http://")
        url = base + place if place.startswith("/") else "http://127.0.0.1" + place

        await cloud.to_glasses({"type": "audio_play_request", "requestId": "r1", "audioUrl": url})

        answer = await said(cloud, "audio_play_response")
        assert (answer["requestId"], answer["success"]) == ("r1", False)
        assert [one.order.audio_url for one in glasses.player.sounds] == [url]

    with_glasses(act)


# -- live speech


async def spoken(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def test_an_app_speaks_once_there_is_room():
    async def act(session: AppSession, cloud: FakeCloud, url: str) -> None:
        speaking = asyncio.ensure_future(session.speak_live(spoken(b"one", b"two"), volume=0.5))
        begun = await asked(cloud, "audio_stream_start")
        early = "audio_play_request" in cloud.types_from_apps()

        await cloud.to_app({"type": "audio_stream_ready", "streamId": begun["streamId"],
                            "streamUrl": "https://x.test/live"})  # fmt: skip
        play = await asked(cloud, "audio_play_request")
        await asked(cloud, "audio_stream_end")
        await cloud.to_app({"type": "audio_play_response", "requestId": play["requestId"],
                            "success": True})  # fmt: skip
        await speaking

        assert not early
        assert play["requestId"] == f"stream_{begun['streamId']}"
        assert (play["audioUrl"], play["trackId"], play["volume"]) == (
            "https://x.test/live",
            1,
            0.5,
        )
        assert cloud.audio == [begun["streamId"].encode() + one for one in (b"one", b"two")]

    with_app(act)


def test_without_room_an_app_does_not_speak():
    async def act(session: AppSession, cloud: FakeCloud, url: str) -> None:
        speaking = asyncio.ensure_future(session.speak_live(spoken(b"one")))
        await asked(cloud, "audio_stream_start")

        await session.disconnect()

        assert await refusal_of(speaking) == "SESSION_ENDED"

    with_app(act)
