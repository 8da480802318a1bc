"""Server-sent events, however their bytes come."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mentra.errors import Malformed
from mentra.llm.sse import EventStream, ServerSentEvent


def events_of(*pieces, **bounds):
    """What is told of a body that comes in *pieces*."""
    events = []
    stream = EventStream(events.append, **bounds)
    for piece in pieces:
        stream.received(piece)
    return events


def byte_by_byte(body):
    return [body[i : i + 1] for i in range(len(body))]


def cut(body, places):
    """*body* in pieces that end at *places*."""
    ends = [0, *sorted({place % (len(body) + 1) for place in places}), len(body)]
    return [body[start:end] for start, end in itertools.pairwise(ends)]


# what a field holds: a line feed ends it, and a leading space would be taken away
values = st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"])).map(
    lambda text: text.removeprefix(" ")
)
line_ends = st.sampled_from(["\n", "\r", "\r\n"])
noise = st.lists(
    st.sampled_from(["", ": comment", ":", "retry: 3000", "retry: soon", "unknown: x", "unknown"]),
    max_size=3,
)


@st.composite
def streams(draw):
    """Some events, and a body that says them."""
    end = draw(line_ends)
    events, lines, last_id = [], [], ""
    for _ in range(draw(st.integers(0, 4))):
        lines += draw(noise)
        name = draw(st.sampled_from(["", "ping", "content_block_delta", "ü"]))
        data = draw(st.lists(values, min_size=1, max_size=3))
        if draw(st.booleans()):
            last_id = draw(st.sampled_from(["7", "ä", ""]))
            lines.append(f"id: {last_id}")
        if name:
            lines.append(f"event: {name}")
        space = draw(st.sampled_from(["", " "]))
        # without the space a value must not begin with one, and those here do not
        lines += [f"data:{space}{value}" if value or space else "data" for value in data]
        lines.append("")
        events.append(ServerSentEvent("\n".join(data), name or "message", last_id))
    # the last one is not finished, and so not told
    lines += ["data: unfinished"]
    return events, "".join(line + end for line in lines).encode()


@given(streams())
def test_events_come_out_as_they_were_said(stream):
    events, body = stream

    assert events_of(body) == events


@given(streams())
def test_byte_by_byte_nothing_changes(stream):
    events, body = stream

    assert events_of(*byte_by_byte(body)) == events


@given(streams(), st.lists(st.integers(0)))
def test_wherever_it_is_cut_nothing_changes(stream, places):
    events, body = stream

    assert events_of(*cut(body, places)) == events


@given(st.binary(), st.lists(st.integers(0)))
@example(b"data: a\r\ndata: b\r\n\r\n", [8])
@example(b"data: a\r\r", [7, 8])
@example(b"\xef\xbb\xbfdata: a\n\n", [1, 2])
@example(b"data: \xff\xf0\x9f\x98\n\n", [8])
def test_no_bytes_at_all_are_told_differently_by_their_pieces(body, places):
    assert events_of(*cut(body, places)) == events_of(body) == events_of(*byte_by_byte(body))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("message", "YHOO\n+2\n10")]),
        (b": test stream\n\ndata: first\nid: 1\n\ndata:second\nid\n\ndata:  third\n\n",
         [("message", "first"), ("message", "second"), ("message", " third")]),
        (b"data\n\ndata\ndata\n\ndata:", [("message", ""), ("message", "\n")]),
        (b"data:test\n\ndata: test\n\n", [("message", "test"), ("message", "test")]),
        (b"event: nothing\n\ndata: x\n\n", [("message", "x")]),
        (b"\xef\xbb\xbfdata: x\n\n", [("message", "x")]),
        (b"data: \xff\n\n", [("message", "\ufffd")]),
        (b"data: a\x0bb\xc2\x85c\xe2\x80\xa8d\n\n", [("message", "a\x0bb\x85c\u2028d")]),
        (b"Data: x\n\n data: x\n\n", []),
    ],
)  # fmt: skip
def test_the_examples_and_corners_of_the_specification(body, told):
    assert [(event.event, event.data) for event in events_of(body)] == told


def test_the_last_id_and_the_pause_it_wants_are_kept():
    stream = EventStream(lambda event: None)

    stream.received(b"id: 5\nretry: 2500\n\nid: 6\0\nretry: -1\nretry: \xd9\xa1\n\n")

    assert (stream.last_id, stream.retry_ms) == ("5", 2500)


def test_an_absurdly_long_pause_is_no_trouble():
    stream = EventStream(lambda event: None)

    stream.received(b"retry: " + b"9" * 10_000 + b"\n")

    assert stream.retry_ms == 999_999_999_999


@pytest.mark.parametrize("pieces", [[b"data: 67890123456"], [b"x"] * 17])
def test_a_line_without_end_is_refused(pieces):
    with pytest.raises(Malformed, match="line is longer than 16"):
        events_of(*pieces, max_line=16)


def test_an_event_without_end_is_refused():
    stream = EventStream(lambda event: None, max_event=16)
    stream.received(b"data:567\n" * 4)

    with pytest.raises(Malformed, match="event is longer than 16"):
        stream.received(b"data\n")


def test_events_up_to_the_bound_are_taken_again_and_again():
    assert len(events_of(b"data:567\n\n" * 100, max_line=9, max_event=4)) == 100


def test_what_the_listener_raises_goes_to_whoever_brings_the_bytes():
    def told(event):
        raise LookupError(event.data)

    with pytest.raises(LookupError, match="first"):
        EventStream(told).received(b"data: first\n\ndata: second\n\n")
