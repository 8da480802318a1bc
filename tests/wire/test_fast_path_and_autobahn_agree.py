"""What is cut from the buffer and what Autobahn parses must not be told apart from outside."""

from itertools import pairwise

import autobahn.websocket.protocol as autobahn_protocol
import pytest
from autobahn.websocket.utf8validator import Utf8Validator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock

import mentra.wire.unmask as unmasking
from mentra.testing.house import house_with
from mentra.testing.wire import MemoryPort, ServerFrame, client_frame
from mentra.wire import lean
from mentra.wire.echo import ECHO_PLUGINS
from mentra.wire.factory import WireOptions
from mentra.wire.lean import LazyValidator
from mentra.wire.unmask import compiled_unmask, unmask_with_integers

CLOSED = client_frame(b"\x03\xe8", 8)


def echoed(data: bytes, cuts: list[int], *, fast: bool) -> list[ServerFrame]:
    """What an echo path answers to *data*, received in pieces."""
    clock = Clock()
    house = house_with(*ECHO_PLUGINS, clock=clock)
    line = MemoryPort(house, options=WireOptions(fast=fast)).call().upgrade("/echo-ws")
    for start, end in pairwise([0, *sorted(cuts), len(data)]):
        if end > start and not line.is_cut:
            line.send_bytes(data[start:end])
    return line.frames()


TEXT = st.text(max_size=300).map(lambda text: client_frame(text.encode()))
BINARY = st.sampled_from([0, 1, 125, 126, 127, 3200, 65_535, 65_536]).map(
    lambda size: client_frame(b"\xa5" * size, 2)
)
PING = st.binary(max_size=125).map(lambda data: client_frame(data, 9))
FRAGMENTED = st.tuples(st.text(max_size=40), st.text(max_size=40), PING).map(
    lambda parts: (
        client_frame(parts[0].encode(), 1, final=False)
        + parts[2]
        + client_frame(parts[1].encode(), 0)
    )
)
GOOD = st.one_of(TEXT, BINARY, PING, FRAGMENTED)
BAD = st.sampled_from(
    [
        client_frame(b"\xff\xfe"),
        client_frame("é".encode()[:1]),
        client_frame(b"\xed\xa0\x80"),
        client_frame(b"x", masked=False),
        client_frame(b"x", reserved=4),
        client_frame(b"x", 3),
        client_frame(b"x", 11),
        client_frame(b"x" * 126, 9),
        client_frame(b"x", 9, final=False),
        client_frame(b"x", 0),
        bytes((0x81, 0x80 | 126, 0, 5)) + b"abcd" + b"hello",
        bytes((0x82, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0, 5)) + b"abcd" + b"hello",
        bytes((0x82, 0x80 | 127, 0x7F, 255, 255, 255, 255, 255, 255, 255)) + b"abcd",
        client_frame(b"\x03", 8),
        client_frame(b"\x03\xe8\xff", 8),
        client_frame(b"\x03\xed", 8),
        CLOSED,
        client_frame(b"", 8),
    ]
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(GOOD, max_size=6), st.lists(st.integers(0, 2000), max_size=12))
def test_good_frames_in_any_pieces_are_answered_alike(frames, cuts):
    data = b"".join(frames)
    cuts = [cut % (len(data) + 1) for cut in cuts]

    assert echoed(data, cuts, fast=True) == echoed(data, cuts, fast=False)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(GOOD, max_size=3), BAD, st.lists(GOOD, max_size=2))
def test_bad_frames_are_answered_alike_and_so_is_what_surrounds_them(before, bad, after):
    data = b"".join([*before, bad, *after])

    assert echoed(data, [], fast=True) == echoed(data, [], fast=False)


@pytest.mark.parametrize("fast", [True, False])
def test_a_byte_at_a_time_is_enough(fast):
    data = b"".join(client_frame(f"text {n} é".encode()) for n in range(20))

    answers = echoed(data, list(range(len(data))), fast=fast)

    assert [one.payload.decode() for one in answers] == [f"text {n} é" for n in range(20)]


@pytest.mark.parametrize("fast", [True, False])
def test_sixteen_mebibytes_come_back_and_one_byte_more_closes_with_1009(fast):
    limit = 16 * 1024 * 1024
    header = bytes((0x82, 0x80 | 127)) + limit.to_bytes(8, "big") + bytes(4)
    longer = bytes((0x82, 0x80 | 127)) + (limit + 1).to_bytes(8, "big") + bytes(4)

    whole = echoed(header + bytes(limit), [1_000_000, 5_000_000], fast=fast)
    refused = echoed(longer, [], fast=fast)

    assert [len(one.payload) for one in whole] == [limit]
    assert [one.close_code for one in refused] == [1009]


@pytest.mark.parametrize("fast", [True, False])
def test_the_close_frame_tells_what_was_wrong(fast):
    codes = {
        client_frame(b"\xff"): 1007,
        client_frame(b"x", masked=False): 1002,
        client_frame(b"x", reserved=1): 1002,
        client_frame(b"x", 3): 1002,
    }

    answered = {bad: echoed(bad, [], fast=fast)[-1].close_code for bad in codes}

    assert answered == codes


def test_the_fast_way_is_taken(monkeypatch: pytest.MonkeyPatch):
    """Should a private name of Autobahn change, everything would go the slow way in silence."""
    taken = []
    house = house_with(*ECHO_PLUGINS)
    line = MemoryPort(house).call().upgrade("/echo-ws")
    peer = line.transport.protocol
    monkeypatch.setattr(peer, "_dataReceived", taken.append, raising=True)

    line.send_bytes(client_frame(b"quick") + client_frame("é".encode()))

    assert [one.payload for one in line.frames()] == [b"quick", "é".encode()]
    assert taken == []


def test_the_compiled_unmasker_is_used():
    assert compiled_unmask() is not None
    assert unmasking.unmask is compiled_unmask()


@given(st.binary(min_size=4, max_size=4), st.binary(max_size=700))
def test_both_unmaskers_agree(mask, payload):
    slow = bytes(byte ^ mask[i & 3] for i, byte in enumerate(payload))

    assert unmask_with_integers(payload, mask) == slow
    assert unmasking.unmask(payload, mask) == slow


@given(st.lists(st.binary(max_size=20)), st.booleans())
def test_a_lazy_validator_says_what_autobahns_says(pieces, begins_anew):
    lazy, theirs = LazyValidator(), Utf8Validator()
    lazy.reset()  # nothing to forget yet

    for validator in (lazy, theirs):
        validator.validate(b"\xc3")
        if begins_anew:
            validator.reset()

    assert [lazy.validate(one) for one in pieces] == [theirs.validate(one) for one in pieces]


def test_autobahn_makes_lazy_ones():
    MemoryPort(house_with(*ECHO_PLUGINS))

    assert autobahn_protocol.Utf8Validator is LazyValidator


def test_a_connection_makes_no_validator_before_text_comes_in_pieces(monkeypatch):
    made = []
    monkeypatch.setattr(lean, "Utf8Validator", lambda: made.append(1) or Utf8Validator())
    line = MemoryPort(house_with(*ECHO_PLUGINS)).call().upgrade("/echo-ws")

    line.send_bytes(client_frame("é".encode()))
    before = list(made)
    line.send_bytes(client_frame(b"\xc3", final=False) + client_frame(b"\xa9", 0))

    assert [one.payload for one in line.frames()] == ["é".encode()] * 2
    assert (before, made) == ([], [1])
