"""The way from engines to their servers: where it leads, and where it must not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError
from twisted.internet.endpoints import _WrapperEndpoint
from twisted.internet.error import ConnectingCancelledError, DNSLookupError
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock
from zope.interface.verify import verifyObject

from mentra.addresses import addresses_of, is_near
from mentra.dial import MOST_ADDRESSES, Dial, Pinned
from mentra.errors import Refused
from mentra.interfaces.network import IDial
from mentra.server_address import Place, place_of
from mentra.testing.house import success_of
from mentra.testing.network import FakeNames


@pytest.fixture
def names():
    return FakeNames(
        {
            "near": ["192.168.1.5"],
            "far": ["8.8.8.8"],
            "both": ["10.0.0.1", "8.8.8.8"],
            "slow": None,
            "nobody": [],
            "many": [f"10.0.0.{number}" for number in range(100)],
        }
    )


@pytest.fixture
def reactor(names):
    made = MemoryReactorClock()
    made.installNameResolver(names)
    return made


def connect(dial, address):
    return dial.endpoint(address).connect(Factory.forProtocol(Protocol))


def test_it_keeps_its_promise(reactor):
    assert verifyObject(IDial, Dial(reactor))


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("10.0.0.1:10300", Place("10.0.0.1", 10300)),
        ("piper.lan:10200", Place("piper.lan", 10200)),
        ("[::1]:99", Place("::1", 99)),
        ("tcp://piper:10200", Place("piper", 10200)),
        ("tcp://piper:10200/", Place("piper", 10200)),
        ("unix:/run/x.sock", Place(path="/run/x.sock")),
        ("http://h", Place("h", 80)),
        ("https://h/v1?x=1", Place("h", 443, tls=True)),
        ("ws://h:81/a", Place("h", 81)),
        ("wss://[fd00::1]/a", Place("fd00::1", 443, tls=True)),
    ],
)
def test_addresses_are_read_in_all_their_forms(address, place):
    assert place_of(address) == place


@pytest.mark.parametrize(
    "address",
    ["", "host", "host:", ":80", "host:0", "host:65536", "ftp://h", "tcp://h", "unix:", "http://",
     "http://h:port", "http://[::1", "a b:80", "h:80/path"],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_the_forms_there_are(reactor, address):
    with pytest.raises(Refused, match="host:port") as refused:
        Dial(reactor).endpoint(address)

    assert refused.value.code == "BAD_ADDRESS"


@given(st.text(max_size=30) | st.from_regex(r"(wss?|https?|tcp|unix):/{0,3}[\\w.\\[\\]:%@-]{0,20}"))
def test_any_text_leads_somewhere_or_is_no_address(text):
    try:
        place = place_of(text)
    except ValueError:
        return

    assert place.path or (place.host and 0 < place.port < 65_536)


def test_a_connection_goes_to_the_address_of_the_name(reactor):
    connect(Dial(reactor), "far:80")

    assert reactor.tcpClients[0][:2] == ("8.8.8.8", 80)


def test_through_an_air_gap_it_goes_near(reactor):
    connect(Dial(reactor, air_gap=True), "near:80")

    assert reactor.tcpClients[0][:2] == ("192.168.1.5", 80)


@pytest.mark.parametrize(
    "address", ["far:80", "both:80", "8.8.8.8:80", "[2001:db8::1]:80", "https://far/v1"]
)
def test_through_an_air_gap_it_never_goes_far(reactor, address):
    connecting = connect(Dial(reactor, air_gap=True), address)

    with pytest.raises(Refused, match="neither local nor private") as refused:
        success_of(connecting)
    assert (refused.value.code, refused.value.retryable) == ("AIR_GAP", False)
    assert reactor.tcpClients == []


def test_the_refusal_names_the_name_and_what_it_meant(reactor):
    with pytest.raises(Refused, match=r"far \(8\.8\.8\.8\)"):
        success_of(connect(Dial(reactor, air_gap=True), "far:80"))


def test_a_name_that_moves_away_is_refused_from_then_on(reactor, names):
    dial = Dial(reactor, air_gap=True)
    endpoint = dial.endpoint("near:80")
    endpoint.connect(Factory.forProtocol(Protocol))

    names.names["near"] = ["8.8.8.8"]

    with pytest.raises(Refused):
        success_of(endpoint.connect(Factory.forProtocol(Protocol)))
    assert len(reactor.tcpClients) == 1


def test_a_name_is_looked_up_once_for_a_connection(reactor, names):
    connect(Dial(reactor, air_gap=True), "near:80")

    assert names.asked == ["near"]
    assert len(reactor.tcpClients) == 1


def test_a_unix_socket_is_near(reactor):
    connect(Dial(reactor, air_gap=True), "unix:/run/x.sock")

    assert reactor.unixClients[0][0] == "/run/x.sock"


def test_a_secure_scheme_is_tls(reactor):
    assert isinstance(Dial(reactor).endpoint("wss://near/x"), _WrapperEndpoint)


def test_a_name_nobody_knows_leads_nowhere(reactor):
    with pytest.raises(DNSLookupError):
        success_of(connect(Dial(reactor), "nobody:80"))


def test_giving_up_gives_up_the_look_up(reactor, names):
    connecting = connect(Dial(reactor), "slow:80")

    connecting.cancel()

    with pytest.raises(CancelledError):
        success_of(connecting)
    assert names.resolutions[0].cancelled


def test_giving_up_gives_up_the_connection(reactor):
    connecting = connect(Dial(reactor), "near:80")

    connecting.cancel()

    with pytest.raises(ConnectingCancelledError):
        success_of(connecting)
    assert reactor.getDelayedCalls() == []


def test_only_so_many_addresses_of_a_name_are_tried(reactor):
    connecting = connect(Dial(reactor), "many:80")
    for _ in range(200):
        reactor.advance(0.3)

    assert len(reactor.tcpClients) == MOST_ADDRESSES
    connecting.cancel()
    connecting.addErrback(lambda _: None)


def test_a_pinned_reactor_is_no_place_for_another_resolver(reactor, names):
    with pytest.raises(NotImplementedError):
        Pinned(reactor, []).installNameResolver(names)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.9.9.9", "10.1.2.3", "172.31.0.1", "192.168.0.1", "169.254.1.1", "::1",
     "fd00::1", "fe80::1", "fe80::1%eth0", "::ffff:10.0.0.1"],
)  # fmt: skip
def test_these_are_near(address):
    assert is_near(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "172.32.0.1", "192.169.0.1", "0.0.0.0", "::", "2001:db8::1", "100.64.0.1",
     "::ffff:8.8.8.8", "64:ff9b::a00:1", "224.0.0.1", "localhost", ""],
)  # fmt: skip
def test_these_are_not(address):
    assert not is_near(address)


def test_this_machine_knows_its_own_name():
    assert "127.0.0.1" in addresses_of("localhost")
    assert addresses_of("no such name") == ()
