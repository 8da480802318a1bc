"""Who may come in, what is said at the door, and how much at a time."""

import pytest
from zope.interface import implementer
from zope.interface.verify import verifyObject

from mentra.channels.entrance import channels_path
from mentra.channels.section import ChannelsSettings
from mentra.errors import ConfigError
from mentra.interfaces.messaging import IPath, IPlaces, IWindowed
from mentra.interfaces.services import ISecretFiles
from mentra.interfaces.stores import IUserStore
from mentra.testing.channels import ELSEWHERE, Page, page_at_door, page_of
from mentra.testing.house import WALL_TIME, success_of
from mentra.testing.wire import advance, client_frame


@implementer(ISecretFiles)
class Files:
    def read(self, path: str, what: str) -> str:
        assert path == "channels.token"
        return "s3cret"


LOCKED = {
    "sections": (ChannelsSettings(token_file="channels.token"),),
    "parts": {ISecretFiles: Files()},
}


def test_the_path_keeps_the_promises_of_paths():
    for promise in (IPath, IPlaces, IWindowed):
        assert verifyObject(promise, channels_path)


def test_the_server_speaks_first(open_port):
    (hello,) = page_at_door(open_port()[1]).take()

    assert (hello["type"], hello["channel"]) == ("event", "server:connected")
    assert hello["payload"]["serverTime"] == hello["timestamp"] == int(WALL_TIME * 1000)
    assert len(hello["payload"]["clientId"]) == 36


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 101), ("http://localhost:5173", 101), ("http://127.0.0.1", 101),
        ("http://[::1]:1", 101), ("http://page.localhost", 101), ("https://my.example.org", 101),
        ("https://example.org", 403), ("http://localhost.evil.org", 403), ("null", 403),
        ("https://my.example.org.evil.org", 403), ("nonsense", 400), ("http://[", 400),
    ],
)  # fmt: skip
def test_pages_of_strange_sites_may_not_connect(open_port, origin, status):
    port = open_port(sections=(ChannelsSettings(origins=("https://my.example.org",)),))[1]
    headers = {"Origin": origin} if origin else {}

    assert port.call_door("channels").upgrade("/", headers).status == status


def test_pages_of_the_server_itself_may_connect_at_its_port_alone(open_port):
    port = open_port()[1]
    own = {"Origin": "http://localhost"}  # the Host that the client says is localhost
    renamed = {"Origin": "https://rebound.example.org", "X": "1\r\nHost: rebound.example.org"}

    assert port.call().upgrade("/channels?token=user:ann@x.org", own).status == 101
    assert port.call().upgrade("/channels?token=user:ann@x.org", ELSEWHERE).status == 403
    assert port.call_door("channels").upgrade("/", renamed).status in (400, 403)


def test_with_a_token_nothing_is_answered_before_it_was_shown(open_port):
    page = page_at_door(open_port(**LOCKED)[1])

    early = page.refusal("weather:today", {"town": "Ulm"})
    unknown = page.refusal("weather:never")
    shown = page.ask("system:auth", {"token": "s3cret"})

    assert early[0] == unknown[0] == "UNAUTHORIZED"
    assert shown is True
    assert page.ask("weather:today", {"town": "Ulm"})
    assert page.ask("system:auth", {"token": "any"}) is True


def test_the_token_may_be_in_the_url(open_port):
    page = page_at_door(open_port(**LOCKED)[1], "/?token=s3cret")

    assert page.ask("weather:today", {"town": "Ulm"})


def test_a_wrong_token_is_told_and_the_page_sent_away(open_port):
    page = page_at_door(open_port(**LOCKED)[1])
    page.take()

    page.request("system:auth", {"token": "wrong \u2713"}, "a")

    answer, close = page.line.frames()
    assert (answer.json["id"], answer.json["error"]["code"]) == ("a", "UNAUTHORIZED")
    assert close.close_code == 4001


def test_a_wrong_token_in_the_url_as_well(open_port):
    line = open_port(**LOCKED)[1].call_door("channels").upgrade("/?token=wrong")

    *said, close = line.frames()

    assert said[-1].json["error"]["code"] == "UNAUTHORIZED"
    assert close.close_code == 4001


def test_whoever_never_shows_a_token_is_closed(open_port, clock):
    page = page_at_door(open_port(**LOCKED)[1])
    page.take()

    advance(clock, 31, 1)

    assert page.line.frames()[-1].close_code == 1008


def test_at_the_servers_port_everybody_is_who_their_token_says(open_port):
    house, port = open_port()
    by_header = Page(port.call().upgrade("/channels", {"Authorization": "Bearer user:ann@x.org"}))
    by_message = Page(port.call().upgrade("/channels"))
    refused = by_message.refusal("weather:today", {"town": "Ulm"})

    by_message.ask("system:auth", {"token": "user:bob@x.org"})

    assert refused[0] == "UNAUTHORIZED"
    assert by_header.ask("weather:today", {"town": "Ulm"})
    assert success_of(IUserStore(house).all()) == ("ann@x.org", "bob@x.org")


def test_a_bad_user_token_is_sent_away(open_port):
    page = page_of(open_port()[1], "ann@x.org")
    line = open_port()[1].call().upgrade("/channels?token=nonsense")

    assert page.ask("weather:today", {"town": "Ulm"})
    assert line.frames()[-1].close_code == 4001


def test_an_address_that_others_reach_wants_a_token(open_port):
    with pytest.raises(ConfigError, match="token_file"):
        open_port(sections=(ChannelsSettings(host="0.0.0.0"),))


def test_channels_may_be_nowhere(open_port):
    port = open_port(sections=(ChannelsSettings(own_port=False, main_port=False),))[1]

    assert (port.edge.doors, port.edge.factories) == ({}, {})


# -- how much ------------------------------------------------------------------------------------


def test_frame_101_of_a_second_is_answered_and_not_run(open_port, clock):
    page = page_at_door(open_port()[1])
    page.take()
    for _ in range(99):
        page.request("weather:today", {"town": "Ulm"})
    page.line.send_bytes(client_frame(b"nonsense"))
    page.take()
    clock.advance(0.25)

    page.request("weather:today", {"town": "Ulm"}, "late")

    (answer,) = page.take()
    assert (answer["id"], answer["channel"]) == ("rate_limited", "system")
    assert answer["error"] == {
        "code": "RATE_LIMITED",
        "message": "Too many requests",
        "details": {"requestId": "late", "retryAfterMs": 750},
    }


def test_a_new_window_begins_with_the_first_frame_after_the_old(open_port, clock):
    port = open_port()[1]
    page, other = page_at_door(port), page_at_door(port)
    for _ in range(101):
        page.request("weather:today", {"town": "Ulm"})
    page.take()
    others = other.ask("weather:today", {"town": "Ulm"})

    clock.advance(1.0)

    assert others
    assert page.ask("weather:today", {"town": "Ulm"})


def test_a_frame_that_is_too_long_closes(open_port):
    page = page_at_door(open_port(sections=(ChannelsSettings(max_frame=2000),))[1])
    page.take()

    page.request("weather:today", {"town": "U" * 3000})

    assert page.line.frames()[-1].close_code == 1009


def test_a_quiet_page_that_answers_pings_stays_and_a_dead_one_goes(open_port, clock):
    port = open_port()[1]
    alive, dead = page_at_door(port), page_at_door(port)

    for _ in range(30):
        advance(clock, 5)
        alive.line.send_bytes(client_frame(b"", 10))

    assert alive.ask("weather:today", {"town": "Ulm"})
    assert [one.close_code for one in dead.line.frames() if one.opcode == 8] == [1001]


# -- the end -------------------------------------------------------------------------------------


def test_a_stop_is_told_and_closes_with_1001(open_port, clock):
    port = open_port()[1]
    page = page_at_door(port)
    page.take()

    leaving = port.edge.take_leave(0.0)
    leaving.send(None) if hasattr(leaving, "send") else None
    clock.advance(0.1)

    told, close = page.line.frames()[-2:]
    assert (told.json["channel"], told.json["payload"]) == (
        "server:shutdown",
        {"reason": "Server stopping"},
    )
    assert close.close_code == 1001


def test_nothing_is_left_of_a_page_that_is_gone(open_port, clock, pending):
    house, port = open_port()
    before = len(clock.getDelayedCalls())
    page = page_at_door(port)
    page.request("weather:later")

    page.line.lose()

    assert pending[0].called
    # the heartbeat is for all
    assert len(clock.getDelayedCalls()) == before + 1
    house.stopService()
    assert len(clock.getDelayedCalls()) == before
