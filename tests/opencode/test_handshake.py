"""Who may come to the bridge, and what has to be said first."""

import pytest
from twisted.internet.address import IPv4Address

from mentra.interfaces.opencode import IOpencode
from mentra.messages.opencode import (
    AuthHandshake,
    AuthHandshakeResponse,
    ErrorResponse,
    ListSessions,
)
from mentra.opencode import handout
from mentra.opencode.path import opencode_path
from mentra.testing.wire import client_frame
from mentra.wire.doors import Doorkeeper
from tests.opencode.conftest import BINARY, CLOSE, READS, WRITES


def frames_of(desktop):
    return [
        one.close_code if one.opcode == CLOSE else READS(one.payload)
        for one in desktop.line.frames()
        if one.opcode in (BINARY, CLOSE)
    ]


def test_whoever_has_the_token_is_in(scene):
    one = scene()

    answer = one.stranger().ask(AuthHandshake(token=one.token), 2**64 - 1)

    assert answer == AuthHandshakeResponse(success=True)
    assert answer.error is None


@pytest.mark.parametrize("token", ["", "x", "täuschung", "\0" * 5000])
def test_a_wrong_token_is_told_so_and_closed(scene, token):
    stranger = scene().stranger()

    stranger.say(7, AuthHandshake(token=token))

    refusal = AuthHandshakeResponse(success=False, error="Invalid token")
    assert frames_of(stranger) == [(7, refusal), 1008]


def test_another_request_first_is_not_done(scene):
    one = scene()
    stranger = one.stranger()

    stranger.say(3, ListSessions())

    (request_id, answer), code = frames_of(stranger)
    assert (request_id, answer.success, code) == (3, False, 1008)
    assert one.server.requests == []


@pytest.mark.parametrize(
    ("payload", "opcode", "code"),
    [
        (b"hello", 1, 1003),
        (b"\xff\xff\xff", BINARY, 1007),
        (b"\x92\x03\x02\n\xff", BINARY, 1007),
        (b"", BINARY, 1008),
        (b"\x08\x05", BINARY, 1008),
        (b"\x08\x05\xc2\x3e\x00", BINARY, 1008),
    ],
    ids=["text", "noise", "cut short", "nothing", "no payload", "an unknown number"],
)
def test_what_is_no_handshake_closes(scene, payload, opcode, code):
    stranger = scene().stranger()

    stranger.line.send_bytes(client_frame(payload, opcode))

    assert frames_of(stranger)[-1] == code


def test_a_client_that_says_nothing_has_ten_seconds(scene):
    one = scene()
    stranger = one.stranger()

    one.clock.advance(9.9)
    before = frames_of(stranger)
    one.clock.advance(0.2)

    assert before == []
    assert frames_of(stranger) == [1008]


def test_once_it_is_in_it_may_be_silent(scene):
    one = scene()
    desktop = one.desktop()

    one.clock.advance(60)

    assert CLOSE not in {frame.opcode for frame in desktop.line.frames()}


def test_a_second_handshake_is_no_request(scene):
    one = scene()

    answer = one.desktop().ask(AuthHandshake(token=one.token), 9)

    assert answer == ErrorResponse(code="UNKNOWN_REQUEST", message="the handshake is done already")


@pytest.mark.parametrize(
    "payload", [b"\x08\x05", b"\x08\x05\xc2\x3e\x00"], ids=["none", "an unknown number"]
)
def test_a_payload_that_nobody_knows_is_answered(scene, payload):
    desktop = scene().desktop()

    desktop.say_bytes(payload)

    ((request_id, answer),) = desktop.heard()
    assert (request_id, answer.code) == (5, "UNKNOWN_REQUEST")


@pytest.mark.parametrize("payload", [b"\xff", b"\x08", b"\xa2\x01\x05"])
def test_bytes_that_are_no_message_cost_nothing(scene, payload):
    desktop = scene().desktop()

    desktop.say_bytes(payload)

    ((request_id, answer),) = desktop.heard()
    assert (request_id, answer.code) == (0, "INVALID_REQUEST")
    assert desktop.ask(ListSessions()).sessions == ()


def test_a_text_frame_closes(scene):
    desktop = scene().desktop()

    desktop.line.send_bytes(client_frame(b"hello"))

    assert desktop.close_code() == 1003


@pytest.mark.parametrize("host", ["10.0.0.7", "192.168.1.1", "169.254.1.1", "::ffff:10.0.0.1"])
def test_who_comes_from_elsewhere_is_not_heard(scene, host):
    one = scene()
    door = opencode_path.places(one.house).door

    keeper = Doorkeeper(one.port.edge.doors["opencode"], door.loopback_only)

    assert door.hosts == ("127.0.0.1",)
    assert keeper.buildProtocol(IPv4Address("TCP", host, 40_000)) is None
    assert keeper.buildProtocol(IPv4Address("TCP", "127.0.0.1", 40_000)) is not None


@pytest.mark.parametrize(("port", "tries"), [(50_051, 10), (0, 1)])
def test_ten_ports_are_tried_and_any_free_one_at_once(scene, port, tries):
    door = opencode_path.places(scene(port=port).house).door

    assert (door.port, door.tries) == (port, tries)


def test_a_bridge_that_is_not_enabled_is_nowhere(scene):
    one = scene(enabled=False)

    assert one.port.edge.doors == {}
    assert list(one.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 101),
        ("http://localhost:5173", 101),
        ("http://127.0.0.1:8080", 101),
        ("https://ui.example.org", 101),
        ("https://evil.example.org", 403),
        ("http://localhost.evil.org", 403),
        ("null", 403),
        ("", 400),
    ],
)
def test_web_pages_come_from_here_or_from_configured_places(scene, origin, status):
    one = scene(origins=("https://ui.example.org",))
    headers = {} if origin is None else {"Origin": origin}

    assert one.stranger(**headers).line.status == status


def test_the_token_is_in_a_file_of_its_owner_alone(scene):
    one = scene()

    IOpencode(one.house).listening(50_057)

    file = one.folder / handout.FILE_NAME
    assert file.stat().st_mode & 0o777 == 0o600
    assert handout.read(one.folder).port == 50_057
    assert len(one.token) >= 43
    assert [path.name for path in one.folder.iterdir()] == [handout.FILE_NAME]


def test_the_file_goes_with_the_bridge(scene):
    one = scene()
    assert one.token

    one.house.stopService()

    assert handout.read(one.folder) is None


def test_the_file_of_a_bridge_that_came_later_stays(scene):
    one = scene()
    assert one.token
    handout.write(one.folder, handout.Handout(port=1, token="another"))

    one.house.stopService()

    assert handout.read(one.folder).token == "another"


def test_what_a_bridge_left_behind_stops_nobody(tmp_path):
    # nobody listens on port 1
    handout.write(tmp_path, handout.Handout(port=1, token="old"))

    assert handout.refuse_rivals(tmp_path) is None


def test_a_token_is_never_the_same(scene, tmp_path):
    assert scene().token != scene().token


def test_what_is_said_keeps_its_secrets():
    assert "sesame" not in repr(AuthHandshake(token="sesame"))
    assert "sesame" not in repr(handout.Handout(port=1, token="sesame"))
    assert WRITES(1, AuthHandshake(token="sesame"))
