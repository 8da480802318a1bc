"""Live video from glasses to apps, as it is on the wire."""

from typing import Any

import attrs
import pytest
from twisted.internet.task import Clock

from mentra.house import House
from mentra.interfaces.services import IPublicAddress
from mentra.interfaces.stores import IAppStore
from mentra.records import App, Permission
from mentra.testing.glasses import FakeAddress
from mentra.testing.house import success_of
from mentra.testing.wire import Line, MemoryPort

CAM, TV, SPY = "com.acme.cam", "org.tv", "org.spy"
URL = "rtmp://video.test/live/key"


@attrs.define
class Stage:
    """A house with three apps, one of which may not use the camera."""

    clock: Clock
    house: House
    port: MemoryPort

    def glasses(self, user_id: str) -> Line:
        """Somebody's, with Wi-Fi."""
        line = self.port.glasses(user_id)
        line.say(type="glasses_connection_state", modelName="Mentra Live", status="CONNECTED",
                 wifi={"connected": True, "ssid": "home"})  # fmt: skip
        return line

    def run(self, glasses: Line, user_id: str, package_name: str) -> Line:
        """A started and connected app."""
        glasses.say(type="start_app", packageName=package_name)
        self.clock.advance(0)
        line = self.port.call().upgrade("/app-ws")
        line.say(type="tpa_connection_init", sessionId=f"{user_id}-{package_name}",
                 packageName=package_name, apiKey=f"key-of-{package_name}")  # fmt: skip
        line.frames()
        glasses.frames()
        return line


@pytest.fixture
def stage(open_port, clock: Clock) -> Stage:
    house, port = open_port(parts={IPublicAddress: FakeAddress()})
    store = IAppStore(house)
    for package_name in (CAM, TV, SPY):
        granted = () if package_name == SPY else (Permission(type="CAMERA"),)
        app = App(package_name=package_name, app_type="background", permissions=granted,
                  public_url=f"https://{package_name}.test")  # fmt: skip
        success_of(store.save(app))
        success_of(store.add_key(package_name, f"key-of-{package_name}"))
    return Stage(clock, house, port)


ANN, BOB = "ann-marie@x.org", "bob@x.org"


@pytest.fixture
def glasses(stage: Stage) -> Line:
    return stage.glasses(ANN)


def of(line: Line, kind: str) -> list[Any]:
    return [one for one in line.messages() if one["type"] == kind]


def without_time(message: Any) -> Any:
    assert message.pop("timestamp")
    return message


def test_an_unmanaged_stream_from_request_to_stop(stage, glasses):
    app = stage.run(glasses, ANN, CAM)

    app.say(type="rtmp_stream_request", packageName=CAM, sessionId="x", rtmpUrl=URL,
            video={"width": 640})  # fmt: skip
    [start] = of(glasses, "start_rtmp_stream")
    stream_id = start["streamId"]
    glasses.say(type="rtmp_stream_status", streamId=stream_id, status="streaming",
                appId=CAM, stats={"bitrate": 1, "fps": 30, "duration": 1})  # fmt: skip
    stage.clock.advance(15)
    [ask] = of(glasses, "keep_rtmp_stream_alive")
    glasses.say(type="keep_alive_ack", streamId=stream_id, ackId=ask["ackId"])
    stage.clock.advance(10)
    app.say(type="rtmp_stream_stop", packageName=CAM, streamId=stream_id)
    [stop] = of(glasses, "stop_rtmp_stream")

    assert without_time(start) == {
        "type": "start_rtmp_stream", "sessionId": ANN, "rtmpUrl": URL, "appId": CAM,
        "streamId": stream_id, "video": {"width": 640}, "audio": {}, "stream": {},
    }  # fmt: skip
    assert without_time(stop) == {
        "type": "stop_rtmp_stream",
        "sessionId": ANN,
        "appId": CAM,
        "streamId": stream_id,
    }
    first, second, third = of(app, "rtmp_stream_status")
    assert without_time(first) == {
        "type": "rtmp_stream_status", "sessionId": f"{ANN}-{CAM}", "streamId": stream_id,
        "status": "initializing", "appId": CAM,
    }  # fmt: skip
    assert (second["status"], second["stats"]["fps"]) == ("active", 30)
    assert third["status"] == "stopped"


def test_newer_names_are_understood_and_todays_are_spoken(stage, glasses):
    app = stage.run(glasses, ANN, CAM)

    app.say(type="stream_request", packageName=CAM, streamUrl=URL)
    [start] = of(glasses, "start_rtmp_stream")
    glasses.say(type="stream_status", streamId=start["streamId"], status="active")
    app.say(type="stream_stop", packageName=CAM)

    assert [one["status"] for one in of(app, "rtmp_stream_status")] == [
        "initializing", "active", "stopped"
    ]  # fmt: skip
    assert len(of(glasses, "stop_rtmp_stream")) == 1


@pytest.mark.parametrize(
    ("request_type", "status_type", "text"),
    [
        ("rtmp_stream_request", "rtmp_stream_status", "errorDetails"),
        ("managed_stream_request", "managed_stream_status", "message"),
    ],
)
def test_a_refusal_is_a_status_and_an_error_and_costs_no_connection(
    stage, glasses, request_type, status_type, text
):
    spy = stage.run(glasses, ANN, SPY)

    spy.say(type=request_type, packageName=CAM, sessionId=f"{ANN}-{CAM}", rtmpUrl=URL)

    status, error = spy.messages()
    assert (status["type"], status["status"]) == (status_type, "error")
    assert (error["type"], error["code"]) == ("tpa_connection_error", "PERMISSION_DENIED")
    assert error["message"] == status[text]
    assert of(glasses, "start_rtmp_stream") == []
    spy.say(type="ping")
    assert [one["type"] for one in spy.messages()] == ["pong"]


def test_a_managed_stream_has_both_addresses_and_everybody_who_asked_is_told(stage, glasses):
    cam, tv = stage.run(glasses, ANN, CAM), stage.run(glasses, ANN, TV)

    cam.say(type="managed_stream_request", packageName=CAM, quality="720p", enableWebRTC=True)
    tv.say(type="managed_stream_request", packageName=TV)
    [start] = of(glasses, "start_rtmp_stream")
    glasses.say(type="rtmp_stream_status", streamId=start["streamId"], status="streaming")

    name = start["rtmpUrl"].rpartition("/")[2]
    assert start["appId"] == "MANAGED_STREAM"
    assert start["video"] == {"width": 1280, "height": 720}
    for line in (cam, tv):
        waiting, live = of(line, "managed_stream_status")
        assert waiting["message"] == "Waiting for stream to start..."
        assert without_time(live) == {
            "type": "managed_stream_status", "status": "active", "streamId": start["streamId"],
            "message": "Stream is now live",
            "hlsUrl": f"http://mentra.test:8080/hls/{name}.m3u8",
            "dashUrl": f"http://mentra.test:8080/dash/{name}.mpd",
        }  # fmt: skip


def test_nobody_elses_glasses_or_apps_have_a_say_in_a_stream(stage, glasses):
    app = stage.run(glasses, ANN, CAM)
    others = stage.glasses(BOB)
    others_app = stage.run(others, BOB, CAM)
    others_app.say(type="subscription_update", packageName=CAM,
                   subscriptions=["rtmp_stream_status"])  # fmt: skip
    app.say(type="rtmp_stream_request", packageName=CAM, rtmpUrl=URL)
    stream_id = of(glasses, "start_rtmp_stream")[0]["streamId"]
    app.frames()

    others.say(type="rtmp_stream_status", streamId=stream_id, status="stopped", sessionId=ANN)
    others.say(type="keep_alive_ack", streamId=stream_id, ackId="x")
    others_app.say(type="rtmp_stream_stop", packageName=CAM, streamId=stream_id,
                   sessionId=f"{ANN}-{CAM}")  # fmt: skip
    others_app.say(type="stream_status_check", packageName=CAM)

    [answer] = others_app.messages()
    assert without_time(answer) == {
        "type": "stream_status_check_response",
        "hasActiveStream": False,
    }
    assert app.messages() == []
    assert of(glasses, "stop_rtmp_stream") == []


def test_the_end_of_the_session_tells_glasses_and_app(stage, glasses):
    app = stage.run(glasses, ANN, CAM)
    app.say(type="managed_stream_request", packageName=CAM)
    app.frames()
    glasses.lose()

    stage.clock.advance(60)

    kinds = [one["type"] for one in app.messages()]
    assert kinds.index("managed_stream_status") < kinds.index("app_stopped")
