"""A stream to a media server, for any number of apps."""

import gc
import weakref

import msgspec
import pytest

from mentra.errors import Refused
from mentra.events import AppRunning, AppStopped
from mentra.glasses.streams.settings import StreamsSettings
from mentra.interfaces.streams import IManagedStreams
from mentra.messages.video import (
    KeepRtmpStreamAlive,
    ManagedStreamRequest,
    ManagedStreamStatus,
    ManagedStreamStop,
    RestreamDestination,
    StartRtmpStream,
    StopRtmpStream,
    StreamInfo,
    StreamOutput,
    StreamStatusCheck,
)
from mentra.testing.media import FakeMediaBackend
from tests.glasses.streams.stage import CAM, TV, Stage, stage_with

PLACE = "rtmp://elsewhere.test/live/a"
URLS = {"hls_url": "https://media.test/1.m3u8", "dash_url": "https://media.test/1.mpd"}


@pytest.fixture
def media() -> FakeMediaBackend:
    return FakeMediaBackend()


@pytest.fixture
def stage(media: FakeMediaBackend) -> Stage:
    return stage_with(backend=media)


def stopped(stage: Stage) -> list[str]:
    return [one.stream_id for one in stage.glasses.sent if isinstance(one, StopRtmpStream)]


# -- beginning


def test_the_glasses_stream_to_the_media_server_and_the_app_waits(stage):
    stage.say(CAM, ManagedStreamRequest(quality="720p", video={"bitrate": 9}, sound=True))

    [start] = stage.glasses.sent
    assert start == StartRtmpStream(
        session_id="ann@x.org", rtmp_url="rtmp://media.test/live/1", app_id="MANAGED_STREAM",
        stream_id=start.stream_id, video={"width": 1280, "height": 720, "bitrate": 9},
        audio={}, stream={}, sound=True,
    )  # fmt: skip
    assert stage.app(CAM).sent == [
        ManagedStreamStatus(status="initializing", message="Waiting for stream to start...",
                            stream_id=start.stream_id, **URLS)
    ]  # fmt: skip


def test_an_app_that_wants_webrtc_is_told_where(stage):
    stage.begin_managed(enable_webrtc=True)

    assert stage.app(CAM).sent[-1].webrtc_url == "https://media.test/webrtc"


def test_nothing_is_said_before_the_media_server_has_a_place(stage, media):
    media.slow = True
    stage.say(CAM, ManagedStreamRequest())
    assert (stage.glasses.sent, stage.app(CAM).sent) == ([], [])

    media.openings[0].callback(None)

    assert [type(one) for one in stage.glasses.sent] == [StartRtmpStream]
    assert stage.statuses(CAM) == ["initializing"]


def test_a_media_server_without_a_place_is_an_error(stage, media):
    media.slow = True
    stage.say(CAM, ManagedStreamRequest())

    media.openings[0].errback(Refused("CLOUDFLARE_ERROR", "no more inputs", where="provider"))

    assert [(one.status, one.message) for one in stage.app(CAM).sent] == [
        ("error", "no more inputs")
    ]
    assert stage.glasses.sent == []
    assert stage.clock.getDelayedCalls() == []


def test_who_stops_before_there_is_a_place_is_told_and_nothing_begins(stage, media):
    media.slow = True
    stage.say(CAM, ManagedStreamRequest())

    stage.say(CAM, ManagedStreamStop())

    assert stage.statuses(CAM) == ["stopped"]
    assert (stage.glasses.sent, media.opened) == ([], [])
    assert stage.clock.getDelayedCalls() == []


def test_without_the_permission_there_is_no_stream(stage):
    stage.run("org.spy")

    refusal = stage.say("org.spy", ManagedStreamRequest())

    assert (refusal.code, refusal.message) == (
        "PERMISSION_DENIED", "Camera permission required for managed streams"
    )  # fmt: skip
    assert stage.app("org.spy").sent == [
        ManagedStreamStatus(status="error", message=refusal.message)
    ]


def test_without_glasses_nobody_waits_in_vain(stage):
    stage.session.glasses = None

    refusal = stage.say(CAM, ManagedStreamRequest())

    assert refusal.code == "INTERNAL_ERROR"
    assert stage.statuses(CAM) == ["error"]


# -- live, where the glasses decide


@pytest.mark.parametrize("word", ["active", "streaming"])
def test_it_is_live_when_the_glasses_say_so(stage, media, word):
    stream_id = stage.begin_managed()
    stage.app(CAM).take()

    stage.report(word, stream_id)

    assert stage.app(CAM).sent == [
        ManagedStreamStatus(status="active", message="Stream is now live", stream_id=stream_id,
                            **URLS)
    ]  # fmt: skip
    assert media.opened[0].lives == 1


def test_equal_statuses_are_not_repeated(stage):
    stream_id = stage.begin_managed()

    for _ in range(3):
        stage.report("connecting", stream_id)
    for _ in range(3):
        stage.report("streaming", stream_id)

    assert stage.statuses(CAM) == ["initializing", "active"]


def test_a_reconnected_app_is_told_again(stage):
    stage.begin_managed(TV)
    stage.report("streaming", stage.begin_managed(CAM))
    stage.app(CAM).take()
    stage.session.announce(AppRunning(CAM, "reconnected"))
    assert stage.statuses(CAM) == []

    stage.begin_managed(CAM)

    assert stage.statuses(CAM) == ["active"]


def test_glasses_that_connect_anew_are_waited_for(stage):
    stream_id = stage.begin_managed()
    stage.report("streaming", stream_id)

    stage.report("connecting", stream_id)
    stage.clock.pump([1])
    stage.report("streaming", stream_id)

    assert stage.statuses(CAM) == ["initializing", "active", "initializing", "active"]


@pytest.mark.parametrize("word", ["reconnecting", "reconnected", "timeout", "never heard of"])
def test_any_other_word_is_a_sign_of_life(stage, word):
    stream_id = stage.begin_managed()
    stage.report("streaming", stream_id)
    stage.app(CAM).take()

    stage.report(word, stream_id)

    assert stage.app(CAM).sent == []


@pytest.mark.parametrize(
    ("status", "details", "text"),
    [
        ("stopped", None, "Stream stopped"),
        ("error", None, "Stream failed on the glasses"),
        ("error", "camera busy", "camera busy"),
        ("error", {"code": 1}, "Stream failed on the glasses"),
        ("error", "x" * 1000, "x" * 500),
    ],
)
def test_what_ends_on_the_glasses_ends_for_everybody(stage, media, status, details, text):
    stream_id = stage.begin_managed()
    stage.begin_managed(TV)

    stage.report(status, stream_id, errorDetails=details)

    for package_name in (CAM, TV):
        last = stage.app(package_name).sent[-1]
        assert (last.status, last.message) == (status, text)
    assert media.opened[0].closed == 1
    assert stopped(stage) == []
    assert stage.clock.getDelayedCalls() == []


def test_glasses_that_stop_without_end_are_not_waited_for(stage):
    stream_id = stage.begin_managed()
    stage.report("stopping", stream_id)
    for _ in range(60):
        stage.clock.advance(1)
        for one in stage.glasses.take():
            if isinstance(one, KeepRtmpStreamAlive):
                stage.ack(stream_id, one.ack_id)

    assert stage.statuses(CAM) == ["initializing", "stopping", "stopped"]
    assert stage.clock.getDelayedCalls() == []


def test_what_is_not_live_in_a_minute_is_an_error(stage, media):
    stream_id = stage.begin_managed()
    for _ in range(6):
        stage.clock.advance(10)
        stage.report("connecting", stream_id)

    last = stage.app(CAM).sent[-1]
    assert (last.status, last.message) == ("error", "Stream did not become live in time")
    assert stopped(stage) == [stream_id]
    assert media.opened[0].closed == 1
    assert stage.clock.getDelayedCalls() == []


# -- live, where the media server is asked


def test_the_media_server_is_asked_every_two_seconds_until_it_is_live(stage, media):
    media.asked = "until_live"
    stream_id = stage.begin_managed()
    stage.report("streaming", stream_id)
    stage.clock.pump([2, 2])
    assert (media.opened[0].looks, stage.statuses(CAM)) == (2, ["initializing"])

    media.opened[0].live = True
    stage.clock.pump([2, 2, 2])

    assert (media.opened[0].looks, stage.statuses(CAM)) == (3, ["active"])


def test_a_media_server_that_cannot_tell_is_asked_again(stage, media):
    media.asked = "until_live"
    stage.begin_managed()
    media.opened[0].live = None
    stage.clock.pump([2])

    media.opened[0].live = True
    stage.clock.pump([2])

    assert stage.statuses(CAM) == ["initializing", "active"]


def test_after_a_minute_nobody_is_asked_any_more(stage, media):
    media.asked = "until_live"
    stream_id = stage.begin_managed()
    for _ in range(30):
        stage.report("streaming", stream_id)
        stage.clock.advance(2)

    assert stage.statuses(CAM) == ["initializing", "error"]
    assert media.opened[0].looks <= 30
    assert stage.clock.getDelayedCalls() == []


def test_once_it_was_live_the_glasses_word_counts(stage, media):
    media.asked = "until_live"
    stream_id = stage.begin_managed()
    media.opened[0].live = True
    stage.clock.pump([2])

    stage.report("connecting", stream_id)
    stage.report("streaming", stream_id)

    assert stage.statuses(CAM) == ["initializing", "active", "initializing", "active"]


def test_where_the_media_server_always_knows_it_is_always_asked(stage, media):
    media.asked = "always"
    stream_id = stage.begin_managed()
    media.opened[0].live = True
    stage.clock.pump([2])
    media.opened[0].live = False
    stage.clock.pump([2])
    stage.report("streaming", stream_id)
    media.opened[0].live = True
    stage.clock.pump([2])

    assert stage.statuses(CAM) == ["initializing", "active", "initializing", "active"]
    assert media.opened[0].lives == 2


# -- keep-alives


def test_keep_alives_begin_with_the_stream(stage):
    stream_id = stage.begin_managed()
    stage.glasses.take()

    stage.clock.advance(15)

    [one] = stage.glasses.sent
    assert (type(one), one.stream_id) == (KeepRtmpStreamAlive, stream_id)


def test_three_keep_alives_missed_in_a_row_are_an_error(stage, media):
    stream_id = stage.begin_managed()
    stage.report("streaming", stream_id)

    stage.clock.pump([15, 10, 5, 10, 5, 10])

    last = stage.app(CAM).sent[-1]
    assert (last.status, last.message) == ("error", "Stream timed out waiting for keep-alive")
    assert media.opened[0].closed == 1
    assert stopped(stage) == [stream_id]
    assert stage.clock.getDelayedCalls() == []


def test_answers_keep_it_going(stage):
    stream_id = stage.begin_managed()
    stage.report("streaming", stream_id)
    for _ in range(40):
        stage.clock.advance(5)
        for one in stage.glasses.take():
            if isinstance(one, KeepRtmpStreamAlive):
                stage.ack(one.stream_id, one.ack_id)

    assert stage.statuses(CAM) == ["initializing", "active"]


# -- who watches


def test_a_further_app_is_told_at_once_what_there_is_and_the_glasses_nothing(stage):
    stream_id = stage.begin_managed()
    stage.report("streaming", stream_id)
    stage.glasses.take()

    stage.say(TV, ManagedStreamRequest())

    assert stage.app(TV).sent == [
        ManagedStreamStatus(status="active", message="Stream is now live", stream_id=stream_id,
                            **URLS)
    ]  # fmt: skip
    assert stage.glasses.sent == []


def test_an_app_that_asks_twice_is_answered_twice(stage):
    stage.begin_managed()

    stage.begin_managed()

    assert stage.statuses(CAM) == ["initializing", "initializing"]


def test_only_apps_that_asked_are_told(stage):
    stage.subscribe(TV, "managed_stream_status", "rtmp_stream_status")

    stage.report("streaming", stage.begin_managed())

    assert (stage.app(TV).sent, stage.relayed) == ([], [])


def test_who_leaves_is_told_and_the_others_go_on_watching(stage, media):
    stage.begin_managed(CAM)
    stage.begin_managed(TV)
    stage.app(TV).take()

    stage.say(CAM, ManagedStreamStop())

    assert stage.statuses(CAM) == ["initializing", "stopped"]
    assert (stage.statuses(TV), stopped(stage), media.opened[0].closed) == ([], [], 0)


def test_the_last_one_to_leave_ends_it(stage, media):
    stream_id = stage.begin_managed(CAM)
    stage.begin_managed(TV)
    stage.say(CAM, ManagedStreamStop())

    stage.say(TV, ManagedStreamStop())

    assert stage.statuses(TV) == ["initializing", "stopped"]
    assert stopped(stage) == [stream_id]
    assert media.opened[0].closed == 1
    assert stage.clock.getDelayedCalls() == []


def test_who_does_not_watch_cannot_leave(stage):
    stage.begin_managed(CAM)

    assert stage.say(TV, ManagedStreamStop()) is None

    assert (stage.app(TV).sent, stopped(stage)) == ([], [])


def test_an_app_that_stops_watches_no_more(stage, media):
    stage.begin_managed(CAM)
    stage.begin_managed(TV)

    stage.session.announce(AppStopped(CAM, was_running=True))
    assert media.opened[0].closed == 0
    stage.session.announce(AppStopped(TV, was_running=True))

    assert media.opened[0].closed == 1
    assert stage.clock.getDelayedCalls() == []


def test_every_stream_has_a_place_of_its_own(stage, media):
    first = stage.begin_managed()
    stage.say(CAM, ManagedStreamStop())

    second = stage.begin_managed()

    assert first != second
    assert media.opened[0].ingest != media.opened[1].ingest


def test_it_ends_with_its_session_while_everybody_can_be_told(stage, media):
    stream_id = stage.begin_managed()
    app, glasses = stage.app(CAM), stage.glasses

    stage.end()

    assert app.sent[-1].status == "stopped"
    assert glasses.sent[-1].stream_id == stream_id
    assert media.opened[0].closed == 1
    assert stage.clock.getDelayedCalls() == []


def test_a_session_that_streamed_is_forgotten(stage, media):
    stage.begin_managed()
    gone = weakref.ref(stage.session)

    stage.end()
    stage.session = None
    media.opened.clear()

    gc.collect()
    assert gone() is None


def test_a_check_tells_of_a_managed_stream_even_before_it_is_live(stage):
    stream_id = stage.begin_managed(CAM)
    stage.begin_managed(TV)
    stage.app(TV).take()

    stage.say(TV, StreamStatusCheck())

    assert stage.app(TV).sent[-1].stream_info == StreamInfo(
        type="managed", stream_id=stream_id, status="active", active_viewers=2,
        created_at="2025-06-01T12:00:00.000Z", webrtc_url="https://media.test/webrtc", **URLS,
    )  # fmt: skip


def test_an_app_that_may_not_use_the_camera_is_not_told_where_to_watch(stage):
    stream_id = stage.begin_managed(CAM)
    blind = stage.run("org.blind")

    stage.say("org.blind", StreamStatusCheck())

    assert blind.sent[-1].stream_info == StreamInfo(
        type="managed", stream_id=stream_id, status="active", active_viewers=1,
        created_at="2025-06-01T12:00:00.000Z",
    )  # fmt: skip


# -- sweeping


def test_a_stream_without_a_sign_of_life_is_swept_away(media):
    stage = stage_with(StreamsSettings(stale=20.0, sweep=10.0), backend=media)
    stream_id = stage.begin_managed()
    stage.clock.pump([10])
    stage.report("streaming", stream_id)
    stage.clock.pump([10])
    assert stage.statuses(CAM) == ["initializing", "active"]

    stage.clock.pump([10, 10])

    assert stage.statuses(CAM) == ["error"]
    assert media.sweeps == 3
    assert stage.clock.getDelayedCalls() == []


def test_a_stream_is_found_by_its_id_while_it_lasts(stage):
    stream_id = stage.begin_managed()
    assert IManagedStreams(stage.house).find(stream_id) is not None

    stage.say(CAM, ManagedStreamStop())

    assert IManagedStreams(stage.house).find(stream_id) is None


# -- restreams


def wanting(*urls: str) -> dict[str, object]:
    return {"restream_destinations": tuple(RestreamDestination(url=one) for one in urls)}


def outputs(stage: Stage, package_name: str = CAM) -> list[tuple[str, str, str | None]]:
    shown = stage.app(package_name).sent[-1].outputs
    return [(one.url, one.status, one.error) for one in shown or ()]


def test_destinations_of_the_request_are_put_in_place(stage, media):
    destination = RestreamDestination(url=PLACE, name="Elsewhere")

    stage.begin_managed(restream_destinations=(destination,))

    assert list(media.opened[0].places.values()) == [PLACE]
    [shown] = stage.app(CAM).sent[-1].outputs
    assert shown == StreamOutput(url=PLACE, name="Elsewhere", status="active",
                                 output_id=shown.output_id)  # fmt: skip


def test_a_destination_that_cannot_be_had_has_its_reason_and_the_stream_goes_on(stage, media):
    stage.begin_managed()
    media.opened[0].refusal = Refused("RESTREAM_UNAVAILABLE", "there is no ffmpeg")

    stage.say(TV, ManagedStreamRequest(**wanting(PLACE)))

    assert outputs(stage, TV) == [(PLACE, "error", "there is no ffmpeg")]
    assert stage.statuses(TV) == ["initializing", "initializing"]


@pytest.mark.parametrize(
    ("urls", "code"),
    [
        (["http://elsewhere.test/"], "INVALID_URL_FORMAT"),
        ([PLACE, PLACE], "DUPLICATE_URL"),
        ([f"{PLACE}{number}" for number in range(11)], "MAX_OUTPUTS_REACHED"),
    ],
)
def test_a_request_with_destinations_that_cannot_be_is_refused(stage, urls, code):
    refusal = stage.say(CAM, ManagedStreamRequest(**wanting(*urls)))

    assert refusal.code == code
    assert stage.statuses(CAM) == ["error"]
    assert stage.glasses.sent == []
    assert stage.clock.getDelayedCalls() == []


def test_who_asks_again_need_not_leave_its_destinations_out(stage, media):
    stage.begin_managed(**wanting(PLACE))

    stage.begin_managed(**wanting(PLACE))

    assert list(media.opened[0].places.values()) == [PLACE]


def test_a_restream_that_is_being_put_in_place_is_not_put_there_twice(stage, media):
    stage.begin_managed(TV)
    media.opened[0].slow = True
    stage.begin_managed(CAM, **wanting(PLACE))

    stage.begin_managed(TV)

    [adding] = media.opened[0].adding
    adding.callback(None)
    assert list(media.opened[0].places.values()) == [PLACE]
    assert outputs(stage) == [(PLACE, "active", None)]


def test_a_restream_that_is_taken_away_meanwhile_is_not_left_in_place(stage, media):
    stage.begin_managed(TV)
    media.opened[0].slow = True
    stage.begin_managed(CAM, **wanting(PLACE))
    stage.say(CAM, ManagedStreamStop())

    media.opened[0].adding[0].callback(None)

    assert media.opened[0].places == {}


def test_a_stream_that_ends_meanwhile_is_no_place_for_a_restream(stage, media):
    stage.begin_managed()
    media.opened[0].slow = True
    stage.begin_managed(**wanting(PLACE))

    stage.say(CAM, ManagedStreamStop())

    assert media.opened[0].places == {}
    assert stage.statuses(CAM)[-1] == "stopped"


def test_a_restream_that_ends_by_itself_is_told(stage, media):
    stage.begin_managed(**wanting(PLACE))
    [place] = media.opened[0].places

    media.opened[0].states[place] = ("error", "ffmpeg ended with status 1")
    media.opened[0].changed()

    assert outputs(stage) == [(PLACE, "error", "ffmpeg ended with status 1")]


def test_restreams_of_an_app_leave_with_it(stage, media):
    stage.begin_managed(CAM, **wanting(PLACE))
    stage.begin_managed(TV, **wanting(PLACE + "b"))

    stage.say(CAM, ManagedStreamStop())

    assert list(media.opened[0].places.values()) == [PLACE + "b"]
    assert outputs(stage, TV) == [(PLACE + "b", "active", None)]


def test_a_message_without_its_fields_is_one_all_the_same():
    message = msgspec.json.decode(b'{"type":"managed_stream_request"}', type=ManagedStreamRequest)

    assert message == ManagedStreamRequest()
