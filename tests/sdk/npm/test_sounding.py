"""Sounds, lights and the Wi-Fi set-up, asked for by apps of the npm SDK."""

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sdk.npm.conftest import SDKS
from tests.server.conftest import wait_until

pytestmark = pytest.mark.slow


def sound_of(session):
    """Something that can be fetched; these glasses do not listen to it."""
    return f"http://127.0.0.1:{session.app.port}/health"


def test_a_sound_until_it_is_over(session, phone):
    result = session.call("audio.playAudio", {"audioUrl": sound_of(session), "volume": 0.5})

    asked = phone.take("audio_play_request", audioUrl=sound_of(session))
    assert result == {"success": True, "duration": 0}
    assert (asked["volume"], asked["stopOtherAudio"], asked["trackId"]) == (0.5, True, 0)
    assert asked["appId"] == session.app.package


def test_a_sound_beside_others_is_not_waited_for(session, phone):
    sound = {"audioUrl": sound_of(session), "stopOtherAudio": False, "trackId": 1}

    session.call("audio.playAudio", sound)

    asked = phone.take("audio_play_request", audioUrl=sound_of(session))
    assert (asked["stopOtherAudio"], asked["trackId"]) == (False, 1)


def test_a_sound_that_is_not_there_is_told_to_the_app(session, phone):
    result = session.call("audio.playAudio", {"audioUrl": sound_of(session) + "/not"})

    assert result["success"] is False
    assert result["error"]


def test_speech(session, phone):
    options = {"voice_id": "v", "voice_settings": {"speed": 1}, "stopOtherAudio": False}

    session.call("audio.speak", "hello you", options)

    asked = phone.take("audio_play_request", trackId=2)
    # the SDK says https whatever the server speaks
    url = urlsplit(asked["audioUrl"])
    status, _ = phone.request("HEAD", f"{url.path}?{url.query}")
    assert parse_qs(url.query)["text"] == ["hello you"]
    assert url.path == "/api/tts"
    assert status != 404


def test_silence(session, phone):
    session.call("audio.stopAudio", 2)
    session.call("audio.stopAudio")

    one = phone.take("audio_stop_request", trackId=2, appId=session.app.package)
    every = phone.take("audio_stop_request")
    assert one["trackId"] == 2
    assert every.get("trackId") is None


def test_sounds_that_are_not_wanted_any_more(session, phone):
    was, count, done, all_done, left, first, second = session.do(
        "takeBackSound", args=[sound_of(session)]
    )

    assert (was, count, done, all_done, left) == (True, 2, True, 1, 0)
    assert "cancelled" in first
    assert "cancelled" in second


@pytest.mark.parametrize("app", SDKS[1:], indirect=True, ids=["3"])
def test_live_speech_is_heard_while_it_is_said(session, phone):
    url = session.do("openLive", args=[{"volume": 0.25}])
    asked = phone.take("audio_play_request", audioUrl=url)
    (sound,) = [one for one in phone.glasses.player.sounds if one.order.audio_url == url]

    active = session.do("writeLive", args=[base64.b64encode(b"first words ").decode()])
    wait_until(lambda: sound.data, "the first words")
    session.do("writeLive", args=[base64.b64encode(b"and last").decode()])
    session.do("endLive")
    wait_until(lambda: sound.data.endswith(b"last"), "the last words")

    assert active is True
    assert bytes(sound.data) == b"first words and last"
    assert asked["requestId"].startswith("stream_")
    assert (asked["volume"], asked["trackId"]) == (0.25, 1)


@pytest.mark.parametrize(
    ("method", "arguments", "wanted"),
    [
        ("turnOn", [{"color": "green", "ontime": 200}],
         {"action": "on", "color": "green", "ontime": 200, "offtime": 0, "count": 1}),
        ("blink", ["blue", 100, 50, 3],
         {"action": "on", "color": "blue", "ontime": 100, "offtime": 50, "count": 3}),
        ("solid", ["white", 900], {"action": "on", "color": "white", "ontime": 900, "count": 1}),
        ("turnOff", [], {"action": "off"}),
    ],
    ids=["turnOn", "blink", "solid", "turnOff"],
)  # fmt: skip
def test_lights(session, phone, method, arguments, wanted):
    session.call(f"led.{method}", *arguments)

    asked = phone.take("rgb_led_control", packageName=session.app.package, **wanted)
    phone.say("rgb_led_control_response", requestId=asked["requestId"], success=True)
    phone.settle()
    session.settle()
    assert not [one for one in session.app.told.all() if one["event"] == "error"]
    assert session.call("led.getCapabilities") == []


def test_the_wifi_setup(session, phone):
    session.call("requestWifiSetup", "to stream")

    phone.take("show_wifi_setup", reason="to stream", appPackageName=session.app.package)
