"""The pages that are connected, and what they are told."""

import pytest
from zope.interface.verify import verifyObject

from mentra.interfaces.channels import IChannelClient, IChannels
from mentra.testing.channels import page_at_door, page_of
from mentra.testing.house import WALL_TIME
from mentra.wire.channels import ChannelsDialect
from tests.channels.conftest import Weather, WeatherChanged

EVENT = WeatherChanged(payload=Weather(town="Ulm", degrees=3.0))
TOLD = [("weather:changed", {"town": "Ulm", "degrees": 3.0})]


@pytest.fixture
def house(open_port):
    house, house.port = open_port()
    return house


def test_the_interfaces_are_provided(open_port):
    house, port = open_port()
    page_at_door(port)

    assert verifyObject(IChannels, IChannels(house))
    (client,) = IChannels(house).clients()
    assert verifyObject(IChannelClient, client)


def test_everybody_is_told(open_port):
    house, port = open_port()
    pages = [page_at_door(port), page_of(port, "ann@x.org"), page_of(port, "bob@x.org")]
    for page in pages:
        page.take()

    reached = IChannels(house).emit(EVENT)

    assert reached == 3
    assert [page.events() for page in pages] == [TOLD] * 3


def test_one_some_or_all_of_one_person_are_told(open_port):
    house, port = open_port()
    channels = IChannels(house)
    ann, also_ann, bob = (page_of(port, f"{name}@x.org") for name in ("ann", "ann", "bob"))
    ids = [page.client_id for page in (ann, also_ann, bob)]

    reached = (
        channels.emit_to(ids[0], EVENT),
        channels.emit_to_many([ids[2], "nobody"], EVENT),
        channels.emit_to_user("ann@x.org", EVENT),
        channels.emit_to("nobody", EVENT),
    )

    assert reached == (True, 1, 2, False)
    assert [page.events() for page in (ann, also_ann, bob)] == [TOLD * 2, TOLD, TOLD]


def test_whoever_has_shown_no_token_is_told_nothing(open_port):
    house, port = open_port()
    stranger = page_at_door(port, "/")
    waiting = type(stranger)(port.call().upgrade("/channels"))
    waiting.take()

    assert IChannels(house).emit(EVENT) == 1
    assert waiting.events() == []
    assert IChannels(house).count == 1


def test_a_page_that_is_gone_costs_the_others_nothing(open_port):
    house, port = open_port()
    gone, _, there = (page_at_door(port) for _ in range(3))
    there.take()
    gone.line.lose()
    IChannels(house).clients()[0].peer.close(1000)

    reached = IChannels(house).emit(EVENT)

    assert reached == 1
    assert there.events() == TOLD
    assert IChannels(house).count == 2


def test_a_broadcast_is_encoded_once(open_port, monkeypatch):
    house, port = open_port()
    for _ in range(5):
        page_at_door(port)
    encoded = []
    factory = port.edge.doors["channels"]
    encode = factory.encode
    monkeypatch.setattr(factory, "encode", lambda one: encoded.append(one) or encode(one))

    IChannels(house).emit(EVENT)

    assert encoded == [EVENT]


def test_a_client_can_be_looked_up(open_port, clock):
    house, port = open_port()
    page = page_of(port, "ann@x.org")
    client = IChannels(house).client(page.client_id)
    clock.advance(5)

    page.request("weather:today", {"town": "Ulm"})

    assert (client.user_id, client.connected_at, client.last_activity, client.request_count) == (
        "ann@x.org", WALL_TIME, WALL_TIME + 5, 1,
    )  # fmt: skip
    assert IChannels(house).client("nobody") is None


def test_hooks_hear_of_coming_and_going_and_a_bad_one_harms_nobody(open_port, logged_failures):
    house, port = open_port()
    heard = []
    channels = IChannels(house)
    channels.on_connection(lambda client: heard.append(("came", client.user_id)))
    channels.on_connection(lambda client: 1 / 0)
    end = channels.on_disconnection(lambda client: heard.append(("left", client.user_id)))
    page, other = page_of(port, "ann@x.org"), page_of(port, "bob@x.org")

    page.line.lose()
    end()
    other.line.lose()

    assert heard == [("came", "ann@x.org"), ("came", "bob@x.org"), ("left", "ann@x.org")]
    assert len(logged_failures) == 2
    logged_failures.clear()


def test_everybody_hears_a_heartbeat_now_and_then(open_port, clock):
    page = page_at_door(open_port()[1])
    page.take()

    clock.advance(30)

    assert page.events() == [("server:heartbeat", {"timestamp": int((WALL_TIME + 30) * 1000)})]


def test_events_are_spelt_with_channel_payload_and_time():
    payload, is_binary = ChannelsDialect((), lambda: 2.5).encode(EVENT)

    assert not is_binary
    assert payload == (
        b'{"type":"event","channel":"weather:changed",'
        b'"payload":{"town":"Ulm","degrees":3.0},"timestamp":2500}'
    )
