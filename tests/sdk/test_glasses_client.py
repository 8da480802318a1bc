"""Simulated glasses: what they say, what they keep, and how they come back."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mentra.errors import Refused
from mentra.sdk import GlassesClient
from mentra.sdk.glasses import glasses_url
from tests.sdk.fake_cloud import PATIENCE, FakeCloud, fake_cloud


def with_glasses(act: Callable[[GlassesClient, FakeCloud], Awaitable[None]], **more: Any) -> None:
    """Run *act* with glasses that are connected."""

    async def scenario() -> None:
        async with fake_cloud() as cloud:
            glasses = GlassesClient(cloud.url, "the-token", retry_seconds=0.0, **more)
            life = asyncio.ensure_future(glasses.run())
            await reached(glasses, lambda: glasses.connected)
            try:
                await act(glasses, cloud)
            finally:
                life.cancel()
                await asyncio.wait([life])
                if not life.cancelled():
                    life.exception()

    asyncio.run(scenario())


async def reached(glasses: GlassesClient, holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        await glasses.until(holds)


def display(text: str, view: str = "main") -> dict[str, Any]:
    return {
        "type": "display_event",
        "view": view,
        "packageName": "org.example.app",
        "layout": {"layoutType": "text_wall", "text": text},
    }


def text_of(glasses: GlassesClient) -> str | None:
    return glasses.visible.layout["text"] if glasses.visible else None


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://127.0.0.1:8002", "ws://127.0.0.1:8002/glasses-ws"),
        ("https://glasses.example.org/", "wss://glasses.example.org/glasses-ws"),
        ("127.0.0.1:8002", "ws://127.0.0.1:8002/glasses-ws"),
        ("wss://x.org/ws/client", "wss://x.org/ws/client"),
        ("http://x.org/?token=1#a", "ws://x.org/glasses-ws"),
    ],
)
def test_the_socket_s_address_comes_from_the_server_s(given: str, url: str):
    assert glasses_url(given) == url


def test_the_token_travels_in_a_header_and_the_model_is_told_after_the_ack():
    async def act(glasses: GlassesClient, cloud: FakeCloud) -> None:
        await cloud.until(lambda: cloud.from_glasses)

        assert cloud.headers[0]["Authorization"] == "Bearer the-token"
        told = cloud.from_glasses[0]
        assert told["type"] == "glasses_connection_state"
        assert (told["modelName"], told["status"]) == ("Even Realities G1", "CONNECTED")

    with_glasses(act, model="Even Realities G1")


@pytest.mark.parametrize(
    ("do", "frame"),
    [
        (
            lambda g: g.press_button(),
            {"type": "button_press", "buttonId": "main", "pressType": "short"},
        ),
        (
            lambda g: g.press_button("left", long=True),
            {"type": "button_press", "buttonId": "left", "pressType": "long"},
        ),
        (lambda g: g.move_head(up=True), {"type": "head_position", "position": "up"}),
        (lambda g: g.move_head(up=False), {"type": "head_position", "position": "down"}),
        (
            lambda g: g.report_battery(80),
            {"type": "glasses_battery_update", "level": 80, "charging": False},
        ),
        (
            lambda g: g.report_connection(connected=False),
            {
                "type": "glasses_connection_state",
                "modelName": "Simulated Glasses",
                "status": "DISCONNECTED",
            },
        ),
        (lambda g: g.start_app("org.a"), {"type": "start_app", "packageName": "org.a"}),
        (lambda g: g.stop_app("org.a"), {"type": "stop_app", "packageName": "org.a"}),
        (
            lambda g: g.speak("hello there"),
            {
                "type": "local_transcription",
                "text": "hello there",
                "isFinal": True,
                "startTime": 0,
                "endTime": 800,
                "speakerId": 0,
                "transcribeLanguage": "en-US",
                "provider": "simulated",
            },
        ),
    ],
)
def test_what_the_wearer_does_is_said_in_full(
    do: Callable[[GlassesClient], bool], frame: dict[str, Any]
):
    async def act(glasses: GlassesClient, cloud: FakeCloud) -> None:
        assert do(glasses)

        await cloud.until(lambda: len(cloud.from_glasses) == 2)
        said = dict(cloud.from_glasses[1])
        assert said.pop("timestamp").endswith("Z")
        assert said == frame

    with_glasses(act)


def test_sound_goes_out_as_it_is():
    async def act(glasses: GlassesClient, cloud: FakeCloud) -> None:
        assert glasses.send_audio(b"\x00\x01")

        await cloud.until(lambda: cloud.audio)
        assert cloud.audio == [b"\x00\x01"]

    with_glasses(act)


def test_speech_goes_on_where_it_ended():
    async def act(glasses: GlassesClient, cloud: FakeCloud) -> None:
        glasses.speak("one two")
        glasses.speak("three", "de-DE", is_final=False)

        await cloud.until(lambda: len(cloud.from_glasses) == 3)
        assert cloud.from_glasses[2]["startTime"] == cloud.from_glasses[1]["endTime"]
        assert cloud.from_glasses[2]["isFinal"] is False

    with_glasses(act)


def test_the_dashboard_is_seen_by_looking_up():
    async def act(glasses: GlassesClient, cloud: FakeCloud) -> None:
        glasses.move_head(up=True)
        await cloud.to_glasses(display("main text"))
        await reached(glasses, lambda: text_of(glasses) == "main text")

        await cloud.to_glasses(display("dashboard text", "dashboard"))
        await reached(glasses, lambda: text_of(glasses) == "dashboard text")
        glasses.move_head(up=False)

        assert text_of(glasses) == "main text"

    with_glasses(act)


def test_every_display_is_noticed_even_in_one_read():
    async def act(glasses: GlassesClient, cloud: FakeCloud) -> None:
        waiting = asyncio.ensure_future(reached(glasses, lambda: text_of(glasses) == "2"))
        await cloud.until(lambda: cloud.from_glasses)

        for number in range(5):
            await cloud.to_glasses(display(str(number)))

        await waiting

    with_glasses(act)


@pytest.mark.parametrize(
    ("fields", "on"),
    [
        ({"requiredData": ["pcm"], "isMicrophoneEnabled": True}, True),
        ({"requiredData": [], "isMicrophoneEnabled": True}, False),
        ({"isMicrophoneEnabled": True}, True),
    ],
)
def test_the_microphone_follows_what_is_required(fields: dict[str, Any], on: bool):
    async def act(glasses: GlassesClient, cloud: FakeCloud) -> None:
        glasses.microphone_on = not on

        await cloud.to_glasses({"type": "microphone_state_change", **fields})

        await reached(glasses, lambda: glasses.microphone_on is on)

    with_glasses(act)


def test_nothing_but_a_ping_is_answered():
    async def act(glasses: GlassesClient, cloud: FakeCloud) -> None:
        for kind in (
            "photo_request",
            "keep_rtmp_stream_alive",
            "app_state_change",
            "connection_ack",
        ):
            await cloud.to_glasses({"type": kind, "requestId": "1", "appId": "a"})
        assert cloud.glasses is not None
        await cloud.glasses.send_bytes(b"\x00")
        await cloud.glasses.send_str("[]")
        await cloud.to_glasses({"type": "ping"})

        await cloud.until(lambda: len(cloud.from_glasses) == 2)
        assert cloud.from_glasses[1]["type"] == "pong"

    with_glasses(act)


def test_lost_glasses_come_back_and_say_so():
    async def act(glasses: GlassesClient, cloud: FakeCloud) -> None:
        changes: list[bool] = []
        await cloud.until(lambda: cloud.from_glasses)
        glasses.watch(lambda: changes.append(glasses.connected))
        assert cloud.glasses is not None

        await cloud.glasses.close(code=1001, message=b"restart")

        await cloud.until(lambda: len(cloud.from_glasses) == 2)
        await reached(glasses, lambda: glasses.connected)
        assert changes[0] is False
        assert glasses.problem == ""

    with_glasses(act)


def test_a_server_that_is_not_there_is_tried_again():
    async def scenario() -> None:
        glasses = GlassesClient("http://127.0.0.1:1", "t", retry_seconds=0.0)
        tries: list[str] = []
        enough = asyncio.Event()

        def count() -> None:
            tries.append(glasses.problem)
            if len(tries) == 3:
                enough.set()

        glasses.watch(count)
        life = asyncio.ensure_future(glasses.run())
        await asyncio.wait_for(enough.wait(), PATIENCE)
        life.cancel()

        assert tries[0] == "cannot connect to ws://127.0.0.1:1/glasses-ws: Connection refused"
        assert not glasses.speak("hello?")
        assert not glasses.send_audio(b"")
        await asyncio.wait([life])

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("status", "sentence"), [(401, "does not accept the token"), (404, "answers 404")]
)
def test_a_refused_upgrade_is_final(status: int, sentence: str):
    async def scenario() -> None:
        async with fake_cloud() as cloud:
            cloud.refuse = status
            glasses = GlassesClient(cloud.url, "t", retry_seconds=0.0)

            with pytest.raises(Refused, match=sentence):
                await asyncio.wait_for(glasses.run(), PATIENCE)

    asyncio.run(scenario())


def test_a_busy_server_is_tried_again():
    async def scenario() -> None:
        async with fake_cloud() as cloud:
            cloud.refuse = 503
            glasses = GlassesClient(cloud.url, "t", retry_seconds=0.0)

            def let_in() -> None:
                cloud.refuse = None

            glasses.watch(let_in)
            life = asyncio.ensure_future(glasses.run())
            await reached(glasses, lambda: glasses.connected)
            life.cancel()
            await asyncio.wait([life])

    asyncio.run(scenario())


@pytest.mark.parametrize(("code", "reason"), [(1000, b"New connection"), (1008, b"Invalid")])
def test_a_connection_that_was_taken_over_or_refused_does_not_come_back(code: int, reason: bytes):
    async def scenario() -> None:
        async with fake_cloud() as cloud:
            glasses = GlassesClient(cloud.url, "t", retry_seconds=0.0)
            life = asyncio.ensure_future(glasses.run())
            await reached(glasses, lambda: glasses.connected)
            await cloud.to_glasses({"type": "connection_error", "code": "X", "message": "why"})
            await reached(glasses, lambda: glasses.problem == "why")
            assert cloud.glasses is not None

            await cloud.glasses.close(code=code, message=reason)

            with pytest.raises(Refused, match=reason.decode()):
                await asyncio.wait_for(life, PATIENCE)
            assert not glasses.connected

    asyncio.run(scenario())


def test_whoever_overhears_gets_every_frame_as_it_came():
    async def act(glasses: GlassesClient, cloud: FakeCloud) -> None:
        heard: list[str | bytes] = []
        glasses.overhear(heard.append)

        assert cloud.glasses is not None
        await cloud.glasses.send_str('{"type":"news"}')
        await cloud.glasses.send_bytes(b"sound")
        await cloud.to_glasses(display("the last"))
        await reached(glasses, lambda: text_of(glasses) == "the last")

        assert heard[:2] == ['{"type":"news"}', b"sound"]

    with_glasses(act)


def test_a_lost_connection_is_opened_anew():
    async def act(glasses: GlassesClient, cloud: FakeCloud) -> None:
        first = cloud.glasses

        was_there = glasses.lose_connection()

        assert was_there
        await reached(glasses, lambda: glasses.connected and cloud.glasses is not first)
        await cloud.until(lambda: cloud.closes)
        assert cloud.closes == [1006]

    with_glasses(act)


def test_without_a_connection_there_is_none_to_lose():
    glasses = GlassesClient("http://127.0.0.1:1", "t")

    assert not glasses.lose_connection()


def test_a_text_frame_goes_out_as_it_is():
    async def act(glasses: GlassesClient, cloud: FakeCloud) -> None:
        went_out = glasses.send_text('{"type": "odd",  "a": 1}')

        assert went_out
        await cloud.until(lambda: {"type": "odd", "a": 1} in cloud.from_glasses)

    with_glasses(act)
