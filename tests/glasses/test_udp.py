"""Sound in datagrams: whose they are, in which order, and who else may read them."""

import base64
import socket
from typing import Any

import attrs
import msgspec
import nacl.secret
import pytest
import pytest_twisted
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from mentra.errors import ConfigError
from mentra.glasses.audio.manager import audio_manager
from mentra.glasses.entrance import acknowledgement, glasses_path
from mentra.glasses.relay import relay_manager
from mentra.glasses.subscriptions import subscriptions_manager
from mentra.glasses.udp.link import udp_manager, udp_register, udp_unregister, user_hash
from mentra.glasses.udp.port import Datagrams, udp_port
from mentra.glasses.udp.reordering import COUNT, Reordering
from mentra.glasses.udp.settings import UdpSettings
from mentra.identity import Identity
from mentra.interfaces.audio import IAudio, IUdp
from mentra.interfaces.glasses import IMicrophone
from mentra.interfaces.session import ISessions
from mentra.interfaces.transports import IUdpPort
from mentra.messages.transports import UdpPingAck, UdpRegister, UdpUnregister
from mentra.testing.glasses import fake_microphone
from mentra.testing.house import FakeContext, house_with, session_in, success_of
from mentra.testing.requests import FakeUpgrade
from mentra.testing.running_apps import fake_apps

ANN, BOB = "ann@x.org", "bob@x.org"
HOME = "127.0.0.1"
"""The address of a fake phone's socket."""
PHONE = "198.51.100.7"
"""Another one, that its datagrams come from."""
SETTINGS = UdpSettings(host="udp.test")
PLUGINS = (
    subscriptions_manager, relay_manager, fake_apps, fake_microphone, audio_manager, udp_manager,
    udp_port,
)  # fmt: skip


@attrs.define
class FakePort:
    """A UDP port of no network."""

    number: int
    protocol: Any
    interface: str
    open: bool = True

    def getHost(self) -> Any:
        return attrs.make_class("Host", ["port"])(self.number)

    def stopListening(self) -> Deferred[None]:
        self.open = False
        done: Deferred[None] = Deferred()
        done.callback(None)
        return done


class UdpClock(Clock):
    """A clock that is a reactor for UDP too."""

    def __init__(self) -> None:
        super().__init__()
        self.ports: list[FakePort] = []

    def listenUDP(self, port: int, protocol: Any, interface: str, longest: int) -> FakePort:
        if port == 1:
            raise CannotListenError(interface, port, OSError("taken"))
        self.ports.append(FakePort(port, protocol, interface))
        return self.ports[-1]


def header(user_id: str, sequence: int) -> bytes:
    return user_hash(user_id).to_bytes(4, "big") + sequence.to_bytes(2, "big")


@attrs.define
class Stage:
    """Ann's session and the port."""

    clock: UdpClock
    house: Any
    session: Any

    def datagram(
        self, payload: bytes, sequence: int = 0, *, user_id: str = ANN, host: str = PHONE
    ) -> None:
        self.raw(header(user_id, sequence) + payload, host)

    def raw(self, datagram: bytes, host: str = PHONE) -> None:
        self.clock.ports[0].protocol.datagramReceived(datagram, (host, 4711))

    def register(self, user_id: str = ANN, session: Any = None) -> None:
        context = FakeContext(self.house, session or self.session)
        udp_register.handle(UdpRegister(user_id_hash=user_hash(user_id)), context)

    def heard(self) -> bytes:
        """All sound so far."""
        return IAudio(self.session).recent()

    def answers(self) -> int:
        """Pings that were answered since the last call."""
        return sum(isinstance(one, UdpPingAck) for one in self.session.glasses.take())


def stage_with(**settings: Any) -> Stage:
    clock = UdpClock()
    house = house_with(*PLUGINS, clock=clock, sections=(UdpSettings(host="udp.test", **settings),))
    assert verifyObject(IUdpPort, IUdpPort(house))
    return Stage(clock, house, session_in(house))


@pytest.fixture
def stage() -> Stage:
    made = stage_with()
    made.register()
    return made


# -- whose it is


def test_the_hash_is_fnv_1a():
    assert user_hash("") == 0x811C9DC5
    assert user_hash("a") == 0xE40C292C
    assert user_hash("foobar") == 0xBF9CF968


def test_sound_of_a_registered_phone_is_heard(stage):
    stage.datagram(b"abcd", 7)
    stage.datagram(b"efgh", 8)

    assert stage.heard() == b"abcdefgh"
    assert IMicrophone(stage.session).chunks == 2


@pytest.mark.parametrize(
    "datagram",
    [b"", b"abc", header(ANN, 1)[:5], header(BOB, 1) + b"abcd", b"\0" * 2000, header(ANN, 1)],
)
def test_what_is_nobodys_or_nothing_is_dropped(stage, datagram):
    stage.raw(datagram)

    assert stage.heard() == b""
    assert stage.answers() == 0


def test_nobody_gets_another_users_datagrams(stage):
    bob = session_in(stage.house, BOB)

    stage.register(ANN, session=bob)
    stage.datagram(b"abcd")
    stage.datagram(b"efgh", user_id=BOB)

    assert stage.heard() == b"abcd"
    assert IAudio(bob).recent() == b""


def test_of_two_users_with_one_hash_the_first_has_it(stage):
    class Other:
        """Somebody else's link."""

    port = IUdpPort(stage.house)

    assert port.register(user_hash(ANN), Other()) is False
    port.unregister(user_hash(ANN), Other())

    stage.datagram(b"abcd")
    assert stage.heard() == b"abcd"


def test_a_hash_may_come_as_a_signed_number(stage):
    udp_unregister.handle(UdpUnregister(user_id_hash=0), FakeContext(stage.house, stage.session))

    assert IUdp(stage.session).register(user_hash(ANN) - 2**32) is True


def test_unregistered_is_a_strangers(stage):
    message = UdpUnregister(user_id_hash=user_hash(ANN))

    udp_unregister.handle(message, FakeContext(stage.house, stage.session))
    stage.datagram(b"abcd")

    assert stage.heard() == b""


def test_datagrams_end_with_the_session(stage):
    success_of(ISessions(stage.house).end(stage.session, "test"))

    assert stage.clock.ports[0].protocol._links == {}
    assert IUdp(stage.session).register(user_hash(ANN)) is False
    stage.datagram(b"abcd")
    assert stage.clock.getDelayedCalls() == []


def test_once_the_phone_has_sent_nobody_else_can(stage):
    stage.datagram(b"PING1234", host=HOME)
    stage.answers()

    stage.datagram(b"abcd", host="203.0.113.66")
    stage.clock.advance(1)
    stage.datagram(b"PING", host="203.0.113.66")
    stage.datagram(b"efgh", host=HOME)
    stage.datagram(b"ijkl", 1, host=f"::ffff:{HOME}")

    assert stage.answers() == 0
    assert stage.heard() == b"efghijkl"


def test_who_is_quicker_than_the_phone_does_not_make_it_deaf(stage):
    stage.datagram(b"PING", host="203.0.113.66")
    stage.datagram(b"abcd", 7, host="203.0.113.66")

    stage.datagram(b"efgh", 8, host=PHONE)
    stage.datagram(b"ijkl", 9, host=HOME)
    stage.datagram(b"nope", 10, host=PHONE)

    assert stage.heard() == b"abcdefghijkl"


def test_where_it_is_wanted_nobody_else_ever_can():
    stage = stage_with(same_address=True)
    stage.register()

    stage.datagram(b"PING")
    stage.datagram(b"abcd")
    stage.datagram(b"efgh", host=HOME)

    assert (stage.answers(), stage.heard()) == (0, b"efgh")


def test_what_opens_is_the_phones_wherever_it_comes_from():
    stage = stage_with(same_address=True)
    stage.register()
    box = box_of(offer(stage, "udpEncryption"))

    stage.datagram(bytes(box.encrypt(b"abcd")), 1, host=HOME)
    stage.datagram(bytes(box.encrypt(b"efgh")), 2, host=PHONE)

    assert stage.heard() == b"abcdefgh"


def test_a_phone_that_registers_again_may_have_another_address(stage):
    stage.datagram(b"abcd", host=HOME)

    stage.register()
    stage.datagram(b"efgh", 40_000, host=PHONE)

    assert stage.heard() == b"abcdefgh"


def test_who_cannot_open_boxes_does_not_use_up_the_phones_rate():
    stage = stage_with(max_rate=0.1)
    stage.register()
    box = box_of(offer(stage, "udpEncryption"))

    for _ in range(5):
        stage.datagram(bytes(60))
    stage.datagram(bytes(box.encrypt(b"abcd")), 1)

    assert stage.heard() == b"abcd"


def test_half_a_sample_is_cut_off(stage):
    stage.datagram(b"abc", 1)
    stage.datagram(b"d", 2)
    stage.datagram(b"ef", 3)

    assert stage.heard() == b"abef"


def test_no_more_than_the_rate_is_heard():
    stage = stage_with(max_rate=1.0)
    stage.register()

    for number in range(15):
        stage.datagram(b"ab", number)
    first = len(stage.heard())
    stage.clock.advance(10)
    stage.datagram(b"ab", 10)

    assert (first, len(stage.heard())) == (20, 22)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([header(ANN, 0)[:4], header(BOB, 0)[:4], b"", b"\xff"]),
            st.binary(max_size=60),
        ),
        max_size=30,
    ),
    st.booleans(),
)
def test_no_bytes_whatever_do_any_harm(parts, is_encrypted):
    stage = stage_with()
    stage.register()
    if is_encrypted:
        offer(stage, "udpEncryption")

    for start, rest in parts:
        stage.raw(start + rest)

    # nothing but sound of Ann's, and in whole samples
    assert len(stage.heard()) % 2 == 0
    assert not (is_encrypted and stage.heard())


# -- pings


def test_a_ping_is_answered_through_the_socket(stage):
    for _ in range(3):
        stage.datagram(b"PING")
        stage.clock.advance(0.2)

    assert stage.answers() == 3
    assert stage.heard() == b""


def test_pings_in_a_row_are_answered_once(stage):
    for number in range(100):
        stage.datagram(b"PING and more", number)

    assert stage.answers() == 1


def test_a_short_ping_is_none(stage):
    stage.datagram(b"PIN")

    assert stage.answers() == 0


# -- the acknowledgement


def offer(stage: Stage, *asked: str) -> dict[str, Any]:
    stage.session.glasses.identity = Identity(ANN, asked_for=frozenset(asked))
    return dict(IUdpPort(stage.house).offer(stage.session))


def test_phones_are_told_where_to_send(stage):
    assert offer(stage) == {"udp_host": "udp.test", "udp_port": 8000, "udp_encryption": None}


def test_where_none_is_configured_none_is_offered_or_taken():
    clock = UdpClock()
    house = house_with(*PLUGINS, clock=clock)
    session = session_in(house)

    assert clock.ports == []
    assert IUdpPort(house).offer(session) == {}
    assert IUdpPort(house).port is None
    assert IUdp(session).register(user_hash(ANN)) is False


def test_it_listens_where_it_is_told_until_the_server_stops():
    stage = stage_with(port=9999, interface="192.0.2.1")
    (port,) = stage.clock.ports

    assert (port.number, port.interface, port.open) == (9999, "192.0.2.1", True)

    success_of(stage.house.stopService())
    assert port.open is False


def test_a_taken_port_is_told_in_a_sentence():
    house = house_with(*PLUGINS, clock=UdpClock(), sections=(UdpSettings(host="x", port=1),))

    with pytest.raises(ConfigError, match=r"cannot listen on UDP \*:1: taken; name another"):
        IUdpPort(house)


# -- secrets


def box_of(told: dict[str, Any]) -> nacl.secret.SecretBox:
    assert told["udp_encryption"]["algorithm"] == "xsalsa20-poly1305"
    return nacl.secret.SecretBox(base64.b64decode(told["udp_encryption"]["key"]))


def test_encrypted_datagrams_are_opened_and_others_dropped(stage):
    box = box_of(offer(stage, "udpEncryption"))

    stage.datagram(bytes(box.encrypt(b"abcd")), 1)
    stage.datagram(b"plain sound that somebody else sent, long enough to be a box", 2)
    stage.datagram(b"short", 3)
    stage.datagram(bytes(nacl.secret.SecretBox(bytes(32)).encrypt(b"wrong key")), 4)
    stage.datagram(bytes(box.encrypt(b"efgh")), 2)

    assert stage.heard() == b"abcdefgh"


def test_pings_are_never_encrypted(stage):
    offer(stage, "udpEncryption")

    stage.datagram(b"PING")

    assert stage.answers() == 1


def test_a_session_keeps_its_key_and_a_phone_that_does_not_ask_needs_none(stage):
    first = offer(stage, "udpEncryption")
    again = offer(stage, "udpEncryption")
    without = offer(stage)

    stage.datagram(b"abcd")

    assert first == again
    assert without["udp_encryption"] is None
    assert stage.heard() == b"abcd"


def test_users_have_different_keys(stage):
    bob = session_in(stage.house, BOB)

    assert IUdp(bob).secrecy(True) != IUdp(stage.session).secrecy(True)


# -- order


def run(arrivals: list[tuple[int, float]], **how: Any) -> list[int]:
    """The numbers that come out, for numbers that came in after a pause each."""
    order = Reordering(**{"most": 10, "patience": 0.02, "leap": 50, **how})
    now, out = 0.0, []
    for number, pause in arrivals:
        now += pause
        ready = order.take(number % COUNT, number.to_bytes(4, "big", signed=True), now)
        out += [int.from_bytes(one.payload, "big", signed=True) for one in ready]
    return out


def quick(*numbers: int) -> list[tuple[int, float]]:
    return [(number, 0.0) for number in numbers]


@pytest.mark.parametrize(
    ("came", "went"),
    [
        (quick(5, 6, 7), [5, 6, 7]),
        (quick(5, 7, 6, 8), [5, 6, 7, 8]),
        (quick(5, 5, 6, 6), [5, 6]),
        (quick(5, 7, 7, 6), [5, 6, 7]),
        (quick(5, 4, 6), [5, 6]),
        (quick(65_534, 65_535, 65_536, 65_537), [65_534, 65_535, 65_536, 65_537]),
        (quick(65_534, 65_537, 65_536, 65_535), [65_534, 65_535, 65_536, 65_537]),
        # one is lost: the others wait for ten of them, or for 20 ms
        (quick(0, *range(2, 12)), [0]),
        (quick(0, *range(2, 13)), [0, *range(2, 13)]),
        ([(0, 0), (2, 0), (3, 0.019)], [0]),
        ([(0, 0), (2, 0), (3, 0.02)], [0, 2, 3]),
        ([(0, 0), (2, 0), (4, 0.01), (5, 0.01)], [0, 2]),
        ([(0, 0), (2, 0), (4, 0), (0, 0.02)], [0, 2, 4]),
        # a leap begins anew, and what was held is gone
        (quick(0, 2, 51), [0]),
        (quick(0, 2, 52, 53), [0, 52, 53]),
        (quick(100, 51, 101), [100, 101]),
        (quick(100, 50, 51), [100, 50, 51]),
    ],
)
def test_the_order_of_datagrams(came, went):
    assert run(came) == went


@st.composite
def journeys(draw: st.DrawFn) -> tuple[int, list[tuple[int, float]]]:
    """Numbers from somewhere on, some lost, some twice, none far from its place."""
    start = draw(st.integers(0, COUNT - 1))
    sent = range(start, start + draw(st.integers(1, 80)))
    kept = [one for one in sent for _ in range(draw(st.sampled_from([0, 1, 1, 1, 1, 2])))]
    late = [(place + draw(st.integers(0, 15)), one) for place, one in enumerate(kept)]
    pauses = draw(st.lists(st.sampled_from([0.0, 0.005, 0.02]), min_size=len(kept)))
    return start, [(one, pause) for (_, one), pause in zip(sorted(late), pauses, strict=False)]


@given(journeys())
def test_whatever_happens_on_the_way_it_comes_out_in_order_and_nothing_waits_for_ever(journey):
    start, came = journey

    # whatever is still held goes on with the next ones
    more = [(start + 80 + number, 0.02) for number in range(3)]
    went = run(came + more)

    assert went == sorted(set(went))
    assert set(went) <= {number for number, _ in came + more}
    assert went[-1] == more[-1][0]


@given(st.lists(st.tuples(st.integers(0, COUNT - 1), st.floats(0, 0.05)), max_size=60))
def test_no_numbers_whatever_make_it_hold_much_or_repeat_itself(came):
    order = Reordering(most=10, patience=0.02, leap=50)
    now, out = 0.0, 0
    for number, pause in came:
        now += pause
        out += len(order.take(number, b"", now))
        assert len(order._held) <= 10

    assert out <= len(came)


@given(st.permutations(range(8)))
def test_a_few_that_overtake_each_other_lose_nothing(order):
    went = run(quick(100, *(101 + number for number in order)))

    assert went == list(range(100, 109))


# -- a real socket


@pytest_twisted.ensureDeferred
async def test_sound_comes_through_a_real_socket():
    from twisted.internet import reactor  # noqa: TID251 - the network itself is tried

    settings = UdpSettings(host="127.0.0.1", port=0, interface="127.0.0.1", patience=0.0)
    house = house_with(*PLUGINS, clock=reactor, sections=(settings,))
    session = session_in(house)
    address = ("127.0.0.1", IUdpPort(house).port)
    assert IUdp(session).register(user_hash(ANN))
    heard: Deferred[bytes] = Deferred()
    IAudio(session).listen(lambda data: heard.called or heard.callback(data), milliseconds=2)
    phone = reactor.listenUDP(0, DatagramProtocol(), "127.0.0.1")

    for sequence, payload in ((1, b"PING1234"), (2, b"a" * 32), (4, b"b" * 40)):
        phone.write(header(ANN, sequence) + payload, address)
    phone.write(b"junk", address)
    heard.addTimeout(10, reactor)

    assert await heard == b"a" * 32 + b"b" * 32
    assert any(isinstance(one, UdpPingAck) for one in session.glasses.sent)
    await phone.stopListening()
    await ISessions(house).end(session, "test")
    await house.stopService()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(address)


def test_a_strangers_datagram_is_looked_up_and_forgotten():
    links: dict[int, Any] = {}

    drops: list[int] = []

    protocol = Datagrams(links, lambda: drops.append(1))
    protocol.datagramReceived(header(BOB, 1) + b"abcd", ("203.0.113.66", 1))

    assert (links, drops) == ({}, [1])


def test_what_is_dropped_is_counted_by_its_reason():
    stage = stage_with(max_rate=0.4)
    stage.register()
    box = box_of(offer(stage, "udpEncryption"))

    stage.datagram(b"x", user_id=BOB)
    stage.datagram(b"not a box")
    for sequence in (1, 1, 1, 2, 3):
        stage.datagram(bytes(box.encrypt(b"ab")), sequence, host=HOME)
    stage.clock.advance(10)
    stage.datagram(b"PING", host=HOME)
    stage.datagram(b"PING", host=PHONE)

    figures = stage.house.metrics.registry
    assert {
        why: figures.get_sample_value("mentra_udp_dropped_total", {"why": why})
        for why in ("strange", "sealed", "late", "rate", "elsewhere")
    } == {"strange": 1, "sealed": 1, "late": 2, "rate": 1, "elsewhere": 1}


@pytest.mark.parametrize(
    ("query", "is_encrypted"), [({"udpEncryption": "true"}, True), ({"udpEncryption": "1"}, False)]
)
def test_the_acknowledgement_of_a_phone_that_asked_has_a_key(stage, query, is_encrypted):
    upgrade = FakeUpgrade(parameters={"token": f"user:{ANN}", **query})
    stage.session.glasses.identity = glasses_path.admit(upgrade, stage.house)

    acknowledged = msgspec.to_builtins(acknowledgement(stage.session, stage.house))

    assert (acknowledged["udpHost"], acknowledged["udpPort"]) == ("udp.test", 8000)
    assert ("udpEncryption" in acknowledged) is is_encrypted
