"""Bounded queues towards peers that do not read, and what gives way."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from mentra.extension import handler
from mentra.glasses.session import GlassesSettings
from mentra.interfaces.session import ISessions
from mentra.messages import GivesWay, Message
from mentra.messages.apps import AppStateChange, AppStopped
from mentra.messages.audio import AudioChunk, MicrophoneStateChange
from mentra.messages.display import DisplayRequest
from mentra.testing.wire import client_frame
from mentra.wire.outbox import Outbox

QUEUE = 65_536


@pytest.fixture
def stuck(open_port) -> tuple[Any, Any, Any]:
    """A peer whose transport has enough, its client, and a client that is fine."""
    _, port = open_port(sections=[GlassesSettings(max_queue=QUEUE)])
    line, other = port.glasses(), port.glasses("bob@x.org")
    line.frames()
    other.frames()
    peer = line.transport.protocol
    peer.pauseProducing()
    return peer, line, other


def microphone(on: bool) -> MicrophoneStateChange:
    return MicrophoneStateChange(
        session_id="s", is_microphone_enabled=on, required_data=[], bypass_vad=False
    )


def test_frames_wait_until_the_receiver_reads_again_and_keep_their_order(stuck):
    peer, line, _ = stuck
    peer.send(AppStopped(message="1"))
    peer.splice(b'{"type":"x",', b'"data":2}')
    peer.send(AppStopped(message="3"))
    meanwhile = line.frames()

    peer.resumeProducing()

    first, second, third = line.messages()
    assert meanwhile == []
    assert (first["message"], second["data"], third["message"]) == ("1", 2, "3")


def test_audio_drops_its_oldest(stuck):
    peer, line, _ = stuck
    chunks = [AudioChunk(data=bytes([n]) * 10_000) for n in range(12)]

    sent = [peer.send(chunk) for chunk in chunks]
    peer.resumeProducing()

    received = [one.payload[0] for one in line.frames()]
    assert all(sent)
    assert received == [6, 7, 8, 9, 10, 11]
    assert not line.is_cut


def test_state_keeps_its_newest(stuck):
    peer, line, _ = stuck

    for on in (True, False, True):
        peer.send(microphone(on))
    peer.send(AppStateChange(session_id="s"))
    peer.resumeProducing()

    frames = line.messages()
    assert [one["type"] for one in frames] == ["microphone_state_change", "app_state_change"]
    assert frames[0]["isMicrophoneEnabled"] is True


def test_anything_else_closes_with_1013_and_harms_nobody_else(stuck, clock: Clock):
    peer, line, other = stuck
    text = AppStopped(message="x" * 30_000)

    for _ in range(4):
        peer.send(text)
    other.say(type="ping")
    clock.advance(6)

    assert [one.close_code for one in line.frames() if one.opcode == 8] == [1013]
    assert line.transport.disconnected
    assert [one["type"] for one in other.messages()] == ["pong"]


def test_audio_gives_way_to_an_answer(stuck):
    peer, line, _ = stuck
    for n in range(6):
        peer.send(AudioChunk(data=bytes([n]) * 10_000))

    peer.send(AppStopped(message="x" * 30_000))
    peer.resumeProducing()

    frames = line.frames()
    assert not line.is_cut
    assert [one.payload[0] for one in frames if one.opcode == 2] == [3, 4, 5]
    assert frames[-1].json["type"] == "app_stopped"


def test_a_close_takes_what_is_queued_along(stuck):
    peer, line, _ = stuck
    peer.send(AppStopped(message="last words"))

    peer.close(1001, "bye")

    text, close = line.frames()
    assert text.json["message"] == "last words"
    assert close.close_code == 1001


def test_sending_to_a_closed_peer_is_a_quiet_no(open_port):
    _, port = open_port()
    line = port.glasses()
    peer = line.transport.protocol
    line.lose()

    assert peer.send(AppStopped()) is False
    assert peer.splice(b"", b"{}") is False
    peer.close(1000)
    peer.ping(b"\x89\0")
    peer.flush()


ITEMS = st.lists(
    st.tuples(st.sampled_from(list(GivesWay)), st.integers(1, 60), st.integers(0, 2)), max_size=60
)


@given(ITEMS)
def test_an_outbox_never_holds_more_than_its_limit_and_never_drops_what_must_arrive(items):
    kinds = {
        GivesWay.CLOSE: (AppStopped, DisplayRequest, None),
        GivesWay.KEEP_NEWEST: (AppStateChange, MicrophoneStateChange, AppStateChange),
        GivesWay.DROP_OLDEST: (AudioChunk, AudioChunk, AudioChunk),
    }
    outbox = Outbox(200)
    accepted = []
    for number, (gives_way, size, kind) in enumerate(items):
        data = bytes([number]) * size
        if not outbox.put(data, kinds[gives_way][kind], gives_way):
            break
        if gives_way is GivesWay.CLOSE:
            accepted.append(data)
        assert outbox.size <= 200

    taken = []
    while (data := outbox.take()) is not None:
        taken.append(data)
    assert [one for one in taken if one in accepted] == accepted
    assert outbox.size == 0


def test_a_frame_that_just_fits_costs_nothing():
    outbox = Outbox(10)

    taken = [outbox.put(data, AudioChunk, GivesWay.DROP_OLDEST) for data in (b"four", b"sixsix")]

    assert taken == [True, True]
    assert (outbox.size, outbox.dropped) == (10, 0)
    assert list(iter(outbox.take, None)) == [b"four", b"sixsix"]


# -- the other direction: more comes in than handlers take


class Wait(Message, frozen=True, kw_only=True, tag="wait"):
    """Handled when the test says so."""

    number: int


def slow_handler(started: list[Any], cancelled: list[int] | None = None):
    """Answers when the test fires the Deferred that it appends to *started*."""

    @handler("glasses", Wait)
    async def wait(message: Wait, context: Any) -> AppStopped:
        done: Deferred[None] = Deferred(lambda _: (cancelled or []).append(message.number))
        started.append((message.number, done))
        await done
        return AppStopped(message=str(message.number))

    return wait


def test_a_handler_that_takes_its_time_keeps_its_peers_messages_in_order(open_port):
    started: list[Any] = []
    _, port = open_port(slow_handler(started))
    line = port.glasses()
    line.frames()

    line.say(type="wait", number=1)
    line.say(type="ping")
    line.say(type="wait", number=2)
    before = line.frames()
    started[0][1].callback(None)
    started[1][1].callback(None)

    assert before == []
    assert [one.get("message", one["type"]) for one in line.messages()] == ["1", "pong", "2"]


def test_a_full_lane_stops_reading_and_takes_the_rest_up_later(open_port):
    started: list[Any] = []
    _, port = open_port(slow_handler(started), sections=[GlassesSettings(max_waiting=4)])
    line = port.glasses()
    line.frames()
    burst = b"".join(client_frame(b'{"type":"wait","number":%d}' % number) for number in range(20))

    line.send_bytes(burst)
    paused = line.transport.producerState
    waiting = len(line.transport.protocol.lane)
    for number in range(20):
        started[number][1].callback(None)

    assert paused == "paused"
    assert waiting == 4
    assert line.transport.producerState == "producing"
    assert [one["message"] for one in line.messages()] == [str(number) for number in range(20)]


def test_more_messages_than_the_rate_allows_close_with_1008(open_port, clock: Clock):
    _, port = open_port(sections=[GlassesSettings(max_rate=10.0)])
    line, other = port.glasses(), port.glasses("bob@x.org")
    other.frames()

    for _ in range(3):
        line.send_bytes(client_frame(b'{"type":"ping"}') * 99)
        clock.advance(10)
        other.say(type="ping")
    fine = [one.close_code for one in line.frames() if one.opcode == 8]
    line.send_bytes(client_frame(b'{"type":"ping"}') * 205)
    other.frames()
    other.say(type="ping")

    assert fine == []
    assert [one.close_code for one in line.frames() if one.opcode == 8] == [1008]
    assert other.messages()[0]["type"] == "pong"


def test_a_peer_that_leaves_cancels_what_was_handled_for_it(open_port):
    started: list[Any] = []
    cancelled: list[int] = [0]
    house, port = open_port(slow_handler(started, cancelled))
    line = port.glasses()
    line.say(type="wait", number=1)
    line.say(type="wait", number=2)

    line.lose()

    assert cancelled == [0, 1]
    assert len(started) == 1
    assert [one for one in house.metrics.told if one[0] == "failed"] == []
    assert ISessions(house).get("ann@x.org") is not None
