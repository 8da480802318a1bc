"""The envelope dialect: bytes to messages and back, with no socket in sight."""

import json
from typing import Annotated, ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from mentra.errors import Malformed
from mentra.messages import Enveloped, Fault, Message, Unknown
from mentra.messages.voice import Data, NotAnEnvelope, VoicePing
from mentra.wire.envelope import EnvelopeDialect

NOON = 1_748_779_200.25


class CupData(Data, frozen=True, kw_only=True):
    """A cup."""

    cups_wanted: Annotated[int, Meta(ge=1)]
    milk: bytes = b""


class Brew(Enveloped, frozen=True, kw_only=True, tag="brew"):
    """Make tea."""

    sent_to: ClassVar[tuple[str, ...]] = ("voice",)
    data: CupData


class SpeechText(Enveloped, frozen=True, kw_only=True, tag="text"):
    """Something typed."""

    data: dict[str, str]


DIALECT = EnvelopeDialect([VoicePing, Brew, SpeechText, NotAnEnvelope], lambda: NOON)


def read(**frame) -> Message:
    return DIALECT.decode(json.dumps(frame).encode(), False)


def test_data_is_read_into_its_class():
    assert read(type="brew", timestamp=1, data={"cupsWanted": 2}) == Brew(
        data=CupData(cups_wanted=2)
    )


def test_the_session_is_read_beside_the_data():
    message = read(type="brew", timestamp=1, sessionId="s", data={"cupsWanted": 2})

    assert message.session_id == "s"


@pytest.mark.parametrize("timestamp", [1, 1.0, 1e12, 2**60])
def test_a_timestamp_is_any_whole_number_above_zero(timestamp):
    assert read(type="ping", timestamp=timestamp) == VoicePing()


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "ping"},
        {"timestamp": 1},
        {"type": "", "timestamp": 1},
        {"type": 7, "timestamp": 1},
        {"type": None, "timestamp": 1},
        {"type": "ping", "timestamp": 0},
        {"type": "ping", "timestamp": -1},
        {"type": "ping", "timestamp": 1.5},
        {"type": "ping", "timestamp": True},
        {"type": "ping", "timestamp": "1"},
        {"type": "ping", "timestamp": None},
        {"type": "ping", "timestamp": 1, "sessionId": 7},
        {"type": "unheard-of"},
        {"type": "brew", "timestamp": 1},
        {"type": "brew", "timestamp": 1, "data": None},
        {"type": "brew", "timestamp": 1, "data": 7},
        {"type": "brew", "timestamp": 1, "data": []},
        {"type": "brew", "timestamp": 1, "data": {"cupsWanted": 0}},
        {"type": "brew", "timestamp": 1, "data": {"cupsWanted": 1, "milk": "!!!!"}},
        {"type": "brew", "timestamp": 1, "data": {"cupsWanted": 1, "milk": "AAA"}},
        {"type": "brew", "timestamp": 1, "data": {"cupsWanted": 1, "milk": "AA-_"}},
        {"type": "brew", "timestamp": 1, "data": {"cupsWanted": 1, "milk": "AAAA\n"}},
    ],
)
def test_what_breaks_the_rules_is_no_envelope(frame):
    assert isinstance(read(**frame), NotAnEnvelope)


@pytest.mark.parametrize(
    "payload",
    [b"", b"hello", b"[]", b"7", b'"x"', b"null", b'{"type":"ping","timestamp":1', b"[" * 50_000,
     b'{"type":"ping","timestamp":1,"data":' + b"[" * 50_000],
)  # fmt: skip
def test_what_is_no_object_is_no_envelope(payload):
    assert isinstance(DIALECT.decode(payload, False), NotAnEnvelope)


def test_binary_frames_are_not_looked_into():
    message = DIALECT.decode(b'{"type":"ping","timestamp":1}', True)

    assert isinstance(message, NotAnEnvelope)
    assert "binary" in message.reason


def test_where_nobody_wants_to_hear_of_those_they_are_malformed():
    with pytest.raises(Malformed):
        EnvelopeDialect([VoicePing], lambda: NOON).decode(b"{", False)


def test_a_type_that_nobody_handles_is_unknown_whatever_its_data():
    assert read(type="brew:tea", timestamp=1, data=[1, "x"]) == Unknown(type_name="brew:tea")


def test_half_a_character_is_marked_and_the_rest_is_read():
    payload = b'{"type":"text","timestamp":1,"data":{"text":"hi \\ud83d"}}'

    assert DIALECT.decode(payload, False) == SpeechText(data={"text": "hi \ufffd"})


def test_extra_keys_are_ignored():
    assert read(type="ping", timestamp=1, data={"x": 1}, extra=[{}]) == VoicePing()


def test_a_session_of_null_is_none():
    assert read(type="ping", timestamp=1, sessionId=None) == VoicePing()


def test_fields_may_stand_beside_the_type_where_there_is_no_data():
    assert read(type="brew", timestamp=1, sessionId="s", cupsWanted=3) == Brew(
        session_id="s", data=CupData(cups_wanted=3)
    )


@pytest.mark.parametrize(
    "data",
    [
        {"type": "brew", "cupsWanted": 3},
        {"type": "brew", "data": {"cupsWanted": 3}},
    ],
)
def test_a_wrapped_message_is_what_it_holds(data):
    assert read(type="message", timestamp=1, sessionId="s", data=data) == Brew(
        session_id="s", data=CupData(cups_wanted=3)
    )


@pytest.mark.parametrize("frame", [{"data": {"text": "tea"}}, {"text": "tea"}])
def test_a_wrapped_text_needs_no_type(frame):
    assert read(type="message", timestamp=1, **frame) == SpeechText(data={"text": "tea"})


@pytest.mark.parametrize(
    "data",
    [None, 7, [], {}, {"type": ""}, {"type": 7}, {"type": "message", "data": {"text": "x"}},
     {"type": "brew"}, {"type": "brew", "cupsWanted": "many"}],
)  # fmt: skip
def test_what_is_wrapped_has_to_be_a_message(data):
    assert isinstance(read(type="message", timestamp=1, data=data), NotAnEnvelope)


def test_what_is_wrapped_may_be_unknown():
    assert read(type="message", timestamp=1, data={"type": "x"}) == Unknown(type_name="x")


def test_what_is_sent_has_session_data_and_time():
    payload, is_binary = DIALECT.encode(
        Brew(session_id="s", data=CupData(cups_wanted=2, milk=b"abc"))
    )

    assert not is_binary
    assert json.loads(payload) == {
        "type": "brew",
        "sessionId": "s",
        "data": {"cupsWanted": 2, "milk": "YWJj"},
        "timestamp": 1_748_779_200_250,
    }


def test_a_refusal_of_an_extension_is_an_error():
    fault = Fault(code="NO_TEA", message="no", where="cloud", retryable=True, correlation_id="v.1")

    assert json.loads(DIALECT.encode(fault)[0])["data"] == {
        "code": "NO_TEA", "message": "no", "recoverable": True, "correlationId": "v.1",
    }  # fmt: skip


def test_a_bug_of_a_handler_is_told_as_the_protocol_has_it():
    fault = Fault(code="HANDLER_ERROR", message="oh", where="cloud", retryable=False)

    data = json.loads(DIALECT.encode(fault)[0])["data"]

    assert data["code"] == "PROCESSING_ERROR"
    assert data["message"] == "Failed to process request"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_make_it_raise(payload, is_binary):
    try:
        payload.decode()
    except UnicodeDecodeError:
        payload = b""

    assert isinstance(DIALECT.decode(payload, is_binary), Message)


@given(
    st.dictionaries(
        st.sampled_from(["type", "timestamp", "data", "sessionId", "text", "cupsWanted"]),
        JSON | st.sampled_from(["ping", "brew", "message", "text", 1]),
    )
)
def test_no_frame_makes_it_raise(frame):
    payload = json.dumps(frame).encode()

    message = DIALECT.decode(payload, False)

    assert isinstance(message, Message)
    if not isinstance(message, NotAnEnvelope):
        assert frame["timestamp"] > 0


@given(st.integers(1, 1000), st.binary(max_size=100), st.none() | st.text())
def test_what_was_encoded_is_decoded(cups, milk, session_id):
    message = Brew(session_id=session_id, data=CupData(cups_wanted=cups, milk=milk))

    assert DIALECT.decode(DIALECT.encode(message)[0], False) == message
    assert msgspec.json.decode(DIALECT.encode(message)[0])["timestamp"] == int(NOON * 1000)
