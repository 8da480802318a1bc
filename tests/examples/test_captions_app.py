"""The sample app, with a wearer in front of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import mentra.sdk.captions
from mentra.sdk import GlassesClient
from mentra.sdk.captions import Captions
from tests.sdk.fake_cloud import PATIENCE, FakeCloud, fake_cloud

PACKAGE = "org.example.captions"


@asynccontextmanager
async def captions_on() -> AsyncIterator[tuple[FakeCloud, GlassesClient]]:
    app = Captions(PACKAGE, "key", port=0)
    async with fake_cloud() as cloud:
        await app.start()
        cloud.webhooks[PACKAGE] = f"http://127.0.0.1:{app.port}"
        glasses = GlassesClient(cloud.url, "token")
        life = asyncio.ensure_future(glasses.run())
        await shown(glasses, None)
        glasses.start_app(PACKAGE)
        try:
            await shown(glasses, "Captions are on.")
            yield cloud, glasses
        finally:
            await app.stop()
            life.cancel()
            await asyncio.wait([life])


async def shown(glasses: GlassesClient, text: str | None) -> None:
    def holds() -> bool:
        seen = glasses.visible
        return glasses.connected and (seen.layout["text"] if seen else None) == text

    async with asyncio.timeout(PATIENCE):
        await glasses.until(holds)


def test_what_is_said_is_shown_with_what_was_said_before():
    async def scenario() -> None:
        async with captions_on() as (_, glasses):
            for utterance in ("one", "two", "three", "four"):
                glasses.speak(utterance)

            await shown(glasses, "two\nthree\nfour")

    asyncio.run(scenario())


def test_words_that_may_change_are_replaced():
    async def scenario() -> None:
        async with captions_on() as (_, glasses):
            glasses.speak("wreck a nice", is_final=False)
            await shown(glasses, "wreck a nice")

            glasses.speak("recognise speech")

            await shown(glasses, "recognise speech")

    asyncio.run(scenario())


def test_the_button_takes_a_photo():
    async def scenario() -> None:
        async with captions_on() as (_, glasses):
            glasses.press_button()

            await shown(glasses, f"A photo: {len(glasses.camera.picture):,} bytes.")

    asyncio.run(scenario())


def test_a_photo_that_cannot_be_taken_is_told():
    async def scenario() -> None:
        async with captions_on() as (_, glasses):
            glasses.camera.broken = "CAMERA_CAPTURE_FAILED"

            glasses.press_button()

            await shown(glasses, "No photo: the camera is broken")

    asyncio.run(scenario())


def test_the_dashboard_says_how_much_was_heard():
    async def scenario() -> None:
        async with captions_on() as (_, glasses):
            glasses.speak("one", is_final=False)
            glasses.speak("one")
            glasses.speak("two")
            glasses.move_head(up=True)

            await shown(glasses, "Captions: 2 so far")

    asyncio.run(scenario())


def test_other_languages_are_not_asked_for():
    async def scenario() -> None:
        async with captions_on() as (cloud, _):
            assert cloud.lists()[-1] == ["transcription:en-US", "button_press"]

    asyncio.run(scenario())


def test_it_says_goodbye_when_it_is_stopped():
    async def scenario() -> None:
        async with captions_on() as (cloud, glasses):
            glasses.stop_app(PACKAGE)

            await shown(glasses, "Goodbye.")
            await cloud.until(lambda: len(cloud.webhook_answers) == 2)
            assert cloud.webhook_answers == [(200, {"status": "success"})] * 2

    asyncio.run(scenario())


def test_without_name_and_key_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("PACKAGE_NAME", raising=False)
    monkeypatch.setenv("MENTRAOS_API_KEY", "key")

    with pytest.raises(SystemExit, match="PACKAGE_NAME"):
        mentra.sdk.captions.main()


def test_the_package_has_the_example_s_very_file():
    packaged = Path(mentra.sdk.captions.__file__)

    example = Path(__file__).parents[2] / "examples" / "captions_app" / "captions.py"
    assert packaged.read_bytes() == example.read_bytes()
    assert packaged.resolve() == example
