"""Garbage costs its sender an error frame at the most, and nobody else anything."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock

import mentra.plugins.mentra_glasses as dropin
from mentra.extension import ConfigSection
from mentra.testing.house import house_with
from mentra.testing.wire import MemoryPort, client_frame

DEEP = b'{"type":"button_press","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
WING = [
    plugin
    for name, plugin in vars(dropin).items()
    if not name.startswith("_") and not isinstance(plugin, ConfigSection) and name != "sessions"
]


def well(line) -> bool:
    """Whether a client is still served."""
    line.frames()
    line.say(type="ping")
    return [one["type"] for one in line.messages()][-1:] == ["pong"]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b'"type"',
        b"{}",
        b'{"type":null}',
        b'{"type":7}',
        b'{"type":["ping"]}',
        b'{"type":"start_app"}',
        b'{"type":"start_app","packageName":7}',
        b'{"type":"local_transcription","transcribeLanguage":{}}',
        b'{"type":"ping"',
        b'{"type":"ping"}{"type":"ping"}',
        b"NaN",
        b'{"type":"button_press","x":NaN}',
        b"\x00",
        DEEP,
    ],
    ids=lambda text: text[:40].decode(),
)
def test_what_is_no_message_is_answered_with_malformed_and_nothing_more(open_port, text):
    _, port = open_port()
    line, other = port.glasses(), port.glasses("bob@x.org")
    line.frames()

    line.send_bytes(client_frame(text))

    (error,) = line.messages()
    assert error["type"] == "connection_error"
    assert error["code"] == "MALFORMED_MESSAGE"
    assert error["where"] == "phone"
    assert error["retryable"] is False
    assert error["correlationId"]
    assert well(line)
    assert well(other)


def test_an_unknown_type_is_ignored(open_port):
    _, port = open_port()
    line = port.glasses()
    line.frames()

    line.say(type="from_the_future", data=1)

    assert line.messages() == []
    assert well(line)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)
TYPES = st.sampled_from(
    [
        "connection_init", "start_app", "stop_app", "button_press", "VAD", "local_transcription",
        "glasses_connection_state", "glasses_battery_update", "touch_event", "keep_alive",
        "phone_notification", "notification_dismissed", "location_update", "request_settings",
        "stream_status", "core_status_update", "photo_response", "ping", "pong",
    ]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(TYPES, st.dictionaries(st.sampled_from(
    ["packageName", "status", "level", "modelName", "text", "gesture_name", "wifi",
     "transcribeLanguage", "coreToken", "(raw)", "x"]), JSON))  # fmt: skip
def test_any_fields_of_any_type_never_cost_the_connection_or_an_exception(kind, fields):
    house = house_with(*WING, clock=Clock())
    port = MemoryPort(house)
    line = port.glasses()

    line.send_bytes(client_frame(json.dumps({**fields, "type": kind}).encode()))

    assert well(line)
    assert [one for one in house.metrics.told if one[0] == "failed" and one[2] != "dialect"] == []


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300))
def test_any_bytes_after_the_upgrade_harm_nobody_else(data):
    port = MemoryPort(house_with(*WING, clock=Clock()))
    line, other = port.glasses(), port.glasses("bob@x.org")

    line.send_bytes(data)

    assert well(other)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200))
def test_any_bytes_instead_of_an_upgrade_harm_nobody_else(data):
    port = MemoryPort(house_with(*WING, clock=Clock()))
    other = port.glasses("bob@x.org")
    line = port.call()

    line.send_bytes(b"GET /glasses-ws" + data + b"\r\n\r\n")

    assert well(other)


def test_half_open_sockets_cost_a_timer_and_no_more(open_port, clock: Clock):
    _, port = open_port()
    before = len(clock.getDelayedCalls())

    lines = [port.call() for _ in range(50)]
    clock.advance(11)

    assert all(line.transport.disconnected for line in lines)
    assert len(clock.getDelayedCalls()) == before
