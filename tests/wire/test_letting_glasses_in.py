"""Upgrades, acknowledgements and refusals of the glasses' path."""

import pytest
from twisted.internet.task import Clock

from mentra.glasses.session import GlassesSettings
from mentra.interfaces.services import IAuthRules
from mentra.interfaces.session import ISessions
from mentra.testing.house import FakeAuthRules
from mentra.testing.wire import PLENTY, advance
from mentra.wire.admission import Bounds


@pytest.mark.parametrize(
    ("path", "headers", "text"),
    [
        ("/glasses-ws", {}, "No core token provided"),
        ("/glasses-ws?token=", {}, "No core token provided"),
        ("/glasses-ws?token=nonsense", {}, "Invalid core token"),
        ("/glasses-ws", {"Authorization": "Bearer nonsense"}, "Invalid core token"),
        ("/ws/client?token=nonsense", {}, "Invalid core token"),
    ],
)
def test_without_a_good_token_the_upgrade_is_refused_with_the_known_text(
    open_port, path, headers, text
):
    _, port = open_port()

    line = port.call().upgrade(path, headers)

    assert line.status == 401
    assert line.body["type"] == "connection_error"
    assert line.body["message"] == text
    assert line.body["timestamp"].endswith("Z")
    assert line.is_cut


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/glasses-ws?token=user:Ann@X.org", {}),
        ("/glasses-ws?livekit=true&token=user:ann@x.org", {"livekit": "true"}),
        ("/glasses-ws", {"Authorization": "Bearer user:ann@x.org"}),
        ("/glasses-ws?token=nonsense", {"authorization": "bearer user:ann@x.org"}),
        ("/ws/client?token=user:ann@x.org", {}),
    ],
)
def test_glasses_with_a_token_are_acknowledged_before_they_say_anything(open_port, path, headers):
    house, port = open_port()

    line = port.call().upgrade(path, headers)

    first = line.messages()[0]
    assert line.status == 101
    assert first["type"] == "connection_ack"
    assert first["sessionId"].lower() == "ann@x.org"
    assert first["userSession"]["activeAppSessions"] == []
    assert len(ISessions(house).all()) == 1


def test_connection_init_is_acknowledged_again(open_port):
    _, port = open_port()
    line = port.glasses()
    line.frames()

    line.say(type="connection_init", userId="ann@x.org")

    assert [one["type"] for one in line.messages()] == ["connection_ack"]


def test_a_newer_socket_replaces_the_older_and_keeps_the_session(open_port, clock: Clock):
    house, port = open_port()
    older = port.glasses()
    older.frames()
    session = ISessions(house).get("ann@x.org")

    newer = port.glasses()
    older.lose()
    advance(clock, 61, 1)

    assert [one.close_code for one in older.frames() if one.opcode == 8] == [1000]
    assert newer.messages()[0]["type"] == "connection_ack"
    assert ISessions(house).get("ann@x.org") is session


def test_a_session_outlives_its_glasses_by_the_grace_and_not_by_more(open_port, clock: Clock):
    house, port = open_port(sections=[GlassesSettings(grace=60.0)])
    port.glasses().lose()

    clock.advance(59)
    within = ISessions(house).get("ann@x.org")
    clock.advance(2)

    assert within is not None
    assert ISessions(house).get("ann@x.org") is None


def test_coming_back_within_the_grace_finds_the_session(open_port, clock: Clock):
    house, port = open_port()
    port.glasses().lose()
    session = ISessions(house).get("ann@x.org")
    clock.advance(59)

    again = port.glasses()
    clock.advance(59)

    assert again.messages()[0]["type"] == "connection_ack"
    assert ISessions(house).get("ann@x.org") is session


def first_message_rules():
    return {IAuthRules: FakeAuthRules(first_message=True)}


def test_a_token_may_come_in_the_first_message_where_that_is_configured(open_port, clock: Clock):
    _, port = open_port(parts=first_message_rules())
    line = port.call().upgrade("/glasses-ws")

    line.say(type="connection_init", coreToken="user:ann@x.org")
    advance(clock, 9)

    assert line.status == 101
    assert line.messages()[0]["type"] == "connection_ack"
    assert not line.is_cut


@pytest.mark.parametrize(
    "message",
    [
        {"type": "connection_init"},
        {"type": "connection_init", "coreToken": "nonsense"},
        {"type": "button_press"},
    ],
)
def test_a_first_message_without_a_good_token_closes_at_once(open_port, message):
    house, port = open_port(parts=first_message_rules())
    line = port.call().upgrade("/glasses-ws")

    line.say(**message)

    assert [one.close_code for one in line.frames() if one.opcode == 8] == [1008]
    assert ISessions(house).all() == ()


def test_no_first_message_in_five_seconds_closes(open_port, clock: Clock):
    _, port = open_port(parts=first_message_rules())
    line = port.call().upgrade("/glasses-ws")

    clock.advance(4.9)
    before = line.frames()
    clock.advance(0.2)

    assert [one for one in before if one.opcode == 8] == []
    assert [one.close_code for one in line.frames() if one.opcode == 8] == [1008]


def test_a_bad_token_is_refused_before_the_101_even_then(open_port):
    _, port = open_port(parts=first_message_rules())

    assert port.call().upgrade("/glasses-ws?token=nonsense").status == 401


def test_an_unknown_user_is_turned_away_where_tokens_make_no_users(open_port):
    _, port = open_port(parts={IAuthRules: FakeAuthRules(create_users=False)})

    line = port.glasses()

    assert line.messages()[0]["code"] == "SESSION_ERROR"
    assert line.is_cut is False


def test_more_sessions_than_configured_are_refused_and_told_to_try_again(open_port):
    house, port = open_port(sections=[GlassesSettings(max_sessions=1)])
    port.glasses("ann@x.org")

    line = port.glasses("bob@x.org")

    error, close = line.frames()
    assert error.json["code"] == "SESSION_ERROR"
    assert error.json["retryable"] is True
    assert close.close_code == 1013
    assert [one.user_id for one in ISessions(house).all()] == ["ann@x.org"]


@pytest.mark.parametrize(
    ("bounds", "status"),
    [
        (Bounds(connections=1, per_user=0, per_address=0, per_second=100.0), 503),
        (Bounds(connections=10, per_user=0, per_address=1, per_second=100.0), 429),
        (Bounds(connections=10, per_user=1, per_address=0, per_second=100.0), 503),
        (Bounds(connections=10, per_user=0, per_address=0, per_second=1.0), 503),
    ],
)
def test_connections_over_a_bound_are_refused_and_cost_the_others_nothing(
    open_port, bounds, status
):
    _, port = open_port(bounds=bounds)
    first = port.glasses()
    first.frames()

    second = port.glasses()
    first.say(type="ping")

    assert second.status == status
    assert [one["type"] for one in first.messages()] == ["pong"]


def test_a_refusal_for_want_of_room_has_a_jittered_retry_hint(open_port):
    _, port = open_port(bounds=Bounds(connections=0, per_user=0, per_address=0, per_second=100.0))

    hints = {port.glasses().body["retryAfter"] for _ in range(50)}

    assert len(hints) > 1
    assert all(1 <= hint <= 15 for hint in hints)


def test_a_connection_that_ended_makes_room(open_port):
    _, port = open_port(bounds=Bounds(connections=1, per_user=1, per_address=1, per_second=100.0))
    port.glasses().lose()

    assert port.glasses().status == 101


def test_admissions_are_bounded_by_the_second(open_port, clock: Clock):
    _, port = open_port(bounds=Bounds(connections=1000, per_user=0, per_address=0, per_second=5.0))

    at_once = [port.glasses().status for _ in range(8)]
    clock.advance(1)
    later = [port.glasses().status for _ in range(8)]

    assert at_once == [101] * 5 + [503] * 3
    assert later == [101] * 5 + [503] * 3


def test_after_the_stop_began_nobody_is_let_in(open_port):
    _, port = open_port(bounds=PLENTY)
    port.edge.admission.closed = "shutting down"

    assert port.glasses().status == 503


def test_a_request_line_that_does_not_come_is_not_waited_for(open_port, clock: Clock):
    _, port = open_port()
    line = port.call()
    line.send_bytes(b"GET /glasses-ws?tok")

    clock.advance(11)

    assert line.transport.disconnected


def test_half_an_upgrade_is_not_waited_for(open_port, clock: Clock):
    _, port = open_port()
    line = port.call()
    line.send_bytes(b"GET /glasses-ws HTTP/1.1\r\nHost: x\r\n")

    clock.advance(11)

    assert line.transport.disconnected


def test_without_an_upgrade_the_path_answers_426(open_port):
    _, port = open_port()
    line = port.call()
    line.send_bytes(b"GET /glasses-ws HTTP/1.1\r\nHost: x\r\n\r\n")

    assert line.transport.value().startswith(b"HTTP/1.1 426 ")
