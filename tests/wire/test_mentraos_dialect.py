"""The MentraOS dialect: bytes to messages and back, with no socket in sight."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from mentra.errors import ConfigError, Malformed
from mentra.messages import Enveloped, Fault, Message, Unknown
from mentra.messages.apps import AppStateChange, StartApp
from mentra.messages.audio import AudioChunk, LocalTranscription
from mentra.messages.session import AppConnectionAck, Ping, Pong
from mentra.messages.streams import STREAM_TYPES
from mentra.messages.subscriptions import StreamEvent
from mentra.web.channel_frames import is_framed
from mentra.wire.envelope import EnvelopeDialect
from mentra.wire.mentraos import MentraosDialect

NOON = 1_748_779_200.25


def dialect(*types: type[Message], error_type: str = "connection_error") -> MentraosDialect:
    return MentraosDialect(types, error_type, lambda: NOON)


def test_a_message_is_decoded_into_its_class_and_unknown_fields_are_ignored():
    decoded = dialect(Ping).decode(b'{"pad":[1,{"x":null}],"type":"ping"}', False)

    assert decoded == Ping()


def test_a_message_that_is_passed_on_keeps_its_text():
    text = b'{"type":"start_app", "packageName":"com.acme", "extra" : 1.50}'

    decoded = dialect(StartApp).decode(text, False)

    assert decoded.package_name == "com.acme"
    assert decoded.raw == text


def test_a_peer_cannot_put_another_text_in_its_place():
    text = b'{"type":"start_app","packageName":"com.acme","(raw)":"aGVsbG8="}'

    assert dialect(StartApp).decode(text, False).raw == text


@pytest.mark.parametrize("name", sorted(STREAM_TYPES))
def test_a_stream_type_without_a_handler_of_its_own_is_an_event(name):
    text = json.dumps({"type": name, "x": 1}).encode()

    decoded = dialect(StreamEvent).decode(text, False)

    assert decoded == StreamEvent(stream_type=name, raw=text)


def test_a_path_that_relays_nothing_knows_no_events():
    decoded = dialect(Ping).decode(b'{"type":"button_press"}', False)

    assert decoded == Unknown(type_name="button_press")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("notification_dismissed", "phone_notification_dismissed"),
        ("stream_status", "rtmp_stream_status"),
    ],
)
def test_an_older_or_newer_name_is_rewritten_to_todays(old, new):
    decoded = dialect(StreamEvent).decode(json.dumps({"type": old, "x": "é"}).encode(), False)

    assert decoded.stream_type == new
    assert json.loads(decoded.raw) == {"type": new, "x": "é"}


class Renamed(Message, frozen=True, kw_only=True, tag="today"):
    """A message that had another name."""

    aliases = ("yesterday",)
    number: int


def test_a_class_is_understood_under_its_aliases():
    assert dialect(Renamed).decode(b'{"type":"yesterday","number":1}', False) == Renamed(number=1)


class Rival(Message, frozen=True, kw_only=True, tag="yesterday"):
    """Claims an alias of another."""


def test_two_classes_with_one_name_are_refused_by_their_places():
    with pytest.raises(ConfigError, match=r"Renamed.*Rival"):
        dialect(Renamed, Rival)


def test_a_binary_frame_is_audio_where_somebody_handles_that_and_else_unknown():
    assert dialect(AudioChunk).decode(b"\0\1", True) == AudioChunk(data=b"\0\1")
    assert dialect(Ping).decode(b"\0\1", True) == Unknown(type_name="binary")
    assert dialect().encode(AudioChunk(data=b"\0\1")) == (b"\0\1", True)


def test_a_dialects_own_class_cannot_be_named_by_a_peer():
    decoded = dialect(AudioChunk, StreamEvent).decode(b'{"type":"AudioChunk","data":"aGk="}', False)

    assert decoded == Unknown(type_name="AudioChunk")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_malformed(data):
    try:
        decoded = dialect(Ping, StartApp, LocalTranscription, StreamEvent).decode(data, False)
    except Malformed:
        return
    assert isinstance(decoded, Message)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (rb"cut \ud83d", "cut \ufffd"),
        (rb"\uDE00 cut", "\ufffd cut"),
        (rb"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        (rb"\ud83d\ude00\ude00", "\U0001f600\ufffd"),
        (rb"\ud83d\u0041", "\ufffdA"),
        (rb"\\ud83d \\\ud83d", "\\ud83d \\\ufffd"),
    ],
)
def test_half_a_character_costs_no_more_than_itself(written, read):
    text = b'{"type":"start_app","packageName":"' + written + b'"}'

    assert dialect(StartApp).decode(text, False).package_name == read


def test_an_event_with_half_a_character_is_passed_on_whole():
    text = rb'{"type":"phone_notification","title":"cut \ud83d","content":"all"}'

    decoded = dialect(StreamEvent).decode(text, False)

    assert json.loads(decoded.raw)["title"] == "cut \ufffd"


def test_a_long_text_is_not_mended():
    text = b'{"type":"start_app","packageName":"\\ud83d' + b"x" * 65_536 + b'"}'

    with pytest.raises(Malformed):
        dialect(StartApp).decode(text, False)


@given(st.text(st.sampled_from('a\\\ud83d\ude00"u') | st.characters(exclude_categories=())))
def test_every_text_that_javascript_writes_is_read(text):
    written = json.dumps({"type": "start_app", "packageName": text}).encode()

    decoded = dialect(StartApp).decode(written, False)

    assert decoded.package_name.encode() is not None


def test_the_name_of_an_unknown_type_is_cut_short():
    decoded = dialect().decode(json.dumps({"type": "x" * 10_000}).encode(), False)

    assert len(decoded.type_name) == 100


def test_frames_are_stamped_with_milliseconds_in_utc():
    payload, is_binary = dialect().encode(Pong())

    assert json.loads(payload) == {"type": "pong", "timestamp": "2025-06-01T12:00:00.250Z"}
    assert is_binary is False


def test_fields_at_their_default_are_left_out_and_required_ones_stay():
    ack = AppConnectionAck(
        session_id="s", settings=[], mentraos_settings={}, augmentos_settings={}, capabilities=None
    )

    sent = json.loads(dialect().encode(ack)[0])

    assert sent["capabilities"] is None
    assert "config" not in sent
    assert json.loads(dialect().encode(AppStateChange(session_id="s"))[0]).keys() == {
        "type",
        "sessionId",
        "timestamp",
    }


def test_an_error_frame_says_what_where_and_whether_to_try_again():
    fault = Fault(
        code="X", message="no", where="provider", retryable=True, correlation_id="app-1.2"
    )

    sent = json.loads(dialect(error_type="tpa_connection_error").encode(fault)[0])

    assert sent == {
        "type": "tpa_connection_error",
        "code": "X",
        "message": "no",
        "where": "provider",
        "retryable": True,
        "correlationId": "app-1.2",
        "timestamp": "2025-06-01T12:00:00.250Z",
    }


def every_message() -> list[type[Message]]:
    import importlib
    import pkgutil

    import mentra.messages

    for module in pkgutil.iter_modules(mentra.messages.__path__):
        importlib.import_module(f"mentra.messages.{module.name}")
    found, todo = [], [Message]
    while todo:
        kind = todo.pop()
        if is_framed(kind):
            continue  # another dialect's
        todo += kind.__subclasses__()
        if kind.__module__.startswith("mentra.messages"):
            found.append(kind)
    return [kind for kind in found if kind.spoken and kind.tag() != kind.__name__]


def sample(kind: Any) -> Any:
    """Something of the type, as :mod:`msgspec.inspect` describes it."""
    match kind:
        case inspect.StrType():
            return "x" * max(1, kind.min_length or 0)
        case inspect.IntType():
            return max(1, kind.ge or 0)
        case inspect.FloatType():
            return 1.5
        case inspect.BytesType():
            return b"x"
        case inspect.BoolType():
            return True
        case inspect.ListType():
            return [sample(kind.item_type)] * (kind.min_length or 0)
        case inspect.DictType():
            return {}
        case inspect.LiteralType():
            return kind.values[0]
        case inspect.UnionType():
            return sample(kind.types[0])
        case inspect.StructType():
            return sample_of(kind.cls)
    return None


def sample_of(kind: type[msgspec.Struct]) -> Any:
    """An instance with something in every required field."""
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)
    return kind(**{one.name: sample(one.type) for one in described.fields if one.required})


@pytest.mark.parametrize("kind", every_message(), ids=lambda kind: kind.__qualname__)
def test_every_message_survives_encode_and_decode(kind):
    message = sample_of(kind)
    dialect_of_it = (
        EnvelopeDialect([kind], lambda: NOON) if issubclass(kind, Enveloped) else dialect(kind)
    )

    payload, _ = dialect_of_it.encode(message)
    decoded = dialect_of_it.decode(payload, False)

    if hasattr(decoded, "raw"):
        decoded = msgspec.structs.replace(decoded, raw=message.raw)
    if "timestamp" not in kind.__struct_fields__:
        assert json.loads(payload)["timestamp"]
    assert decoded == message
