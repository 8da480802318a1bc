"""Upgrades, the first frame, and refusals on the assistant's path."""

import pytest
from twisted.internet.address import IPv6Address
from twisted.internet.defer import Deferred

from mentra.errors import StoreError
from mentra.interfaces.services import IAuthRules
from mentra.interfaces.stores import IUserStore
from mentra.testing.house import WALL_TIME, FakeAuthRules
from mentra.testing.voice import GUEST, TOKEN, guest_token
from mentra.testing.wire import Line
from mentra.voice.settings import VoiceSettings
from mentra.wire.admission import Bounds


def refusal(client) -> tuple[str, str, int, str]:
    (error,) = [client.first] if client.first else client.take()
    assert error["type"] == "auth_error"
    assert error["data"]["timestamp"] == error["timestamp"]
    return error["data"]["code"], error["data"]["message"], client.close_code, client.close_reason


def test_a_client_with_a_token_is_let_in_before_it_says_anything(set_stage):
    client = set_stage().connect()

    assert client.line.status == 101
    assert client.first["type"] == "session_created"
    assert client.first["data"]["userId"] == "ann@x.org"
    assert client.first["data"]["isGuest"] is False
    assert client.first["data"]["sessionId"] == client.first["sessionId"]
    assert client.first["data"]["timestamp"] == client.first["timestamp"] == WALL_TIME * 1000


@pytest.mark.parametrize("path", ["/socket.io/", "/socket.io"])
def test_both_spellings_of_the_path_are_served(set_stage, path):
    assert set_stage().connect(path=path).first["type"] == "session_created"


@pytest.mark.parametrize(
    ("token", "headers"),
    [
        (TOKEN, {"Authorization": "Bearer bad", "Sec-WebSocket-Protocol": "token.bad"}),
        (None, {"Authorization": f"Bearer {TOKEN}", "Sec-WebSocket-Protocol": "token.bad"}),
        (None, {"Authorization": f"bearer {TOKEN}"}),
        (None, {"Authorization": "Basic x", "Sec-WebSocket-Protocol": "v1, token.user:ann@x.org"}),
        ("", {"Sec-WebSocket-Protocol": "token.user:ann@x.org"}),
    ],
)
def test_a_token_is_looked_for_in_three_places_in_order(set_stage, token, headers):
    client = set_stage().connect(token, headers=headers)

    assert client.first["data"]["userId"] == "ann@x.org"


def chosen(client) -> list[str]:
    lines = client.line.head.decode().lower().split("\r\n")
    return [line for line in lines if line.startswith("sec-websocket-protocol:")]


@pytest.mark.parametrize(
    ("offered", "answered"),
    [
        ("token.user:ann@x.org", ["sec-websocket-protocol: token.user:ann@x.org"]),
        ("token.user:ann@x.org, v1", ["sec-websocket-protocol: v1"]),
        ("v1, v2", ["sec-websocket-protocol: v1"]),
        ("token.bad", ["sec-websocket-protocol: token.bad"]),
    ],
)
def test_a_subprotocol_that_was_offered_is_chosen_so_that_browsers_stay(
    set_stage, offered, answered
):
    client = set_stage().connect(None, headers={"Sec-WebSocket-Protocol": offered})

    assert client.line.status == 101
    assert chosen(client) == answered


def test_without_an_offer_none_is_chosen(set_stage):
    assert chosen(set_stage().connect()) == []


@pytest.mark.parametrize(
    ("token", "code", "message"),
    [
        (None, "AUTH_REQUIRED", "Authentication token required"),
        ("", "AUTH_REQUIRED", "Authentication token required"),
        ("nonsense", "AUTH_INVALID", "Invalid authentication token"),
        ("old:ann@x.org", "AUTH_EXPIRED", "Authentication token expired"),
        ("guest_nonsense", "AUTH_INVALID", "Invalid authentication token"),
        (guest_token((WALL_TIME - 90_000) * 1000), "AUTH_EXPIRED", "Authentication token expired"),
    ],
)
def test_whoever_may_not_stay_is_told_why_inside_the_socket(set_stage, token, code, message):
    stage = set_stage()

    client = stage.connect(token)

    assert client.line.status == 101
    assert refusal(client) == (code, message, 4001, message)
    assert stage.sessions.all() == ()


def test_what_a_refused_client_says_is_not_looked_at(set_stage):
    client = set_stage().connect("nonsense")
    client.take()

    client.say("ping")
    client.send(b"{")

    assert client.take() == []


def test_a_guest_comes_in_with_a_token_of_its_own_making(set_stage):
    client = set_stage().connect(guest_token(WALL_TIME * 1000))

    assert client.first["data"]["isGuest"] is True
    assert client.first["data"]["userId"] == GUEST.replace("guest_", "guest-")


def test_guests_can_be_turned_away(set_stage):
    stage = set_stage(sections=[VoiceSettings(guests=False)])

    assert refusal(stage.connect(guest_token(WALL_TIME * 1000)))[0] == "AUTH_INVALID"


def test_how_long_a_guests_token_is_good_is_a_setting(set_stage):
    stage = set_stage(sections=[VoiceSettings(guest_lifetime=10.0)])

    assert refusal(stage.connect(guest_token((WALL_TIME - 11) * 1000)))[0] == "AUTH_EXPIRED"


def test_guests_are_bounded_and_others_are_not_by_them(set_stage):
    stage = set_stage(sections=[VoiceSettings(max_guests=1)])
    first, second = (
        stage.connect(f"guest_{n}f2504e0-4f89-41d3-9a0c-0305e82c3301_{WALL_TIME * 1000:.0f}")
        for n in (1, 2)
    )

    assert first.first["type"] == "session_created"
    assert refusal(second)[0] == "SESSION_CREATE_FAILED"
    assert stage.connect().first["type"] == "session_created"


def guest(stage, number, host="192.0.2.1", **query):
    token = f"guest_{number}f2504e0-4f89-41d3-9a0c-0305e82c3301_{WALL_TIME * 1000:.0f}"
    return stage.connect(token, host=host, **query)


def test_one_address_cannot_take_all_places_of_guests(set_stage):
    stage = set_stage(sections=[VoiceSettings(max_guests=4, max_guests_each=2)])
    greedy = [guest(stage, n) for n in range(3)]
    others = [guest(stage, n, host="192.0.2.9") for n in range(2)]

    assert [one.first["type"] for one in greedy] == [
        "session_created", "session_created", "auth_error",
    ]  # fmt: skip
    assert refusal(greedy[2])[0] == "SESSION_CREATE_FAILED"
    assert [one.first["type"] for one in others] == ["session_created"] * 2
    # all places are taken, whoever asks
    assert refusal(guest(stage, 1, host="192.0.2.10"))[0] == "SESSION_CREATE_FAILED"


def test_addresses_of_one_household_are_one(set_stage):
    stage = set_stage(sections=[VoiceSettings(max_guests_each=1)])
    hosts = ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1")

    kinds = [
        guest(stage, n, host=IPv6Address("TCP", host, 40_000)).first["type"]
        for n, host in enumerate(hosts)
    ]

    assert kinds == ["session_created", "auth_error", "session_created"]


def test_a_guest_who_is_gone_gives_way_to_the_next_of_that_address(set_stage):
    stage = set_stage(sections=[VoiceSettings(max_guests_each=2)])
    first, second = guest(stage, 1), guest(stage, 2)
    first.line.lose()

    third = guest(stage, 3)

    assert third.first["type"] == "session_created"
    assert stage.sessions.get(first.session_id) is None
    assert stage.sessions.get(second.session_id) is not None
    assert refusal(guest(stage, 4))[0] == "SESSION_CREATE_FAILED"


def test_a_guest_who_comes_back_needs_no_place(set_stage):
    stage = set_stage(sections=[VoiceSettings(max_guests_each=1)])
    first = guest(stage, 1)
    first.line.lose()

    again = guest(stage, 1, sessionId=first.session_id)

    assert again.session_id == first.session_id


def test_people_with_a_token_are_not_counted_with_the_guests_of_their_address(set_stage):
    stage = set_stage(sections=[VoiceSettings(max_guests_each=1)])
    for _ in range(3):
        assert stage.connect(host="192.0.2.1").first["type"] == "session_created"

    assert guest(stage, 1).first["type"] == "session_created"


def test_sessions_are_bounded(set_stage):
    stage = set_stage(sections=[VoiceSettings(max_sessions=1)])
    stage.connect()

    assert refusal(stage.connect("user:bob@x.org")) == (
        "SESSION_CREATE_FAILED", "Session creation failed", 4001, "Session creation failed",
    )  # fmt: skip


def test_connections_of_a_session_are_bounded(set_stage):
    stage = set_stage(sections=[VoiceSettings(max_connections=1)])
    first = stage.connect()

    second = stage.connect(sessionId=first.session_id)

    assert refusal(second)[0] == "SESSION_CREATE_FAILED"


def test_connections_of_a_user_are_bounded_as_everywhere(set_stage):
    bounds = Bounds(connections=10, per_user=1, per_address=0, per_second=100.0)
    stage = set_stage(bounds=bounds)
    first = stage.connect()

    second = stage.connect()

    assert refusal(second)[0] == "SESSION_CREATE_FAILED"
    assert len(stage.sessions.all()) == 1 or stage.sessions.get(first.session_id)


class SlowStore:
    """Never answers."""

    def create(self, user_id):
        return Deferred()

    load = create


class BrokenStore:
    """Fails."""

    async def create(self, user_id):
        raise StoreError("the disk is full")


def test_a_session_that_does_not_stand_in_two_seconds_is_none(set_stage, clock):
    client = set_stage(parts={IUserStore: SlowStore()}).connect()
    client.say("ping")

    clock.advance(1.9)
    before = client.take()
    clock.advance(0.2)

    assert before == []
    assert refusal(client)[0] == "SESSION_CREATE_FAILED"


def test_a_store_that_fails_is_no_session(set_stage):
    client = set_stage(parts={IUserStore: BrokenStore()}).connect()

    assert refusal(client)[0] == "SESSION_CREATE_FAILED"


def test_who_leaves_before_the_session_stands_leaves_nothing(set_stage, clock):
    stage = set_stage(parts={IUserStore: SlowStore()})
    before = len(clock.getDelayedCalls())
    client = stage.connect()

    client.line.lose()
    clock.advance(3)

    assert stage.sessions.all() == ()
    assert len(clock.getDelayedCalls()) <= before + 2  # what looks after sessions runs now


def test_where_tokens_make_no_users_a_stranger_is_refused(set_stage):
    stage = set_stage(parts={IAuthRules: FakeAuthRules(create_users=False)})

    assert refusal(stage.connect())[0] == "AUTH_INVALID"


@pytest.mark.parametrize("path", [b"/socket.io/", b"/socket.io"])
def test_without_an_upgrade_the_path_answers_at_once(set_stage, path):
    line: Line = set_stage().port.call()

    line.send_bytes(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")

    assert line.transport.value().startswith(b"HTTP/1.1 426 ")


def test_polling_as_socket_io_does_it_is_answered_too(set_stage):
    line = set_stage().port.call()

    line.send_bytes(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n")

    assert line.transport.value().startswith(b"HTTP/1.1 426 ")
