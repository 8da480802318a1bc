"""A session as an app sees it: streams, displays, settings."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from mentra.messages.session import Ping
from mentra.sdk import AppSession, Transcription
from mentra.sdk.app_link import Ticket
from mentra.sdk.line import Unreachable
from tests.sdk.fake_cloud import PATIENCE, USER, FakeCloud, fake_cloud

PACKAGE = "org.example.app"


def with_session(act: Callable[[AppSession, FakeCloud], Awaitable[None]], **ack: Any) -> None:
    """Run *act* with a session that has joined."""

    async def scenario() -> None:
        async with fake_cloud() as cloud, aiohttp.ClientSession() as http:
            cloud.ack |= ack
            ticket = Ticket(
                session_id=f"{USER}-{PACKAGE}",
                user_id=USER,
                package_name=PACKAGE,
                api_key="secret-key",
                url=f"{cloud.url}/app-ws",
            )
            session = AppSession(ticket, http)
            await session.connect()
            await act(session, cloud)
            await session.disconnect()

    asyncio.run(scenario())


def stream(name: str, data: Any) -> dict[str, Any]:
    return {"type": "data_stream", "streamType": name, "data": data}


class Heard(asyncio.Queue[Any]):
    """A handler that keeps what it is called with."""

    def __call__(self, event: Any) -> None:
        self.put_nowait(event)

    async def next(self) -> Any:
        async with asyncio.timeout(PATIENCE):
            return await self.get()


def test_an_empty_list_follows_the_ack_and_every_handler_sends_the_whole_list():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        session.on("button_press", print)
        session.on_transcription("de-DE", print)

        await cloud.until(lambda: len(cloud.lists()) == 3)
        assert cloud.lists() == [
            [],
            ["button_press"],
            ["button_press", "transcription:de-DE"],
        ]

    with_session(act)


def test_taking_the_last_handler_of_a_stream_away_ends_its_subscription():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        first = session.on("VAD", print)
        second = session.on("VAD", print)

        first()
        second()
        second()

        await cloud.until(lambda: len(cloud.lists()) == 5)
        assert cloud.lists()[1:] == [["VAD"], ["VAD"], ["VAD"], []]

    with_session(act)


def test_speech_arrives_as_a_transcription():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        heard = Heard()
        session.on_transcription("en-US", heard)

        await cloud.to_app(
            stream(
                "transcription:en-US",
                {"type": "transcription", "text": "hi", "isFinal": False, "speakerId": "2"},
            )
        )

        assert await heard.next() == Transcription(text="hi", is_final=False, speaker_id="2")

    with_session(act)


def test_other_streams_arrive_as_decoded_json():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        heard = Heard()
        session.on("head_position", heard)

        await cloud.to_app(stream("head_position", {"position": "up"}))

        assert await heard.next() == {"position": "up"}

    with_session(act)


def test_audio_arrives_as_bytes():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        heard = Heard()
        session.on("audio_chunk", heard)
        assert cloud.app is not None

        await cloud.app.send_bytes(b"\x01\x02")

        assert await heard.next() == b"\x01\x02"

    with_session(act)


def test_a_stream_nobody_subscribed_to_and_unknown_messages_are_ignored():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        heard = Heard()
        session.on("head_position", heard)

        await cloud.to_app(stream("transcription:en-US", {"text": "hi"}))
        await cloud.to_app({"type": "from_the_future"})
        assert cloud.app is not None
        await cloud.app.send_str("not json")
        await cloud.to_app({"type": "data_stream"})
        await cloud.to_app(stream("head_position", 1))

        assert await heard.next() == 1
        assert heard.empty()

    with_session(act)


def test_a_failing_handler_costs_its_event_only(caplog: pytest.LogCaptureFixture):
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        heard = Heard()

        async def later(event: Any) -> None:
            raise LookupError("async bug")

        def now(event: Any) -> None:
            raise LookupError("sync bug")

        for handler in (now, later, heard):
            session.on("VAD", handler)
        session.on_transcription("en-US", heard)

        await cloud.to_app(stream("transcription:en-US", {"no": "text"}))
        await cloud.to_app(stream("VAD", True))

        assert await heard.next() is True

    with caplog.at_level(logging.ERROR):
        with_session(act)
    assert "sync bug" in caplog.text
    assert "async bug" in caplog.text


def test_a_handler_may_be_whatever_a_lambda_returns(caplog: pytest.LogCaptureFixture):
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        heard = Heard()
        session.on("VAD", lambda event: session.show_text("as the manual has it"))
        session.on("VAD", heard)

        await cloud.to_app(stream("VAD", True))

        assert await heard.next() is True

    with caplog.at_level(logging.ERROR):
        with_session(act)
    assert caplog.text == ""


def test_coroutine_handlers_do_not_hold_up_what_comes_next():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        heard, forever = Heard(), asyncio.Event()

        async def slow(event: Any) -> None:
            await forever.wait()

        session.on("button_press", slow)
        session.on("VAD", heard)

        await cloud.to_app(stream("button_press", {}))
        await cloud.to_app(stream("VAD", True))

        assert await heard.next() is True

    with_session(act)


def test_coroutine_handlers_end_with_the_session():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        began, cancelled = asyncio.Event(), asyncio.Event()

        async def slow(event: Any) -> None:
            began.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        session.on("VAD", slow)
        await cloud.to_app(stream("VAD", True))
        await asyncio.wait_for(began.wait(), PATIENCE)

        await session.disconnect("enough")

        await asyncio.wait_for(cancelled.wait(), PATIENCE)
        assert session.ended.result() == "enough"

    with_session(act)


def test_a_handler_may_end_its_own_session():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        ended = asyncio.Event()

        async def leave(event: Any) -> None:
            await session.disconnect("bye", release=True)
            ended.set()

        session.on("VAD", leave)
        await cloud.to_app(stream("VAD", True))

        await asyncio.wait_for(ended.wait(), PATIENCE)
        await cloud.until(lambda: cloud.closes)
        assert cloud.types_from_apps()[-1] == "ownership_release"

    with_session(act)


@pytest.mark.parametrize(
    ("show", "layout"),
    [
        (lambda s: s.show_text("a"), {"layoutType": "text_wall", "text": "a"}),
        (
            lambda s: s.show_texts("a", "b"),
            {"layoutType": "double_text_wall", "topText": "a", "bottomText": "b"},
        ),
        (
            lambda s: s.show_card("a", "b"),
            {"layoutType": "reference_card", "title": "a", "text": "b"},
        ),
        (
            lambda s: s.show_dashboard_card("a", "b"),
            {"layoutType": "dashboard_card", "leftText": "a", "rightText": "b"},
        ),
        (lambda s: s.show_bitmap("424d"), {"layoutType": "bitmap_view", "data": "424d"}),
        (
            lambda s: s.show_animation(["1", "2"], repeat=True),
            {
                "layoutType": "bitmap_animation",
                "frames": ["1", "2"],
                "interval": 1650,
                "repeat": True,
            },
        ),
        (lambda s: s.clear(), {"layoutType": "clear_view"}),
    ],
)
def test_every_layout_is_spelt_as_the_cloud_knows_it(
    show: Callable[[AppSession], bool], layout: dict[str, Any]
):
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        assert show(session)

        await cloud.until(lambda: "display_event" in cloud.types_from_apps())
        frame = cloud.from_apps[-1]
        assert frame["layout"] == layout
        assert frame["packageName"] == PACKAGE
        expected = "dashboard" if layout["layoutType"] == "dashboard_card" else "main"
        assert frame["view"] == expected
        assert "durationMs" not in frame
        assert frame["timestamp"].endswith("Z")

    with_session(act)


def test_a_duration_is_passed_on():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        session.show_text("a", 2500)

        await cloud.until(lambda: "display_event" in cloud.types_from_apps())
        assert cloud.from_apps[-1]["durationMs"] == 2500

    with_session(act)


def test_any_message_can_be_sent():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        assert session.send(Ping(), extra=1)

        await cloud.until(lambda: "ping" in cloud.types_from_apps())
        assert cloud.from_apps[-1]["extra"] == 1

    with_session(act)


def test_what_is_sent_after_the_end_is_quietly_lost():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        await session.disconnect()

        assert not session.show_text("too late")

    with_session(act)


def test_frames_beyond_what_a_stuck_cloud_takes_are_turned_away():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        await cloud.until(cloud.lists)
        # nothing goes out before the loop runs again
        went = [session.show_text("x") for _ in range(1500)]

        assert went.count(True) == 1000
        assert went[-1] is False

    with_session(act)


def test_settings_come_with_the_ack_and_follow_updates():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        changes = Heard()
        session.settings.on_change("size", lambda new, old: changes((new, old)))
        assert session.settings.get("size") == 1
        assert session.settings.get("color", "green") == "green"
        assert session.mentraos_settings == {"metricSystemEnabled": True}

        await cloud.to_app(
            {"type": "settings_update", "settings": [{"key": "size", "value": 2}, {"title": "t"}]}
        )
        await cloud.to_app(
            {"type": "augmentos_settings_update", "settings": {"metricSystemEnabled": False}}
        )
        session.on("VAD", changes)
        await cloud.to_app(stream("VAD", None))

        assert await changes.next() == (2, 1)
        assert await changes.next() is None
        assert session.settings.all() == {"size": 2}
        assert session.mentraos_settings == {"metricSystemEnabled": False}

    with_session(
        act,
        settings=[{"key": "size", "value": 1}, {"key": "old", "defaultValue": 5}],
        mentraosSettings={"metricSystemEnabled": True},
    )


def test_an_older_cloud_s_name_for_the_user_s_settings_will_do():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        assert session.mentraos_settings == {"a": 1}

    with_session(act, mentraosSettings=None, augmentosSettings={"a": 1})


def test_the_device_is_known_from_snapshot_and_changes():
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        heard = Heard()
        session.on("VAD", heard)

        for state, full in (
            ({"old": 1}, False),
            ({"modelName": "G1", "a": 1}, True),
            ({"a": 2}, False),
        ):
            await cloud.to_app(
                {"type": "device_state_update", "state": state, "fullSnapshot": full}
            )
        await cloud.to_app({"type": "capabilities_update", "capabilities": {"hasDisplay": True}})
        await cloud.to_app({"type": "capabilities_update", "capabilities": None})
        await cloud.to_app(stream("VAD", 1))
        await heard.next()

        assert session.device == {"modelName": "G1", "a": 2}
        assert session.capabilities == {"hasDisplay": True}

    with_session(act)


def test_rejected_subscriptions_and_problems_are_logged(caplog: pytest.LogCaptureFixture):
    async def act(session: AppSession, cloud: FakeCloud) -> None:
        heard = Heard()
        session.on("VAD", heard)

        await cloud.to_app(
            {"type": "permission_error", "message": "no", "details": [{"stream": "audio_chunk"}]}
        )
        await cloud.to_app(
            {"type": "tpa_connection_error", "code": "PERMISSION_DENIED", "message": "Camera"}
        )
        await cloud.to_app(stream("VAD", 1))
        await heard.next()

    with_session(act)
    assert "may not have audio_chunk" in caplog.text
    assert "PERMISSION_DENIED" in caplog.text


def test_a_session_left_while_it_joins_does_not_join():
    async def scenario() -> None:
        async with fake_cloud() as cloud, aiohttp.ClientSession() as http:
            ticket = Ticket(
                session_id="s",
                user_id=USER,
                package_name=PACKAGE,
                api_key="k",
                url=f"{cloud.url}/app-ws",
            )
            session = AppSession(ticket, http)
            joining = asyncio.ensure_future(session.connect())
            await session.disconnect("changed my mind")

            with pytest.raises(Unreachable):
                await joining

    asyncio.run(scenario())


def test_a_ticket_does_not_show_its_key():
    ticket = Ticket(session_id="s", user_id="u", package_name="p", api_key="secret", url="ws://x")

    assert "secret" not in repr(ticket)
