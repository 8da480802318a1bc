"""What a server and its workers say to each other survives the pipe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentra.speech.pipe import (
    Begin,
    BrokenPipeline,
    Done,
    Drop,
    End,
    Frames,
    FromWorker,
    Guess,
    Ready,
    Sound,
    Taken,
    ToWorker,
    Unusable,
    encode,
)

GUESS = Guess("good morning", (("good", 10, 200, 0.5), ("morning", 200, 600, -1.0)))
DOWN = [Begin(1, "#JSGF", True, "40,3"), Sound(1, b"\x00\x01" * 50), End(1), Drop(2)]
UP = [Ready(), Unusable("install it"), Taken(1, None), Taken(1, GUESS), Done(1, GUESS, "40,3")]


@given(st.sampled_from([(ToWorker, DOWN), (FromWorker, UP)]), st.data())
def test_messages_come_in_any_pieces(way, data):
    kind, messages = way
    stream = b"".join(map(encode, messages))
    frames, found, at = Frames(kind), [], 0
    while at < len(stream):
        size = data.draw(st.integers(min_value=1, max_value=len(stream)))
        found += frames.feed(stream[at : at + size])
        at += size

    assert found == messages


def test_one_byte_after_the_other_is_enough():
    frames = Frames(ToWorker)

    found = [one for byte in b"".join(map(encode, DOWN)) for one in frames.feed(bytes([byte]))]

    assert found == DOWN


def test_a_frame_has_a_longest():
    with pytest.raises(BrokenPipeline, match="2000 bytes"):
        list(Frames(ToWorker, 1000).feed((2000).to_bytes(4, "big")))


@given(st.binary(min_size=1, max_size=200))
def test_rubbish_is_told_from_messages(body):
    frames = Frames(ToWorker)
    problem = None
    try:
        found = list(frames.feed(len(body).to_bytes(4, "big") + body))
    except BrokenPipeline as raised:
        problem = str(raised)

    assert problem == "a frame that is no message" if problem else len(found) == 1


def test_what_is_said_the_other_way_is_no_message_here():
    with pytest.raises(BrokenPipeline):
        list(Frames(ToWorker).feed(encode(Ready())))
