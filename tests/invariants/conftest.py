"""A person with glasses and an app, in a house with every plugin that is installed."""

import json
from collections.abc import Callable
from typing import Any

import attrs
import msgspec
import pytest
from twisted.internet.task import Clock

from mentra.house import House
from mentra.interfaces.services import IPublicAddress, ITokens
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IAppStore
from mentra.records import App, Permission
from mentra.routing.discovery import discover
from mentra.testing.glasses import FakeAddress
from mentra.testing.house import house_with, success_of
from mentra.testing.wire import Line, MemoryPort, advance, client_frame

CAPTIONS = "org.example.captions"
KEY = "k3y" * 20
ANN = "ann@x.org"
SAID = "the quick brown fox"

EVERYTHING = [
    "audio_chunk", "button_press", "head_position", "location_update", "phone_notification",
    "transcription:en-US", "touch_event", "glasses_battery_update",
]  # fmt: skip


@attrs.define
class Stage:
    """The house, its port, and one app in its store."""

    clock: Clock
    house: House
    port: MemoryPort

    @property
    def session(self) -> Any:
        """Ann's."""
        return ISessions(self.house).get(ANN)

    def glasses(self, user_id: str = ANN) -> Line:
        """Glasses with a good token."""
        token = ITokens(self.house).issue_user(user_id, 3600.0)
        line = self.port.call().upgrade(f"/glasses-ws?token={token}")
        assert line.status == 101
        return line

    def started(self, glasses: Line) -> dict[str, Any]:
        """The wearer starts the app; what its webhook was told."""
        glasses.say(type="start_app", packageName=CAPTIONS)
        self.clock.advance(0)
        told: dict[str, Any] = json.loads(msgspec.json.encode(self.house.http.requests[-1].json))
        return told

    def app(self, session_id: str, key: str = KEY) -> Line:
        """An app's socket, its handshake done."""
        line = self.port.call().upgrade("/app-ws")
        line.say(type="tpa_connection_init", sessionId=session_id, packageName=CAPTIONS, apiKey=key)
        return line

    def running(self, glasses: Line, *, key: str = KEY) -> Line:
        """The app, started and subscribed to everything it may have."""
        line = self.app(self.started(glasses)["sessionId"], key)
        line.say(type="subscription_update", packageName=CAPTIONS, subscriptions=[])
        line.say(type="subscription_update", packageName=CAPTIONS, subscriptions=EVERYTHING)
        advance(self.clock, 2)
        return line

    def talk(self, glasses: Line, app: Line) -> None:
        """A bit of everything that goes on between the two."""
        glasses.send_bytes(client_frame(b"\1\2" * 320, 2))
        glasses.say(type="local_transcription", text=SAID, isFinal=True, transcribeLanguage="en-US")
        glasses.say(type="button_press", buttonId="main", pressType="short")
        glasses.say(type="head_position", position="up")
        glasses.say(type="touch_event", gesture_name="double_tap", device_model="x")
        glasses.say(type="glasses_battery_update", level=50, charging=False)
        glasses.say(
            type="glasses_connection_state", modelName="Even Realities G1", status="CONNECTED"
        )
        app.say(type="location_poll_request", accuracy="realtime", correlationId="p1")
        glasses.say(type="location_update", lat=1.5, lng=2.5)
        glasses.say(type="phone_notification", title="Bob", content=SAID)
        glasses.say(type="calendar_event", eventId="7", title=SAID, dtStart="2025-06-02")
        app.say(type="dashboard_content_update", content=SAID, modes=["main", "expanded"])
        glasses.say(type="request_settings")
        glasses.say(type="ping")
        glasses.say(type="nobody_knows_this")
        for text in (SAID, "two", "three"):
            app.say(
                type="display_event", packageName=CAPTIONS, view="main", durationMs=5000,
                layout={"layoutType": "text_wall", "text": text},
            )  # fmt: skip
            advance(self.clock, 0.5)
        app.say(
            type="subscription_update", packageName=CAPTIONS, subscriptions=["transcription:de-DE"]
        )
        app.say(type="subscription_update", packageName=CAPTIONS, subscriptions=EVERYTHING)
        app.say(type="managed_stream_request")
        glasses.say(type="rtmp_stream_status", status="streaming")
        app.say(type="rtmp_stream_request", rtmpUrl=f"rtmp://video.test/live/{KEY}")
        glasses.say(type="rtmp_stream_status", status="streaming")
        app.say(type="app_room_join", roomId="r")
        app.say(type="app_broadcast_message", payload=SAID, messageId="1", roomId="r")
        app.say(type="app_direct_message", targetUserId="bob@x.org", payload=1, messageId="2")
        app.say(type="ping")
        advance(self.clock, 2)


@pytest.fixture
def set_stage(clock: Clock) -> Callable[..., Stage]:
    """Makes a house of all installed plugins (and more), and its port."""

    def make(*plugins: object, parts: dict[Any, object] | None = None, **how: Any) -> Stage:
        every = discover().plugins
        known: dict[Any, object] = {IPublicAddress: FakeAddress(), **(parts or {})}
        house = house_with(*every, *plugins, clock=clock, parts=known)
        app = App(
            package_name=CAPTIONS,
            name="Captions",
            public_url="http://127.0.0.1:7010/",
            permissions=(
                Permission(type="MICROPHONE"),
                Permission(type="CAMERA"),
                Permission(type="LOCATION"),
                Permission(type="READ_NOTIFICATIONS"),
            ),
        )
        success_of(IAppStore(house).save(app))
        success_of(IAppStore(house).add_key(CAPTIONS, KEY))
        return Stage(clock, house, MemoryPort(house, **how))

    return make
