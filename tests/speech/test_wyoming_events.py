"""The Wyoming protocol's events, byte by byte."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentra.errors import Refused
from mentra.speech.wyoming_events import (
    MAX_DATA,
    MAX_LINE,
    MAX_PAYLOAD,
    Event,
    Reader,
    encode,
    trouble,
)

DATA = st.dictionaries(
    st.text(max_size=8),
    st.none() | st.booleans() | st.integers(0, 99) | st.text(max_size=20),
    max_size=3,
)
EVENTS = st.builds(
    Event, type=st.text(min_size=1, max_size=10), data=DATA, payload=st.binary(max_size=50)
)


@given(st.lists(EVENTS, max_size=5), st.data())
def test_events_survive_being_cut_anywhere(events, data):
    whole, reader, came = b"".join(map(encode, events)), Reader("x"), []

    while whole:
        size = data.draw(st.integers(1, len(whole)))
        came += reader.feed(whole[:size])
        whole = whole[size:]

    assert came == events


@given(EVENTS)
def test_an_event_is_told_at_its_last_byte_and_not_before(event):
    reader, data = Reader("x"), encode(event)

    assert [reader.feed(data[at : at + 1]) for at in range(len(data))] == [
        *[[]] * (len(data) - 1),
        [event],
    ]


def test_the_spelling_is_that_of_the_protocol():
    line, _, rest = encode(Event("audio-chunk", {"rate": 16000}, b"\x01\x02")).partition(b"\n")

    header = json.loads(line)
    assert header["type"] == "audio-chunk"
    assert (header["data_length"], header["payload_length"]) == (14, 2)
    assert header["version"]
    assert rest == b'{"rate":16000}\x01\x02'


def test_data_in_the_line_and_behind_it_are_put_together():
    said = b'{"type":"x","data":{"a":1,"b":1},"data_length":7}\n{"b":2}'

    assert Reader("x").feed(said) == [Event("x", {"a": 1, "b": 2})]


@pytest.mark.parametrize(
    "said",
    [
        b"\n",
        b"nonsense\n",
        b"[]\n",
        b"{}\n",
        b'{"type":7}\n',
        b'{"type":"x","data":7}\n',
        b'{"type":"x","data_length":2}\n[]',
        b'{"type":"x","data_length":2}\nxx',
        b'{"type":"x","data_length":-1}\n',
        b'{"type":"x","payload_length":-1}\n',
        b"\xff\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_nonsense_is_a_bad_answer(said):
    with pytest.raises(Refused) as refused:
        Reader("x").feed(said)

    assert refused.value.code == "BAD_ANSWER"


@pytest.mark.parametrize(
    "said",
    [
        b"x" * (MAX_LINE + 1),
        b'{"type":"x","data_length":%d}\n' % (MAX_DATA + 1),
        b'{"type":"x","payload_length":%d}\n' % (MAX_PAYLOAD + 1),
    ],
)
def test_too_much_is_a_bad_answer_before_it_is_there(said):
    with pytest.raises(Refused):
        Reader("x").feed(said)


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_than_that(said):
    try:
        Reader("x").feed(said)
    except Refused as refused:
        code = refused.code
    else:
        code = "BAD_ANSWER"

    assert code == "BAD_ANSWER"


def test_an_error_is_told_without_its_text():
    refusal = trouble(Event("error", {"text": "secret", "code": "no <model>"}), "wyoming")

    assert refusal.message == "wyoming reports an error (nomodel)"
    assert trouble(Event("error"), "wyoming").message == "wyoming reports an error"
