"""A person with glasses and an app talk through the server: whole conversations in memory."""

import json
from typing import Any

import attrs
import msgspec
import pytest
from twisted.internet.task import Clock

from mentra.house import House
from mentra.interfaces.services import IPublicAddress
from mentra.interfaces.stores import IAppStore
from mentra.records import App, Permission
from mentra.testing.glasses import FakeAddress
from mentra.testing.house import success_of
from mentra.testing.wire import Line, MemoryPort, client_frame

CAPTIONS = "com.acme.captions"
KEY = "k" * 64


def as_dict(payload: Any) -> dict[str, Any]:
    return json.loads(msgspec.json.encode(payload))


@attrs.define
class Stage:
    """A house with one app in its store, and a person with glasses on."""

    clock: Clock
    house: House
    port: MemoryPort
    glasses: Line

    def start(self, package_name: str = CAPTIONS) -> dict[str, Any]:
        """The wearer starts an app; what its webhook was told."""
        self.glasses.say(type="start_app", packageName=package_name)
        self.clock.advance(0)
        return as_dict(self.house.http.requests[-1].json)

    def connect(self, told: dict[str, Any], package_name: str = CAPTIONS, key: str = KEY) -> Line:
        """The app connects, as the SDK does."""
        line = self.port.call().upgrade("/app-ws")
        line.say(
            type="tpa_connection_init",
            sessionId=told["sessionId"],
            packageName=package_name,
            apiKey=key,
        )
        return line

    def running(self, *streams: str) -> Line:
        """A started, connected and subscribed app."""
        line = self.connect(self.start())
        line.say(type="subscription_update", packageName=CAPTIONS, subscriptions=[])
        line.say(type="subscription_update", packageName=CAPTIONS, subscriptions=list(streams))
        line.frames()
        self.glasses.frames()
        return line


@pytest.fixture
def stage(open_port, clock: Clock) -> Stage:
    house, port = open_port(parts={IPublicAddress: FakeAddress()})
    app = App(
        package_name=CAPTIONS,
        name="Captions",
        public_url="http://127.0.0.1:7010/",
        permissions=(Permission(type="MICROPHONE"),),
        settings=({"type": "toggle", "key": "big", "label": "Big", "defaultValue": True},),
    )
    store = IAppStore(house)
    success_of(store.save(app))
    success_of(store.add_key(CAPTIONS, KEY))
    glasses = port.glasses("ann-marie@x.org")
    glasses.frames()
    return Stage(clock, house, port, glasses)


def test_from_start_to_caption_to_display(stage: Stage):
    told = stage.start()

    app = stage.connect(told)
    ack, device = app.messages()
    app.say(type="subscription_update", packageName=CAPTIONS, subscriptions=[])
    app.say(
        type="subscription_update", packageName=CAPTIONS, subscriptions=["transcription:en-US?x=1"]
    )
    stage.glasses.say(
        type="local_transcription", text="hello", isFinal=True, transcribeLanguage="en-US", extra=1
    )
    (caption,) = app.messages()
    stage.clock.advance(2)
    app.say(
        type="display_event",
        sessionId="",
        packageName=CAPTIONS,
        view="main",
        layout={"layoutType": "text_wall", "text": "hello"},
        durationMs=3000,
    )
    stage.clock.advance(0.3)

    assert told["type"] == "session_request"
    assert told["sessionId"] == f"ann-marie@x.org-{CAPTIONS}"
    assert told["mentraOSWebsocketUrl"] == told["augmentOSWebsocketUrl"]
    assert ack["type"] == "tpa_connection_ack"
    assert [(one["key"], one["value"]) for one in ack["settings"]] == [("big", True)]
    assert ack["mentraosSettings"] == ack["augmentosSettings"]
    assert "capabilities" in ack
    assert (device["type"], device["fullSnapshot"]) == ("device_state_update", True)
    assert caption["type"] == "data_stream"
    assert caption["sessionId"] == told["sessionId"]
    assert caption["streamType"] == "transcription:en-US?x=1"
    assert caption["data"]["text"] == "hello"
    assert caption["data"]["extra"] == 1
    shown = [one for one in stage.glasses.messages() if one["type"] == "display_event"]
    assert shown[-1]["layout"] == {"layoutType": "text_wall", "text": "hello"}
    assert shown[-1]["packageName"] == CAPTIONS
    assert shown[-1]["view"] == "main"
    assert shown[-1]["durationMs"] == 3000


def test_the_microphone_goes_on_with_the_subscription_and_audio_arrives_unwrapped(stage: Stage):
    app = stage.connect(stage.start())
    app.say(type="subscription_update", packageName=CAPTIONS, subscriptions=["audio_chunk"])
    stage.clock.advance(0.2)
    states = [one for one in stage.glasses.messages() if one["type"] == "microphone_state_change"]
    app.frames()

    stage.glasses.send_bytes(client_frame(b"\1\2" * 1600, 2))

    assert states[-1]["isMicrophoneEnabled"] is True
    assert states[-1]["requiredData"] == ["pcm"]
    (frame,) = app.frames()
    assert (frame.opcode, frame.payload) == (2, b"\1\2" * 1600)


def test_one_read_with_many_messages_is_one_write_for_each_app(stage: Stage, monkeypatch):
    app = stage.running("transcription:en-US")
    writes: list[bytes] = []
    monkeypatch.setattr(app.transport, "write", writes.append)

    stage.glasses.send_bytes(
        b"".join(
            client_frame(b'{"type":"local_transcription","text":"%d"}' % number)
            for number in range(30)
        )
    )

    assert len(writes) == 1


def test_a_wrong_key_is_refused_and_the_start_fails_at_once(stage: Stage):
    told = stage.start()

    line = stage.connect(told, key="wrong")

    error, close = line.frames()
    assert error.json["type"] == "tpa_connection_error"
    assert error.json["code"] == "INVALID_API_KEY"
    assert close.close_code == 1008


def test_two_users_with_the_same_app_see_nothing_of_each_other(stage: Stage):
    ann = stage.running("transcription:en-US")
    bob_glasses = stage.port.glasses("bob-marie@x.org")
    bob_glasses.say(type="start_app", packageName=CAPTIONS)
    bob = stage.connect(as_dict(stage.house.http.requests[-1].json))
    bob.say(type="subscription_update", packageName=CAPTIONS, subscriptions=["transcription:en-US"])
    bob.frames()
    # who else uses the app is for it to know
    assert [one["type"] for one in ann.messages()] == ["app_user_joined"]

    stage.glasses.say(type="local_transcription", text="for ann", transcribeLanguage="en-US")

    assert [one["data"]["text"] for one in ann.messages()] == ["for ann"]
    assert bob.messages() == []


def test_a_refused_request_costs_the_app_an_error_frame_and_not_its_connection(stage: Stage):
    app = stage.running()

    app.say(type="subscription_update", packageName=CAPTIONS, subscriptions=["calendar_event"])
    app.send_bytes(client_frame(b"{nonsense"))
    app.say(type="ping")

    rejected, malformed, pong = app.messages()
    assert rejected["type"] == "permission_error"
    assert rejected["details"][0]["requiredPermission"] == "CALENDAR"
    assert (malformed["code"], malformed["where"]) == ("MALFORMED_MESSAGE", "app")
    assert pong["type"] == "pong"
    assert not app.is_cut


def test_a_binary_frame_from_an_app_is_ignored(stage: Stage):
    app = stage.running()

    app.send_bytes(client_frame(b"\1\2", 2))
    app.say(type="ping")

    assert [one["type"] for one in app.messages()] == ["pong"]
    assert [one for one in stage.house.metrics.told if one[0] == "failed"] == []


def test_an_app_that_lost_its_connection_may_come_back_within_its_grace(stage: Stage):
    app = stage.running("transcription:en-US")
    app.lose()
    stage.clock.advance(4)

    again = stage.connect({"sessionId": f"ann-marie@x.org-{CAPTIONS}"})
    again.frames()
    stage.glasses.say(type="local_transcription", text="still here", transcribeLanguage="en-US")

    assert [one["data"]["text"] for one in again.messages()] == ["still here"]
    assert len(stage.house.http.requests) == 1


def test_a_stop_tells_the_app_and_closes_it_with_1000(stage: Stage):
    app = stage.running("transcription:en-US")

    stage.glasses.say(type="stop_app", packageName=CAPTIONS)
    stage.house.http.requests[-1].succeed()
    stage.clock.advance(0)

    stopped, close = app.frames()
    assert stopped.json["type"] == "app_stopped"
    assert (close.close_code, close.payload[2:]) == (1000, b"App stopped")
    assert as_dict(stage.house.http.requests[-1].json)["type"] == "stop_request"


def test_the_end_of_the_session_closes_its_apps(stage: Stage):
    app = stage.running("transcription:en-US")
    stage.glasses.lose()

    stage.clock.advance(61)

    close = app.frames()[-1]
    assert (close.close_code, close.payload[2:]) == (1000, b"User session ended")
