"""Pings, pongs, and what happens without them."""

import pytest
from twisted.internet.task import Clock

from mentra.interfaces.session import ISessions
from mentra.testing.wire import advance, client_frame
from mentra.wire.factory import WireOptions


def closes(frames):
    return [one.close_code for one in frames if one.opcode == 8]


def pongs(line, frames):
    for one in frames:
        if one.opcode == 9:
            line.send_bytes(client_frame(one.payload, 10))


def test_every_peer_is_pinged_every_ten_seconds(open_port, clock: Clock):
    _, port = open_port()
    lines = [port.glasses(f"user{n}@x.org") for n in range(60)]
    counts = dict.fromkeys(range(60), 0)

    for _ in range(300):
        clock.advance(0.1)
        for n, line in enumerate(lines):
            frames = line.frames()
            counts[n] += sum(one.opcode == 9 for one in frames)
            pongs(line, frames)

    assert set(counts.values()) <= {2, 3, 4}
    assert all(not line.is_cut for line in lines)


def test_pings_of_many_peers_do_not_leave_in_one_go(open_port, clock: Clock):
    _, port = open_port()
    lines = [port.glasses(f"user{n}@x.org") for n in range(100)]
    for line in lines:
        line.frames()

    most = 0
    for _ in range(100):
        clock.advance(0.2)
        pinged = [frames for line in lines if (frames := line.frames())]
        most = max(most, len(pinged))

    # two groups at the most, should rounding let a turn slip
    assert 0 < most <= 4


def test_glasses_that_show_no_life_for_thirty_seconds_are_closed_with_1001(open_port, clock: Clock):
    house, port = open_port()
    line = port.glasses()

    advance(clock, 29.9)
    before = line.frames()
    advance(clock, 0.3)
    after = line.frames()

    assert closes(before) == []
    assert closes(after) == [1001]
    assert after[-1].payload[2:] == b"Ping timeout - no pong received"
    assert ISessions(house).get("ann@x.org") is not None


def test_any_frame_is_a_sign_of_life(open_port, clock: Clock):
    _, port = open_port()
    line = port.glasses()

    for _ in range(5):
        advance(clock, 20, 1)
        line.send_bytes(client_frame(b"\0\0", 2))

    assert closes(line.frames()) == []


def test_the_pong_timeout_can_be_switched_off_but_idle_peers_still_go(open_port, clock: Clock):
    _, port = open_port(options=WireOptions(pong_timeout=None, idle_timeout=120.0))
    line = port.glasses()

    advance(clock, 119, 1)
    before = line.frames()
    advance(clock, 2, 1)

    assert closes(before) == []
    assert closes(line.frames()) == [1001]


def test_the_round_trip_is_measured(open_port, clock: Clock):
    house, port = open_port()
    line = port.glasses()

    for _ in range(110):
        clock.advance(0.1)
        pongs(line, line.frames())

    assert [one for one in house.metrics.told if one[:2] == ("observe", "ping")]


def test_a_close_frame_that_nobody_answers_is_not_waited_for_long(open_port, clock: Clock):
    _, port = open_port()
    line = port.glasses()
    line.transport.protocol.close(1000, "bye")

    clock.advance(6)

    assert line.transport.disconnected


@pytest.mark.parametrize("leave", ["lose", "close"])
def test_a_peer_leaves_no_timer_behind(open_port, clock: Clock, leave):
    _, port = open_port()
    before = len(clock.getDelayedCalls())
    line = port.glasses("eve@x.org")
    advance(clock, 25, 1)
    if leave == "close":
        line.send_bytes(client_frame(b"\x03\xe8", 8))
    line.lose()
    clock.advance(61)

    assert len(clock.getDelayedCalls()) == before
