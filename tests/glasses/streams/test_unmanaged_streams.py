"""A stream to an address of an app's choice."""

import gc
import weakref

import msgspec
import pytest

from mentra.events import AppStopped, SessionEnding
from mentra.glasses.streams.settings import StreamsSettings
from mentra.interfaces.glasses import IApps
from mentra.interfaces.streams import IStreams
from mentra.messages.video import (
    KeepRtmpStreamAlive,
    ManagedStreamRequest,
    ManagedStreamStatus,
    RtmpStreamRequest,
    RtmpStreamStatus,
    RtmpStreamStop,
    StartRtmpStream,
    StopRtmpStream,
    StreamInfo,
    StreamStatusCheck,
    StreamStatusCheckResponse,
)
from tests.glasses.streams.stage import CAM, TV, URL, Stage, stage_with


@pytest.fixture
def stage() -> Stage:
    return stage_with()


def asked(stage: Stage) -> list[KeepRtmpStreamAlive]:
    """Keep-alives since the last call."""
    return [one for one in stage.glasses.take() if isinstance(one, KeepRtmpStreamAlive)]


def refused(stage: Stage, package_name: str = CAM, **fields: object) -> tuple[str, str]:
    """Code and text of the error frame; the status says the same."""
    message = msgspec.convert({"type": "rtmp_stream_request", "rtmpUrl": URL, **fields},
                              RtmpStreamRequest)  # fmt: skip
    refusal = stage.say(package_name, message)
    assert refusal is not None
    [status] = stage.app(package_name).take()
    assert (status.status, status.error_details) == ("error", refusal.message)
    return refusal.code, refusal.message


# -- beginning


def test_the_glasses_are_told_to_start_and_the_owner_that_they_were(stage):
    video, sound = {"width": 640}, False

    stage.say(CAM, RtmpStreamRequest(rtmp_url=URL, video=video, sound=sound))

    [start] = stage.glasses.sent
    assert start == StartRtmpStream(
        session_id="ann@x.org", rtmp_url=URL, app_id=CAM, stream_id=start.stream_id,
        video=video, audio={}, stream={}, sound=sound,
    )  # fmt: skip
    assert stage.app(CAM).sent == [
        RtmpStreamStatus(session_id=f"ann@x.org-{CAM}", stream_id=start.stream_id,
                         status="initializing", app_id=CAM)
    ]  # fmt: skip


def test_newer_sdks_have_another_name_for_the_address(stage):
    stage.say(CAM, RtmpStreamRequest(stream_url="RTMPS://video.test:443/live/key"))

    assert stage.glasses.sent[-1].rtmp_url == "RTMPS://video.test:443/live/key"


def test_no_two_streams_have_one_id(stage):
    assert stage.begin() != stage.begin()


@pytest.mark.parametrize(
    "url",
    ["", "http://video.test/live", "rtmp://", "rtmp:///live", "rtmp://video.test/a b", "-i",
     "rtmp://video.test/" + "x" * 2048, "rtmp://video.test/a\nb"],
)  # fmt: skip
def test_what_is_no_address_is_refused(stage, url):
    assert refused(stage, rtmpUrl=url) == ("INTERNAL_ERROR", "Invalid RTMP URL")
    assert stage.glasses.sent == []


def test_without_the_permission_there_is_no_stream(stage):
    stage.run("org.spy", "MICROPHONE")

    assert refused(stage, "org.spy") == (
        "PERMISSION_DENIED", "Camera permission required to start video streams"
    )  # fmt: skip
    assert stage.glasses.sent == []


def test_an_app_that_does_not_run_gets_no_stream(stage):
    peer = stage.app(CAM)
    IApps(stage.session).stop(CAM)

    refusal = stage.handle("app", RtmpStreamRequest(rtmp_url=URL), peer)

    assert (refusal.code, refusal.message) == ("INTERNAL_ERROR", f"App {CAM} is not running")


def test_without_a_phone_there_is_no_stream(stage):
    stage.session.glasses = None

    assert refused(stage) == ("INTERNAL_ERROR", "Glasses WebSocket not connected")


def test_without_glasses_at_the_phone_there_is_no_stream(stage):
    stage.device.update({"connected": False})

    assert refused(stage) == ("INTERNAL_ERROR", "Glasses not connected")


def test_glasses_with_wifi_need_it(stage):
    stage.device.capabilities = lambda: {"hasWifi": True}
    stage.device.fields["wifiConnected"] = False

    code, _ = refused(stage)

    assert code == "WIFI_NOT_CONNECTED"


def test_glasses_that_the_phone_plays_itself_are_always_there(stage):
    stage.device.update({"connected": False, "modelName": "Simulated Glasses"})

    stage.begin()

    assert stage.glasses.sent


@pytest.mark.parametrize(
    ("able", "connected"), [({"hasWifi": False}, False), ({"hasWifi": True}, None), (None, False)]
)
def test_glasses_without_wifi_or_of_which_nobody_knows_may_try(stage, able, connected):
    stage.device.capabilities = lambda: able
    stage.device.fields["wifiConnected"] = connected

    stage.begin()


def nested(levels: int) -> object:
    value: object = 7
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("options", [{"x": "y" * 5000}, {"x": nested(8)}])
def test_options_have_a_bound(stage, options):
    code, text = refused(stage, video=options)

    assert (code, text) == (
        "INTERNAL_ERROR", "Stream options have at most 4096 bytes, 8 levels deep"
    )  # fmt: skip


def test_options_within_the_bound_are_passed_on(stage):
    stage.begin(video={"x": nested(7)})

    assert stage.glasses.sent[-1].video == {"x": nested(7)}


# -- one stream a user


def test_a_new_stream_ends_the_one_before(stage):
    first = stage.begin(TV)
    stage.app(TV).take()

    second = stage.begin(CAM)

    assert [type(one) for one in stage.glasses.sent] == [
        StartRtmpStream, StopRtmpStream, StartRtmpStream
    ]  # fmt: skip
    assert stage.glasses.sent[1].stream_id == first != second
    assert stage.statuses(TV) == ["stopped"]


def test_a_new_stream_of_the_same_app_ends_its_older_one(stage):
    stage.begin(CAM)

    stage.begin(CAM)

    assert stage.statuses(CAM) == ["initializing", "stopped", "initializing"]


def test_a_stream_that_is_refused_ends_none(stage):
    stage.begin(TV)
    stage.app(TV).take()

    refused(stage, rtmpUrl="nonsense")

    assert stage.app(TV).sent == []


def test_an_unmanaged_stream_ends_a_managed_one(stage):
    stage.begin_managed(TV)
    stage.app(TV).take()

    stage.begin(CAM)

    assert stage.statuses(TV) == ["stopped"]


def test_there_is_no_managed_stream_beside_an_unmanaged_one(stage):
    stage.begin(CAM)

    refusal = stage.say(TV, ManagedStreamRequest())

    assert refusal.code == "INTERNAL_ERROR"
    assert stage.app(TV).sent == [ManagedStreamStatus(status="error", message=refusal.message)]
    assert stage.statuses(CAM) == ["initializing"]


# -- what glasses report


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("initializing", "initializing"),
        ("connecting", "initializing"),
        ("reconnecting", "initializing"),
        ("active", "active"),
        ("streaming", "active"),
        ("reconnected", "active"),
        ("STREAMING", "active"),
        ("stopping", "stopping"),
        ("stopped", "stopped"),
        ("disconnected", "stopped"),
        ("reconnect_failed", "stopped"),
        ("error", "error"),
        ("timeout", "timeout"),
        ("never heard of", "stopped"),
    ],
)
def test_apps_are_told_in_the_words_they_know(stage, said, told):
    stream_id = stage.begin()
    stage.app(CAM).take()

    stage.report(said, stream_id, errorDetails="because", stats={"fps": 30})

    assert stage.app(CAM).sent == [
        RtmpStreamStatus(session_id=f"ann@x.org-{CAM}", stream_id=stream_id, status=told,
                         app_id=CAM, error_details="because", stats={"fps": 30})
    ]  # fmt: skip


def test_older_glasses_do_not_say_which_stream(stage):
    stage.begin()
    stage.app(CAM).take()

    stage.report("streaming")

    assert stage.statuses(CAM) == ["active"]


def test_a_status_that_nobody_knows_ends_the_stream_on_the_glasses_too(stage):
    stream_id = stage.begin()

    stage.report("never heard of", stream_id)

    assert stage.glasses.sent[-1] == StopRtmpStream(
        session_id="ann@x.org", app_id=CAM, stream_id=stream_id
    )


@pytest.mark.parametrize("status", ["stopped", "error", "timeout", "disconnected"])
def test_what_is_over_is_not_reported_any_more(stage, status):
    stream_id = stage.begin()
    stage.report(status, stream_id)
    stage.app(CAM).take()

    stage.report("streaming", stream_id)
    stage.report("streaming")

    assert stage.app(CAM).sent == []
    assert stage.clock.getDelayedCalls() == []


def test_a_report_of_another_stream_is_nothing(stage):
    stage.begin()
    stage.app(CAM).take()

    stage.report("stopped", "s-other")

    assert stage.app(CAM).sent == []


def test_others_who_subscribed_are_told_once_and_the_owner_only_in_its_own_form(stage):
    stage.subscribe(CAM, "rtmp_stream_status")
    stage.subscribe(TV, "rtmp_stream_status")
    stream_id = stage.begin()
    stage.relayed.clear()

    stage.report("streaming", stream_id, extra=[1], stats={"fps": 30}, timestamp=7)

    [(stream, text)] = stage.relayed
    assert stream == "rtmp_stream_status"
    assert msgspec.json.decode(text) == {
        "type": "rtmp_stream_status", "status": "active", "streamId": stream_id, "appId": CAM,
        "stats": {"fps": 30}, "extra": [1], "timestamp": 7,
    }  # fmt: skip


def test_what_is_too_deep_is_not_passed_on(stage):
    stage.subscribe(TV, "rtmp_stream_status")
    stream_id = stage.begin()
    stage.relayed.clear()

    stage.report("streaming", stream_id, extra=nested(9), stats=nested(9), errorDetails="x")

    [(_, text)] = stage.relayed
    assert msgspec.json.decode(text) == {
        "type": "rtmp_stream_status", "status": "active", "streamId": stream_id, "appId": CAM,
        "errorDetails": "x",
    }  # fmt: skip
    assert stage.app(CAM).sent[-1].stats is None


def test_what_glasses_did_not_say_has_a_time_as_well(stage):
    stage.subscribe(TV, "rtmp_stream_status")

    stage.begin()

    assert msgspec.json.decode(stage.relayed[0][1])["timestamp"] == "2025-06-01T12:00:00.000Z"


# -- keep-alives


def test_while_active_the_glasses_are_asked_every_fifteen_seconds(stage):
    stream_id = stage.begin()
    stage.report("active", stream_id)
    stage.glasses.take()
    asks = []

    for _ in range(60):
        stage.clock.advance(1)
        for one in asked(stage):
            asks.append(stage.clock.seconds())
            stage.ack(one.stream_id, one.ack_id)

    assert asks == [15, 30, 45, 60]
    assert stage.statuses(CAM) == ["initializing", "active"]


def test_every_keep_alive_has_an_id_of_its_own(stage):
    stage.report("active", stage.begin())
    stage.clock.pump([15, 15])

    first, second = asked(stage)

    assert first.ack_id != second.ack_id


@pytest.mark.parametrize("status", ["initializing", "stopping"])
def test_while_not_active_nobody_is_asked(stage, status):
    stream_id = stage.begin()
    stage.report("active", stream_id)
    stage.report(status, stream_id)
    stage.glasses.take()

    stage.clock.advance(30)

    assert asked(stage) == []


def test_three_keep_alives_missed_in_a_row_end_the_stream(stage):
    stream_id = stage.begin()
    stage.report("active", stream_id)
    stage.app(CAM).take()
    stage.clock.pump([15, 10, 5, 10, 5, 9])
    assert stage.statuses(CAM) == []

    stage.clock.advance(1)

    assert stage.statuses(CAM) == ["timeout"]
    assert stage.glasses.sent[-1] == StopRtmpStream(
        session_id="ann@x.org", app_id=CAM, stream_id=stream_id
    )
    assert stage.clock.getDelayedCalls() == []


@pytest.mark.parametrize("sign", ["ack", "report"])
def test_any_sign_of_life_starts_the_count_anew(stage, sign):
    stream_id = stage.begin()
    stage.report("active", stream_id)
    stage.clock.pump([15, 10, 5, 10])  # two missed
    stage.clock.advance(5)
    if sign == "ack":
        stage.ack(stream_id, asked(stage)[-1].ack_id)
    else:
        stage.report("streaming", stream_id)
    stage.app(CAM).take()

    stage.clock.pump([10, 5, 10])

    assert stage.statuses(CAM) == []


@pytest.mark.parametrize(("stream", "ack"), [("s-other", None), (None, "guess")])
def test_an_answer_that_nobody_asked_for_is_none(stage, stream, ack):
    stream_id = stage.begin()
    stage.report("active", stream_id)
    stage.clock.pump([15])
    [one] = asked(stage)

    stage.ack(stream or stream_id, ack or one.ack_id)
    stage.clock.pump([10, 5, 10, 5, 10])

    assert stage.statuses(CAM)[-1] == "timeout"


def test_glasses_that_never_say_a_word_end_a_stream_too(stage):
    stage.begin()

    stage.clock.advance(60)

    assert stage.statuses(CAM) == ["initializing", "timeout"]
    assert stage.clock.getDelayedCalls() == []


def test_a_phone_that_went_away_misses_its_keep_alives(stage):
    stage.report("active", stage.begin())
    stage.session.glasses = None

    stage.clock.pump([15, 15, 15, 10])

    assert stage.statuses(CAM)[-1] == "timeout"


def test_the_numbers_are_the_configurations():
    settings = StreamsSettings(keep_alive=2.0, ack_timeout=1.0, missed_acks=1)
    stage = stage_with(settings)
    stage.report("active", stage.begin())

    stage.clock.pump([2, 1])

    assert stage.statuses(CAM)[-1] == "timeout"


# -- ending


@pytest.mark.parametrize("names_it", [True, False])
def test_the_owner_ends_its_stream_without_waiting_for_the_glasses(stage, names_it):
    stream_id = stage.begin()
    stage.app(CAM).take()

    stage.say(CAM, RtmpStreamStop(stream_id=stream_id if names_it else None))

    assert stage.statuses(CAM) == ["stopped"]
    assert stage.glasses.sent[-1] == StopRtmpStream(
        session_id="ann@x.org", app_id=CAM, stream_id=stream_id
    )
    assert stage.clock.getDelayedCalls() == []


@pytest.mark.parametrize("names_it", [True, False])
def test_nobody_ends_the_stream_of_another_app(stage, names_it):
    stream_id = stage.begin()

    refusal = stage.say(TV, RtmpStreamStop(stream_id=stream_id if names_it else None))

    assert refusal.code == "INTERNAL_ERROR"
    assert stage.app(TV).sent == []
    assert stage.statuses(CAM) == ["initializing"]


@pytest.mark.parametrize("begun", [True, False])
def test_a_stream_that_is_not_there_cannot_be_ended(stage, begun):
    if begun:
        stage.begin()
    stage.glasses.take()

    assert stage.say(CAM, RtmpStreamStop(stream_id="s-other")) is None

    assert stage.glasses.sent == []


def test_a_stream_ends_with_its_app(stage):
    stage.begin()
    stage.glasses.take()

    stage.session.announce(AppStopped(CAM, was_running=True))

    assert [type(one) for one in stage.glasses.sent] == [StopRtmpStream]
    assert stage.clock.getDelayedCalls() == []


def test_a_stream_outlives_other_apps(stage):
    stage.begin()
    stage.glasses.take()

    stage.session.announce(AppStopped(TV, was_running=True))

    assert stage.glasses.sent == []


def test_a_stream_ends_with_its_session_while_everybody_can_be_told(stage):
    stage.begin()
    stage.report("active")
    stage.clock.advance(15)
    app, glasses = stage.app(CAM), stage.glasses

    stage.end()

    assert app.sent[-1].status == "stopped"
    assert isinstance(glasses.sent[-1], StopRtmpStream)
    assert stage.clock.getDelayedCalls() == []


def test_a_session_that_streamed_is_forgotten(stage):
    stage.report("active", stage.begin())
    gone = weakref.ref(stage.session)

    stage.end()
    stage.session = None

    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("streamed_before", [False, True])
def test_a_session_that_is_ending_begins_no_stream(stage, streamed_before):
    if streamed_before:
        IStreams(stage.session)
    stage.session.ending = True
    stage.session.announce(SessionEnding())

    assert refused(stage) == ("INTERNAL_ERROR", "The session has ended")
    assert stage.glasses.sent == []


# -- asking


def test_without_a_stream_there_is_none(stage):
    stage.say(CAM, StreamStatusCheck())

    assert stage.app(CAM).sent == [StreamStatusCheckResponse(has_active_stream=False)]


@pytest.mark.parametrize(("package_name", "url"), [(CAM, URL), (TV, None)])
def test_any_app_may_ask_whether_there_is_a_stream_and_its_own_reads_the_key(
    stage, package_name, url
):
    stream_id = stage.begin()
    stage.report("streaming", stream_id)

    stage.say(package_name, StreamStatusCheck())

    assert stage.app(package_name).sent[-1] == StreamStatusCheckResponse(
        has_active_stream=True,
        stream_info=StreamInfo(
            type="unmanaged", stream_id=stream_id, status="active", rtmp_url=url,
            created_at="2025-06-01T12:00:00.000Z", requesting_app_id=CAM,
        ),
    )  # fmt: skip
