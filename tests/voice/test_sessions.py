"""Sessions and their connections: frames, joining, signs of life, and the end."""

import gc
import weakref

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs
from zope.interface.verify import verifyObject

from mentra.admin import hush
from mentra.extension import handler
from mentra.interfaces.voice import IVoiceConnections, IVoiceSession, IVoiceSessions
from mentra.messages import Message
from mentra.messages.assistant import AnswerPing, TimeData
from mentra.testing.house import success_of
from mentra.testing.wire import advance
from mentra.voice.settings import VoiceSettings


def pong(session_id: str) -> AnswerPing:
    return AnswerPing(session_id=session_id, data=TimeData(timestamp=5))


def test_the_parts_keep_their_promises(set_stage):
    stage = set_stage()
    client = stage.connect()

    assert verifyObject(IVoiceSessions, stage.sessions)
    assert verifyObject(IVoiceConnections, IVoiceConnections(stage.house))
    assert verifyObject(IVoiceSession, stage.sessions.get(client.session_id))


# -- frames ----------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [None, {}, {"x": 1}, 7, "text"])
def test_a_ping_is_answered(set_stage, data):
    client = set_stage().connect()

    client.say("ping", data)

    (answer,) = client.take()
    assert answer["type"] == "pong"
    assert answer["sessionId"] == client.session_id
    assert answer["data"]["timestamp"] == answer["timestamp"]


def test_a_pong_is_not_answered(set_stage):
    client = set_stage().connect()

    client.say("pong")

    assert client.take() == []


@pytest.mark.parametrize(
    ("payload", "opcode"),
    [(b"{", 1), (b"hello", 1), (b"[]", 1), (b'{"type":"ping"}', 1), (b"\0\1\2", 2),
     (b'{"type":"ping","timestamp":1}', 2)],
)  # fmt: skip
def test_what_is_no_envelope_costs_an_error_and_nothing_else(set_stage, payload, opcode):
    client = set_stage().connect()

    client.send(payload, opcode)
    client.say("ping")

    error, answer = client.take()
    assert error["type"] == "error"
    assert error["sessionId"] == client.session_id
    assert error["data"]["code"] == "INVALID_MESSAGE"
    assert error["timestamp"]
    assert answer["type"] == "pong"


def test_what_nobody_understands_is_passed_over(set_stage):
    client = set_stage().connect()

    client.say("tea:brew", {"cups": 2})
    client.say("ping")

    assert [one["type"] for one in client.take()] == ["pong"]


def test_a_message_may_name_its_own_session(set_stage):
    client = set_stage().connect()

    client.say("ping", sessionId=client.session_id)

    assert [one["type"] for one in client.take()] == ["pong"]


def test_a_message_that_names_another_session_is_refused(set_stage):
    stage = set_stage()
    client, other = stage.connect(), stage.connect("user:bob@x.org")

    client.say("ping", sessionId=other.session_id)

    (error,) = client.take()
    assert error["data"]["code"] == "INVALID_MESSAGE"
    assert other.take() == []


class Brew(Message, frozen=True, kw_only=True, tag="brew"):
    """Make tea."""


@handler("voice", Brew)
def brew(message, context):
    raise LookupError("no pot")


def test_a_bug_of_an_extension_is_told_as_the_protocol_has_it(set_stage, logged_failures):
    client = set_stage(brew).connect()

    client.say("brew")

    (error,) = client.take()
    assert error["data"]["code"] == "PROCESSING_ERROR"
    assert error["sessionId"] == client.session_id
    assert len(logged_failures) == 1
    logged_failures.clear()


def test_a_frame_that_is_too_long_closes(set_stage):
    client = set_stage(sections=[VoiceSettings(max_frame=2048)]).connect()

    client.send(b"x" * 2049)

    assert client.close_code == 1009


def test_too_many_messages_are_told_once_and_taken_again_later(set_stage, clock):
    client = set_stage(sections=[VoiceSettings(max_rate=2.0)]).connect()

    for _ in range(30):
        client.say("ping")
    during = client.take()
    clock.advance(10)
    client.say("ping")

    assert [one["type"] for one in during] == ["pong"] * 20 + ["error"]
    assert during[-1]["data"]["code"] == "RATE_LIMITED"
    assert [one["type"] for one in client.take("pong")] == ["pong"]


def test_a_flood_is_closed(set_stage):
    client = set_stage(sections=[VoiceSettings(max_rate=2.0)]).connect()

    for _ in range(101):
        client.say("ping")

    assert client.close_code == 1008


# -- several connections ---------------------------------------------------------------------


def test_a_second_connection_of_the_same_user_joins_by_the_sessions_id(set_stage):
    stage = set_stage()
    first = stage.connect()

    second = stage.connect(sessionId=first.session_id)

    assert second.session_id == first.session_id
    assert len(stage.sessions.all()) == 1


@pytest.mark.parametrize("wanted", ["nonsense", "", "%00"])
def test_an_id_that_is_nobodys_makes_a_new_session(set_stage, wanted):
    assert set_stage().connect(sessionId=wanted).session_id


def test_another_users_session_is_not_joined(set_stage):
    stage = set_stage()
    first = stage.connect()

    second = stage.connect("user:bob@x.org", sessionId=first.session_id)

    assert second.session_id != first.session_id
    assert second.first["data"]["userId"] == "bob@x.org"


def test_a_broadcast_reaches_every_connection_of_one_session_and_no_other(set_stage):
    stage = set_stage()
    first = stage.connect()
    second, other = stage.connect(sessionId=first.session_id), stage.connect()

    told = IVoiceConnections(stage.house).broadcast(first.session_id, pong(first.session_id))

    assert told == 2
    assert [len(one.take()) for one in (first, second, other)] == [1, 1, 0]


def test_connections_are_found_by_id_and_by_session(set_stage):
    stage = set_stage()
    client = stage.connect()
    connections = IVoiceConnections(stage.house)

    (found,) = connections.of_session(client.session_id)

    assert connections.get(found.connection_id) is found
    assert found.user_id == "ann@x.org"
    assert connections.send(found.connection_id, pong(client.session_id))
    assert connections.get("nonsense") is None


def test_sending_to_who_is_gone_is_a_quiet_no(set_stage):
    stage = set_stage()
    client = stage.connect()
    connections = IVoiceConnections(stage.house)
    (connection,) = connections.of_session(client.session_id)

    client.line.lose()

    assert connections.send(connection.connection_id, pong("x")) is False
    assert connections.send("nonsense", pong("x")) is False
    assert connections.broadcast(client.session_id, pong("x")) == 0
    assert connection.send(pong("x")) is False


# -- signs of life ---------------------------------------------------------------------------


def test_every_connection_is_asked_for_a_sign_of_life(set_stage, clock):
    client = set_stage().connect()

    advance(clock, 51)

    asked = client.take("ping")
    assert len(asked) == 2
    assert asked[0]["sessionId"] == client.session_id
    assert asked[0]["data"]["timestamp"] == asked[0]["timestamp"]


def test_who_gives_none_is_closed_between_60_and_85_seconds(set_stage, clock):
    client = set_stage().connect()

    advance(clock, 60)
    before = client.close_code
    advance(clock, 25.1)

    assert before is None
    assert client.close_code == 4002
    assert client.close_reason == "Connection timeout"


@pytest.mark.parametrize("sign", ["pong", "ping", "unheard-of"])
def test_any_valid_frame_is_a_sign_of_life(set_stage, clock, sign):
    client = set_stage().connect()

    for _ in range(8):
        advance(clock, 25)
        client.say(sign)

    assert client.close_code is None


def test_a_websocket_pong_and_nonsense_are_none(set_stage, clock):
    client = set_stage().connect()

    for _ in range(4):
        advance(clock, 22)
        client.send(b"", 10)
        client.send(b"{")

    assert client.close_code == 4002


def test_both_numbers_are_settings(set_stage, clock):
    client = set_stage(sections=[VoiceSettings(ping_interval=0.1, timeout=0.3)]).connect()

    advance(clock, 0.25, 0.01)
    asked = client.take("ping")
    advance(clock, 0.2, 0.01)

    assert len(asked) >= 2
    assert client.close_code == 4002


# -- the end ---------------------------------------------------------------------------------


def test_a_session_waits_for_its_client_and_not_for_ever(set_stage, clock):
    stage = set_stage()
    client = stage.connect()
    client.line.lose()

    clock.advance(59)
    again = stage.connect(sessionId=client.session_id)
    clock.advance(10)
    again.line.lose()
    clock.advance(61)

    assert again.session_id == client.session_id
    assert stage.sessions.all() == ()


def test_a_session_without_speech_or_text_expires(set_stage, clock):
    stage = set_stage(sections=[VoiceSettings(lifetime=7200.0, timeout=1e6)])
    client = stage.connect()

    def stay(seconds):
        for _ in range(seconds // 10):
            clock.advance(10)
            client.say("pong")

    stay(7190)
    before = client.take("session:expired")
    stay(370)

    assert before == []
    (expired,) = client.take("session:expired")
    assert expired["data"]["reason"]
    assert client.close_code == 1000
    assert stage.sessions.all() == ()


def test_the_server_stops_with_1001(set_stage, clock):
    stage = set_stage()
    client = stage.connect()

    stage.port.edge.take_leave(1.0).send(None)

    assert client.close_code == 1001
    client.line.lose()
    clock.advance(2)


@pytest.mark.parametrize("drains", [True, False])
def test_a_stop_waits_for_an_answer_but_no_longer_than_it_may(set_talk, clock, drains):
    stage = set_talk()
    client = stage.connect()
    client.say("text", {"text": "hello"})

    stopping = Deferred.fromCoroutine(stage.port.edge.take_leave(5.0))
    advance(clock, 2)
    while_it_thinks = client.close_code
    if drains:
        stage.engines.chat.say("Hi.")
        stage.engines.chat.finish()
        advance(clock, 1)
    else:
        advance(clock, 3.2)

    assert while_it_thinks is None
    assert client.close_code == 1001
    kinds = [one.json["type"] for one in client.frames if one.opcode == 1]
    assert ("response_end" in kinds) is drains
    client.line.lose()
    advance(clock, 1)
    assert success_of(stopping) is None


@pytest.mark.parametrize(
    ("engine", "sentence"),
    [
        ("fake", None),
        ("fame", "voice.engine: the assistant cannot answer: there is no engine 'fame'"),
    ],
)
def test_at_the_start_it_is_said_if_nobody_would_answer(set_talk, engine, sentence):
    with capturedLogs() as logged:
        stage = set_talk(engine=engine)
        found = stage.sessions.all()

    assert found == ()
    said = [one["problem"] for one in logged if "problem" in one]
    assert [one.split(";")[0] for one in said] == ([] if sentence is None else [sentence])


@pytest.mark.parametrize("leaves", ["first the client", "with the house"])
def test_a_session_leaves_neither_memory_nor_timers(set_stage, clock, leaves):
    hush()
    stage = set_stage()
    stage.connect().line.lose()
    clock.advance(61)
    before = len(clock.getDelayedCalls())
    client = stage.connect()
    client.say("ping")
    session = weakref.ref(stage.sessions.get(client.session_id))

    if leaves == "with the house":
        stage.house.stopService()
    client.line.lose()
    del client
    clock.advance(61)
    gc.collect()

    assert session() is None
    assert len(clock.getDelayedCalls()) <= before
