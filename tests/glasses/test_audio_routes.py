"""Sound over HTTP: what it comes as, and who may fetch the last of it."""

from typing import Any

import lc3
import msgspec
import pytest
from twisted.internet.task import Clock

from mentra.errors import Denied
from mentra.glasses.audio.hearers import KeyInQuery
from mentra.glasses.audio.manager import audio_manager
from mentra.glasses.audio.routes import WantedFormat, configure_audio, recent_audio
from mentra.glasses.relay import relay_manager
from mentra.glasses.subscriptions import subscriptions_manager
from mentra.interfaces.audio import IAudio
from mentra.interfaces.glasses import IApps
from mentra.interfaces.stores import IAppStore
from mentra.messages.audio import AudioChunk
from mentra.records import App, Permission
from mentra.speech.lc3 import lc3_codec
from mentra.testing.glasses import fake_microphone
from mentra.testing.house import house_with, session_in, success_of
from mentra.testing.requests import FakeCall
from mentra.testing.running_apps import fake_apps

ACME, DEAF = "com.acme.app", "com.deaf.app"
PLUGINS = (subscriptions_manager, relay_manager, fake_apps, fake_microphone, audio_manager)
NOW = "2025-06-01T12:00:00.000Z"


@pytest.fixture
def house(clock: Clock) -> Any:
    made = house_with(*PLUGINS, lc3_codec, clock=clock)
    for package_name, permission in ((ACME, "MICROPHONE"), (DEAF, "CAMERA")):
        app = App(package_name=package_name, permissions=(Permission(type=permission),))
        success_of(IAppStore(made).save(app))
        success_of(IAppStore(made).add_key(package_name, f"key of {package_name}"))
    return made


@pytest.fixture
def session(house: Any) -> Any:
    return session_in(house)


def configure(house: Any, **body: Any) -> Any:
    wanted = msgspec.convert(body, WantedFormat)
    return configure_audio.handle(FakeCall(house, user_id="ann@x.org", body=wanted))


def plain(answer: Any) -> Any:
    return msgspec.to_builtins(answer)


# -- what it comes as


def test_a_phone_may_send_lc3(house, session):
    config = {"sampleRate": 16000, "frameDurationMs": 10, "frameSizeBytes": 60}

    answer = plain(configure(house, format="lc3", lc3Config=config))

    frame = lc3.Encoder(10_000, 16_000).encode(bytes(320), 60, 16)
    IAudio(session).heard(AudioChunk(data=frame * 3))
    assert answer == {
        "success": True, "format": "lc3", "lc3Config": config,
        "message": "Audio format configured: lc3", "timestamp": NOW,
    }  # fmt: skip
    assert len(IAudio(session).recent()) == 960


@pytest.mark.parametrize(
    "config",
    [None, "junk", [], {}, {"frameSizeBytes": 61}, {"frameSizeBytes": {}},
     {"sampleRate": 8000, "frameDurationMs": 7.5, "frameSizeBytes": 20}],
)  # fmt: skip
def test_what_does_not_fit_is_corrected_and_told(house, session, config):
    answer = plain(configure(house, format="lc3", lc3Config=config))

    assert answer["success"] is True
    assert answer["lc3Config"] == {
        "sampleRate": 16000, "frameDurationMs": 10, "frameSizeBytes": 20
    }  # fmt: skip


def test_a_phone_may_go_back_to_pcm(house, session):
    configure(house, format="lc3")

    answer = plain(configure(house, format="pcm"))

    IAudio(session).heard(AudioChunk(data=b"ab"))
    assert (answer["format"], "lc3Config" in answer) == ("pcm", False)
    assert IAudio(session).recent() == b"ab"


@pytest.mark.parametrize("format", [None, "mp3", 7, {}, ["pcm"]])
def test_another_format_is_refused(house, session, format):
    answer = configure(house, format=format)

    assert answer.status == 400
    assert plain(answer.body) == {
        "success": False, "message": "format must be 'pcm' or 'lc3'", "timestamp": NOW
    }  # fmt: skip


def test_without_the_codec_lc3_is_refused_and_pcm_is_not(clock):
    house = house_with(*PLUGINS, clock=clock)
    session_in(house)

    assert configure(house, format="lc3").status == 501
    assert configure(house, format="pcm").success is True


def test_without_a_session_there_is_nothing_to_configure(house):
    with pytest.raises(Denied) as caught:
        configure(house, format="pcm")

    assert (caught.value.status, caught.value.body) == (
        401, {"error": "No active session found"}
    )  # fmt: skip


def test_a_size_may_come_as_a_fraction(house, session):
    answer = configure(house, format="lc3", lc3Config={"frameSizeBytes": 40.0})

    IAudio(session).heard(AudioChunk(data=bytes(80)))
    assert answer.lc3_config.frame_size_bytes == 40
    assert len(IAudio(session).recent()) == 640


# -- the last of it


def fetch(house: Any, user_id: str = "ann@x.org", header: str = "", **query: str) -> Any:
    headers = {"authorization": header} if header else {}
    asked = msgspec.convert(query, KeyInQuery, strict=False)
    call = FakeCall(house, values={"user_id": user_id}, headers=headers, asked=asked)
    return recent_audio.handle(call)


@pytest.mark.parametrize(
    "how",
    [
        {"header": f"Bearer {ACME}:key of {ACME}"},
        {"packageName": ACME, "apiKey": f"key of {ACME}"},
        {"packageName": ACME, "apiKey": f"key of {ACME}", "header": "Bearer something"},
    ],
)
def test_an_app_that_may_hear_can_fetch_the_last_of_it(house, session, how):
    IApps(session).run(ACME)
    IAudio(session).heard(AudioChunk(data=b"abcd"))

    answer = fetch(house, " Ann@X.org", **how)

    assert (answer.status, answer.body) == (200, b"abcd")
    assert answer.content_type == "application/octet-stream"


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({}, 401),
        ({"packageName": ACME}, 401),
        ({"packageName": ACME, "apiKey": f"key of {DEAF}"}, 401),
        ({"header": f"Bearer {ACME}:wrong", "packageName": ACME, "apiKey": f"key of {ACME}"}, 401),
        ({"packageName": DEAF, "apiKey": f"key of {DEAF}"}, 403),
        ({"packageName": ACME, "apiKey": f"key of {ACME}", "user_id": "bob@x.org"}, 404),
        ({"packageName": ACME, "apiKey": f"key of {ACME}"}, 404),
    ],
)
def test_nobody_else_can(house, session, how, status):
    for package_name in (ACME, DEAF):
        IApps(session).run(package_name)

    with pytest.raises(Denied) as caught:
        fetch(house, **how)

    assert caught.value.status == status
    assert caught.value.body["error"]


def test_an_app_that_does_not_run_cannot(house, session):
    IAudio(session).heard(AudioChunk(data=b"abcd"))

    with pytest.raises(Denied) as caught:
        fetch(house, packageName=ACME, apiKey=f"key of {ACME}")

    assert (caught.value.status, caught.value.body) == (404, {"error": "No audio available"})
