"""What glasses say reaches the apps that subscribed and may have it, and nobody else."""

from typing import Any

import attrs
import msgspec
import pytest
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher

from mentra.events import SubscriptionsChanged
from mentra.extension import listener
from mentra.glasses import relay as relay_module
from mentra.glasses.relay import (
    IGNORED,
    MAX_ROUTES,
    MAX_UNKNOWN,
    keep_alive,
    ping_from_app,
    ping_from_glasses,
    pong_from_app,
    pong_from_glasses,
    relay_manager,
    stream_event,
    touch_event,
    unknown_from_app,
    unknown_from_glasses,
)
from mentra.glasses.subscriptions import subscriptions_manager
from mentra.glasses.transcripts import local_transcription
from mentra.interfaces.glasses import IApps, IRelay, ISubscriptions
from mentra.interfaces.stores import IAppStore
from mentra.messages import Unknown
from mentra.messages.audio import AudioChunk, LocalTranscription
from mentra.messages.gestures import TouchEvent
from mentra.messages.session import KeepAlive, KeepAliveAck, Ping, Pong
from mentra.messages.streams import PERMISSIONS, STREAM_TYPES
from mentra.messages.subscriptions import StreamEvent
from mentra.records import App, Permission
from mentra.testing.house import FakeContext, house_with, session_in, success_of
from mentra.testing.peers import FakePeer
from mentra.testing.running_apps import fake_apps

ACME = "com.acme.app"
OTHER = "com.other.app"
REPLAYED = "com.replayed.app"
PRESS = b'{"type":"button_press","buttonId":"main", "extra":[1,2]}'


@attrs.define
class Stage:
    """A session with apps on stage."""

    house: Any
    session: Any

    @property
    def relay(self) -> Any:
        return IRelay(self.session)

    def app(
        self, package_name: str, *streams: Any, permissions: tuple[str, ...] = ("ALL",)
    ) -> FakePeer:
        """Save it, have it running and subscribed."""
        self.save(package_name, *permissions)
        peer = IApps(self.session).run(package_name)
        ISubscriptions(self.session).update(package_name, list(streams))
        return peer

    def save(self, package_name: str, *permissions: str) -> None:
        app = App(
            package_name=package_name,
            permissions=tuple(Permission(type=one) for one in permissions),
        )
        success_of(IAppStore(self.house).save(app))

    def say(self, handler: Any, message: Any) -> Any:
        return handler.handle(message, FakeContext(self.house, self.session, FakePeer()))

    def event(self, raw: bytes = PRESS) -> None:
        stream_type = msgspec.json.decode(raw)["type"]
        self.say(stream_event, StreamEvent(stream_type=stream_type, raw=raw))


@pytest.fixture
def stage(clock: Clock) -> Stage:
    house = house_with(subscriptions_manager, relay_manager, fake_apps, replay, clock=clock)
    return Stage(house, session_in(house))


@listener(SubscriptionsChanged, order=-1000)
def replay(event: SubscriptionsChanged, session: Any) -> None:
    """Whoever hears of a change may have something to say to the new list."""
    if event.package_name == REPLAYED:
        IRelay(session).relay("button_press", b'"replayed"')


def streams_of(peer: FakePeer) -> list[str]:
    """Stream types of the events an app was sent, sorted."""
    return sorted(msgspec.json.decode(frame)["streamType"] for frame in peer.take())


# -- envelopes


def test_an_event_is_wrapped_around_its_own_text(stage):
    peer = stage.app(ACME, "button_press")

    stage.event()

    assert peer.sent == [
        b'{"type":"data_stream","sessionId":"ann@x.org-com.acme.app","streamType":"button_press",'
        b'"data":' + PRESS + b',"timestamp":"2025-06-01T12:00:00.000Z"}'
    ]


def test_the_time_stamp_is_that_of_the_millisecond(stage, clock):
    peer = stage.app(ACME, "button_press")
    clock.advance(61.25)

    stage.event()

    assert msgspec.json.decode(peer.sent[0])["timestamp"] == "2025-06-01T12:01:01.250Z"


def test_names_are_spelt_as_json(stage):
    own = 'augmentos:a"b\\c'
    peer = stage.app('com."odd"', own)

    sent = stage.relay.relay("augmentos", b"{}", 'a"b\\c')

    frame = msgspec.json.decode(peer.sent[0])
    assert (sent, frame["streamType"], frame["sessionId"]) == (1, own, 'ann@x.org-com."odd"')


def test_every_app_is_told_under_its_own_strings(stage):
    acme = stage.app(ACME, "transcription:en-US?hints=ja%2Cde", "transcription:auto", "VAD")
    other = stage.app(OTHER, "transcription:fr-FR", "*")
    raw = b'{"type":"local_transcription","text":"hi","transcribeLanguage":"en-US"}'

    stage.say(local_transcription, LocalTranscription(transcribe_language="en-US", raw=raw))

    assert msgspec.json.decode(acme.sent[0])["data"]["type"] == "local_transcription"
    assert streams_of(acme) == ["transcription:auto", "transcription:en-US?hints=ja%2Cde"]
    assert streams_of(other) == ["transcription"]


def test_a_language_that_is_none_reaches_those_who_take_any(stage):
    peer = stage.app(ACME, "transcription:en-US", "transcription:auto")
    raw = b'{"type":"local_transcription","transcribeLanguage":"?"}'

    for language in ("?", "x" * 1_000_000):
        stage.say(local_transcription, LocalTranscription(transcribe_language=language, raw=raw))

    assert streams_of(peer) == ["transcription:auto", "transcription:auto"]
    assert list(stage.relay._routes) == ["transcription"]


def test_a_touch_goes_out_by_its_gesture(stage):
    acme = stage.app(ACME, "touch_event", "touch_event:long_press")
    other = stage.app(OTHER, "touch_event")
    raw = b'{"type":"touch_event","device_model":"Mentra Live","gesture_name":"long_press"}'

    stage.say(touch_event, TouchEvent(gesture_name="long_press", raw=raw))
    stage.say(touch_event, TouchEvent(gesture_name="tickle", raw=raw))

    assert streams_of(acme) == ["touch_event", "touch_event:long_press"]
    assert streams_of(other) == ["touch_event", "touch_event"]
    assert set(stage.relay._routes) == {
        ("touch_event", "long_press", None),
        "touch_event",
    }


@pytest.mark.parametrize("stream_type", sorted(STREAM_TYPES))
def test_every_stream_type_is_relayed_by_default(stage, stream_type):
    peer = stage.app(ACME, stream_type)

    stage.event(b'{"type":"%b"}' % stream_type.encode())

    assert streams_of(peer) == [stream_type]


# -- who gets it


def test_an_app_that_did_not_subscribe_gets_nothing(stage):
    peer = stage.app(ACME, "head_position")

    stage.event()

    assert peer.sent == []


def test_only_running_apps_get_data_and_their_list_is_kept(stage):
    acme = stage.app(ACME, "button_press")
    other = stage.app(OTHER, "button_press")
    IApps(stage.session).detach(ACME, acme)
    stage.event()

    back = IApps(stage.session).run(ACME)
    stage.event()

    assert (len(acme.sent), len(other.sent), len(back.sent)) == (0, 2, 1)


def test_a_closed_peer_is_no_receiver_and_costs_the_others_nothing(stage):
    stage.app(ACME, "button_press").close()
    other = stage.app(OTHER, "button_press")

    assert stage.relay.relay("button_press", PRESS) == 1
    assert len(other.sent) == 1


def test_a_list_that_changes_changes_the_route(stage):
    peer = stage.app(ACME, "button_press")
    stage.event()

    ISubscriptions(stage.session).update(ACME, ["VAD"])
    stage.event()

    assert len(peer.sent) == 1


def test_what_is_said_on_hearing_of_a_change_goes_by_the_new_list(stage):
    acme = stage.app(ACME, "button_press")
    stage.event()

    replayed = stage.app(REPLAYED, "button_press")
    ISubscriptions(stage.session).remove(REPLAYED)

    assert len(replayed.sent) == 1
    assert len(acme.sent) == 3


def test_another_users_apps_get_nothing(stage):
    bob = Stage(stage.house, session_in(stage.house, "bob@x.org"))
    bobs = bob.app(ACME, "button_press")
    anns = stage.app(ACME, "button_press")

    stage.event()

    assert (len(anns.sent), bobs.sent) == (1, [])


@pytest.mark.parametrize("stream_type", sorted(PERMISSIONS))
def test_a_wildcard_brings_nothing_that_the_app_may_not_see(stage, stream_type):
    peer = stage.app(ACME, "*", permissions=())

    stage.event(b'{"type":"%b"}' % stream_type.encode())

    assert peer.sent == []


def test_a_permission_taken_away_ends_the_delivery_at_once(stage):
    peer = stage.app(ACME, "VAD", "button_press")
    stage.event(b'{"type":"VAD"}')

    stage.save(ACME, "CAMERA")
    stage.event(b'{"type":"VAD"}')
    stage.event(b'{"type":"VAD"}')
    stage.event()

    assert streams_of(peer) == ["VAD", "button_press"]


def test_a_permission_taken_away_ends_the_audio_at_once(stage):
    peer = stage.app(ACME, "audio_chunk")
    stage.relay.audio(AudioChunk(data=b"ab"))

    stage.save(ACME, "CAMERA")
    stage.relay.audio(AudioChunk(data=b"cd"))
    stage.relay.audio(AudioChunk(data=b"ef"))

    assert peer.sent == [AudioChunk(data=b"ab")]


def test_a_permission_given_later_counts_at_once(stage):
    peer = stage.app(ACME, "*", permissions=())
    stage.event(b'{"type":"VAD"}')

    stage.save(ACME, "MICROPHONE")
    stage.event(b'{"type":"VAD"}')
    stage.event(b'{"type":"VAD"}')

    assert streams_of(peer) == ["VAD", "VAD"]


def test_an_app_removed_from_the_store_sees_nothing_that_takes_a_permission(stage):
    peer = stage.app(ACME, "VAD")
    stage.event(b'{"type":"VAD"}')

    success_of(IAppStore(stage.house).remove(ACME))
    stage.event(b'{"type":"VAD"}')

    assert len(peer.sent) == 1


def test_routes_are_prepared_once_and_bounded(stage, monkeypatch):
    peer = stage.app(ACME, "transcription:auto")
    prepared = []
    head = relay_module.Relay._head
    monkeypatch.setattr(
        relay_module.Relay, "_head", lambda *given: prepared.append(given) or head(*given)
    )

    for _ in range(5):
        stage.relay.relay("transcription", b"{}", "en-US")

    assert (len(peer.sent), len(prepared)) == (5, 1)
    for number in range(3 * MAX_ROUTES):
        stage.relay.relay("transcription", b"{}", f"language {number}")
    assert len(stage.relay._routes) <= MAX_ROUTES


# -- audio


def test_audio_reaches_its_subscribers_as_one_and_the_same_message(stage):
    acme = stage.app(ACME, "audio_chunk", "all")
    other = stage.app(OTHER, "audio_chunk")
    wild = stage.app("com.wild.app", "*", "transcription:en-US")
    chunk = AudioChunk(data=b"\x01\x02" * 1600)

    sent = stage.relay.audio(chunk)

    assert sent == 2
    assert acme.sent[0] is chunk
    assert other.sent[0] is chunk
    assert (len(acme.sent), len(other.sent), wild.sent) == (1, 1, [])


def test_audio_with_nobody_listening_goes_nowhere(stage):
    assert stage.relay.audio(AudioChunk(data=b"ab")) == 0


# -- one app


def test_one_app_can_be_sent_one_event(stage):
    acme = stage.app(ACME)
    other = stage.app(OTHER, "location_update")

    sent = stage.relay.to_app(ACME, "location_update", b'{"lat":1}')

    assert sent is True
    assert (streams_of(acme), other.sent) == (["location_update"], [])


def test_one_app_is_not_sent_what_it_may_not_see(stage):
    peer = stage.app(ACME, permissions=())

    assert stage.relay.to_app(ACME, "transcription:en-US?hints=ja", b"{}") is False
    assert stage.relay.to_app(ACME, "button_press", b"{}") is True
    assert streams_of(peer) == ["button_press"]


def test_an_app_that_is_not_running_is_sent_nothing(stage):
    stage.save(ACME, "ALL")

    assert stage.relay.to_app(ACME, "button_press", b"{}") is False


# -- acknowledgements and the unknown


def test_pings_are_answered_and_pongs_are_not(stage):
    assert stage.say(ping_from_glasses, Ping()) == Pong()
    assert stage.say(ping_from_app, Ping()) == Pong()
    assert stage.say(pong_from_glasses, Pong()) is None
    assert stage.say(pong_from_app, Pong()) is None


def test_keep_alive_is_acknowledged_with_the_session(stage):
    assert stage.say(keep_alive, KeepAlive()) == KeepAliveAck(session_id="ann@x.org")


@pytest.fixture
def lines():
    found: list[str] = []

    def observe(event: Any) -> None:
        if "type_name" in event:
            found.append((event["path"], event["type_name"]))

    globalLogPublisher.addObserver(observe)
    yield found
    globalLogPublisher.removeObserver(observe)


def test_an_unknown_type_is_named_once_for_each_path(stage, lines):
    for _ in range(3):
        assert stage.say(unknown_from_glasses, Unknown(type_name="new_thing")) is None
        assert stage.say(unknown_from_app, Unknown(type_name="new_thing")) is None

    assert lines == [("glasses", "new_thing"), ("app", "new_thing")]


def test_what_is_known_to_be_of_no_use_is_not_named(stage, lines):
    for type_name in IGNORED:
        stage.say(unknown_from_glasses, Unknown(type_name=type_name))

    assert lines == []


def test_a_peer_cannot_fill_the_log_with_names(stage, lines):
    for number in range(3 * MAX_UNKNOWN):
        stage.say(unknown_from_app, Unknown(type_name=f"new_{number}"))

    assert len(lines) == MAX_UNKNOWN
