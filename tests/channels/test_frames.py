"""Requests are answered with their id, in any order, and what is none is told so."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentra.errors import Refused
from mentra.extension import handler
from mentra.messages.channels import Reply, Request
from mentra.testing.channels import page_at_door
from mentra.testing.house import WALL_TIME
from mentra.testing.wire import advance, client_frame

NOW = int(WALL_TIME * 1000)


@pytest.fixture
def page(open_port):
    page = page_at_door(open_port()[1])
    page.take()
    return page


def test_an_answer_has_the_id_and_the_channel_of_its_request(page):
    page.request("weather:today", {"town": "Ulm ☂", "more": 1}, "any id \u2713")

    assert page.take() == [
        {
            "type": "response", "id": "any id \u2713", "channel": "weather:today",
            "payload": {"town": "Ulm ☂", "degrees": 21.5}, "timestamp": NOW,
        }
    ]  # fmt: skip


def test_nothing_to_say_leaves_the_payload_out(page):
    page.request("weather:today", {"town": "nothing"})

    assert page.take() == [
        {"type": "response", "id": "r1", "channel": "weather:today", "timestamp": NOW}
    ]


def test_null_is_an_answer(page, pending):
    page.request("weather:later")

    pending[0].callback(None)

    assert page.answer("r1")["payload"] is None


def test_a_slow_request_keeps_no_other_waiting(page, pending):
    page.request("weather:later")
    page.request("weather:today", {"town": "Ulm"})
    page.request("weather:later", None)

    pending[1].callback(2)
    pending[0].callback(1)

    assert [one["id"] for one in page.take()] == ["r2", "r3", "r1"]


def test_so_many_are_worked_at_and_more_wait(page, pending):
    for _ in range(66):
        page.request("weather:later")
    assert len(pending) == 64

    pending[5].callback(0)

    assert len(pending) == 65
    assert [one["id"] for one in page.take()] == ["r6"]


def test_nobody_handles_an_unknown_channel(page):
    assert page.refusal("weather:never", {}) == (
        "UNKNOWN_CHANNEL",
        "No handler for: weather:never",
    )


def test_a_bug_is_told_without_its_text(page, logged_failures):
    code, text = page.refusal("weather:today", {"town": "nowhere"})

    assert code == "HANDLER_ERROR"
    assert "secret" not in text
    assert len(logged_failures) == 1
    logged_failures.clear()


def test_an_answer_that_cannot_be_spelt_costs_its_request_alone(page, pending, logged_failures):
    page.request("weather:later")

    pending[0].callback(object())

    assert page.answer("r1")["error"]["code"] == "HANDLER_ERROR"
    assert page.ask("weather:today", {"town": "Ulm"})
    logged_failures.clear()


def test_a_handler_has_its_own_time(page, pending, clock, logged_failures):
    page.request("weather:later")

    advance(clock, 59, 1)
    early = page.take()
    advance(clock, 2, 1)

    assert [one["channel"] for one in early] == ["server:heartbeat"]
    assert page.answer("r1")["error"]["code"] == "TIMEOUT"
    logged_failures.clear()


def test_a_refusal_keeps_its_code_as_a_detail(open_port):
    class Pay(Request, frozen=True, kw_only=True, tag="acme:pay"):
        """Pay."""

    @handler("channels", Pay)
    def pay(message, context):
        raise Refused("NO_MONEY", "the purse is empty", where="provider", retryable=True)

    page = page_at_door(open_port(pay)[1])

    error = page.answer(page.request("acme:pay"))["error"]

    assert (error["code"], error["message"]) == ("HANDLER_ERROR", "NO_MONEY: the purse is empty")
    assert (error["details"]["code"], error["details"]["retryable"]) == ("NO_MONEY", True)


@pytest.mark.parametrize(
    ("payload", "path", "message"),
    [
        ({"town": 5}, "town", "Expected `str`, got `int`"),
        ({}, "town", "Object missing required field `town`"),
        (None, "town", "Object missing required field `town`"),
        ("Ulm", "", "Expected `object`, got `str`"),
        ({"town": "x", "days": [1, "x"]}, "days[1]", "Expected `int`, got `str`"),
    ],
)
def test_what_is_wrong_with_a_payload_is_said_with_its_place(page, payload, path, message):
    error = page.answer(page.request("weather:today", payload))["error"]

    assert error["code"] == "INVALID_MESSAGE"
    assert error["details"] == [{"path": path, "message": message}]


@pytest.mark.parametrize(
    ("text", "request_id", "channel"),
    [
        ("nonsense", "invalid_message", "system"),
        ("[1]", "invalid_message", "system"),
        ("{}", "invalid_message", "system"),
        ('{"type":"response","id":"a","channel":"c:d"}', "a", "c:d"),
        ('{"type":"event","id":"a","channel":"c:d"}', "a", "c:d"),
        ('{"type":"request","id":7,"channel":"weather:now"}', "invalid_message", "weather:now"),
        ('{"type":"request","id":"","channel":"weather:now"}', "invalid_message", "weather:now"),
        ('{"type":"request","id":"a"}', "a", "system"),
        ('{"type":"request","id":"a","channel":3}', "a", "system"),
        ('{"type":"request","id":"a","channel":"x","timestamp":"now"}', "a", "x"),
        ('{"type":"request","id":"%s","channel":"x"}' % ("i" * 129), "invalid_message", "x"),
        ("[" * 5000 + "]" * 5000, "invalid_message", "system"),
    ],
)  # fmt: skip
def test_what_is_no_request_is_answered_and_the_connection_stays(page, text, request_id, channel):
    page.line.send_bytes(client_frame(text.encode()))

    (answer,) = page.take()

    assert (answer["id"], answer["channel"]) == (request_id, channel)
    assert answer["error"]["code"] == "INVALID_MESSAGE"
    assert page.ask("weather:today", {"town": "Ulm"})


def test_a_binary_frame_is_read_like_text(page):
    frame = {"type": "request", "id": "b", "channel": "weather:today", "payload": {"town": "Ulm"}}

    page.line.send_bytes(client_frame(json.dumps(frame).encode(), opcode=2))
    page.line.send_bytes(client_frame(b"\xff\xfe", opcode=2))

    good, bad = page.take()
    assert good["payload"]["town"] == "Ulm"
    assert bad["error"]["code"] == "INVALID_MESSAGE"


def test_a_request_needs_no_timestamp(page):
    page.line.say(type="request", id="t", channel="weather:today", payload={"town": "Ulm"})

    assert page.answer("t")["payload"]["town"] == "Ulm"


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data):
    from mentra.errors import Malformed
    from mentra.messages.channels import SystemAuth
    from mentra.wire.channels import ChannelsDialect

    dialect = ChannelsDialect((SystemAuth,), lambda: 0.0)
    try:
        dialect.decode(data, True)
    except Malformed as problem:
        payload, is_binary = dialect.encode(problem.answer)
        assert json.loads(payload)["error"]["code"] == "INVALID_MESSAGE"
        assert not is_binary


def test_a_payload_may_be_a_field_or_taken_as_a_whole(open_port):
    class Get(Request, frozen=True, kw_only=True, tag="acme:get"):
        """Get."""

        bare = "key"
        key: str

    class Put(Request, frozen=True, kw_only=True, tag="acme:put"):
        """Put."""

        whole = "values"
        values: dict[str, int]

    @handler("channels", Get)
    def get(message, context):
        return Reply(payload=message.key)

    @handler("channels", Put)
    def put(message, context):
        return Reply(payload=message.values)

    page = page_at_door(open_port(get, put)[1])

    assert page.ask("acme:get", "a") == page.ask("acme:get", {"key": "a"}) == "a"
    assert page.ask("acme:put", {"values": 1, "b": 2}) == {"values": 1, "b": 2}
    assert page.refusal("acme:put", {"b": "x"})[0] == "INVALID_MESSAGE"
    assert page.refusal("acme:get", 7) == ("INVALID_MESSAGE", "key: Expected `str`, got `int`")
