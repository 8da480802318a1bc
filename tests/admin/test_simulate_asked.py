"""What apps ask of simulated glasses, as their wearer is told, and what they answer."""

import asyncio
from typing import Any

import pytest

from mentra.admin.asked import Asked
from mentra.sdk.glasses import GlassesClient
from tests.sdk.fake_cloud import PATIENCE, FakeCloud, fake_cloud

APP = "org.example.app"


def told(*frames: dict[str, Any], answer: str) -> tuple[list[str], dict[str, Any]]:
    """What is told of *frames*, and the glasses' first message of the type *answer*."""
    notes: list[str] = []

    async def scenario() -> dict[str, Any]:
        async with fake_cloud() as cloud:
            glasses = GlassesClient(cloud.url, "t", retry_seconds=0.0)
            Asked(glasses, notes.append)
            life = asyncio.ensure_future(glasses.run())
            async with asyncio.timeout(PATIENCE):
                await glasses.until(lambda: glasses.connected)
            for frame in frames:
                await cloud.to_glasses(frame)
            await cloud.until(lambda: answers(cloud))
            life.cancel()
            await asyncio.wait([life])
            return answers(cloud)[0]

    def answers(cloud: FakeCloud) -> list[dict[str, Any]]:
        return [frame for frame in cloud.from_glasses if frame["type"] == answer]

    return notes, asyncio.run(scenario())


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        ({"action": "on", "color": "red"}, "has the light red"),
        ({"action": "on", "ontime": 500, "count": 3}, "has the light on for 500 ms, 3 times"),
        ({"action": "on", "color": "blue", "count": 1}, "has the light blue"),
        ({"action": "off", "color": None}, "has the light off"),
    ],
)
def test_the_light_is_told_and_answered(fields: dict[str, Any], note: str):
    notes, answered = told(
        {"type": "rgb_led_control", "requestId": "r", "appId": APP, **fields},
        answer="rgb_led_control_response",
    )

    assert notes == [f"{APP} {note}"]
    assert answered.items() >= {"requestId": "r", "success": True}.items()


def test_live_video_is_refused_with_the_reason():
    notes, answered = told(
        {"type": "start_rtmp_stream", "streamId": "s", "appId": APP, "rtmpUrl": "rtmp://x/live"},
        answer="rtmp_stream_status",
    )

    assert notes == [f"{APP} wants live video at rtmp://x/live: there is none here"]
    assert answered.items() >= {"streamId": "s", "status": "error"}.items()


def test_a_sound_is_told_before_it_is_fetched():
    url = "http://127.0.0.1:1/bell.mp3"

    notes, answered = told(
        {"type": "audio_play_request", "requestId": "r", "packageName": APP, "audioUrl": url},
        answer="audio_play_response",
    )

    assert notes == [f"{APP} plays {url}"]
    assert answered["success"] is False


def test_a_photo_that_cannot_be_delivered_is_told_with_the_code():
    notes, answered = told(
        {
            "type": "photo_request",
            "requestId": "r",
            "appId": APP,
            "webhookUrl": "http://127.0.0.1:1/photo-upload",
        },
        answer="photo_response",
    )

    assert notes == [f"{APP} has a photo taken", "no photo: UPLOAD_FAILED"]
    assert answered["success"] is False


def test_the_end_of_sounds_and_video_is_told():
    notes, _ = told(
        {"type": "audio_stop_request", "appId": APP},
        {"type": "stop_rtmp_stream", "appId": APP, "streamId": "s"},
        {"type": "ping"},
        answer="pong",
    )

    assert notes == [f"{APP} plays no more", f"{APP} wants no more live video"]


def test_what_cannot_be_read_and_what_asks_for_nothing_is_not_told():
    notes, _ = told(
        {"type": "rgb_led_control", "requestId": 5},
        {"type": "news"},
        {"type": "ping"},
        answer="pong",
    )

    assert notes == []
