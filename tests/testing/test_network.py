"""The network in memory does as a real one, and the fake WebSockets keep their promise."""

import pytest
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.protocol import Factory
from twisted.internet.testing import AccumulatingProtocol
from twisted.protocols.wire import Echo
from zope.interface.verify import verifyObject

from mentra.errors import Refused
from mentra.interfaces.network import IDial, IWebSocket, IWebSocketClient
from mentra.testing.house import success_of
from mentra.testing.network import FakeWebSocketClient, MemoryNetwork


@pytest.fixture
def network():
    return MemoryNetwork()


def call(network, address):
    class Clients(Factory):
        protocol = AccumulatingProtocol
        protocolConnectionMade = None  # noqa: N815 - twisted's own name
        protocolConnectionLost = None  # noqa: N815 - twisted's own name

    return network.endpoint(address).connect(Clients())


def test_what_is_said_reaches_the_server_and_comes_back(network):
    network.serve("10.0.0.1:7", Factory.forProtocol(Echo))
    protocol = success_of(call(network, "10.0.0.1:7"))

    protocol.transport.write(b"hello")
    network.pump()

    assert verifyObject(IDial, network)
    assert protocol.data == b"hello"
    network.cables[0].cut()
    assert protocol.closed


def test_nobody_is_where_nobody_was_put(network):
    with pytest.raises(ConnectionRefusedError):
        success_of(call(network, "10.0.0.1:7"))
    with pytest.raises(Refused):
        network.endpoint("nonsense")


def test_silence_can_be_given_up(network):
    network.hang("10.0.0.1:7")
    calling = call(network, "10.0.0.1:7")

    calling.cancel()

    with pytest.raises(CancelledError):
        success_of(calling)


class Listener:
    def __init__(self):
        self.told = []

    def text(self, payload):
        self.told.append(payload)

    binary = text

    def closed(self, code, reason):
        self.told.append((code, reason))


def test_fake_sockets_keep_the_promise():
    client, listener = FakeWebSocketClient(), Listener()
    opening = client.open("ws://x/", listener, headers={"A": "b"})
    socket = client.sockets[0]

    socket.accept()
    socket.send("hi")
    socket.hear("you")
    socket.hear(b"too")
    socket.end(1001, "bye")
    socket.hear("nobody hears")
    socket.close()
    socket.send("nobody gets")

    assert verifyObject(IWebSocketClient, client)
    assert verifyObject(IWebSocket, success_of(opening))
    assert socket.sent == ["hi"]
    assert listener.told == ["you", b"too", (1001, "bye")]


def test_fake_sockets_refuse_when_they_shall():
    client = FakeWebSocketClient()
    opening = client.open("ws://x/", Listener())
    client.sockets[0].refuse(Refused("UNREACHABLE", "no"))
    client.refusal = lambda: Refused("TIMEOUT", "late")

    for one, code in ((opening, "UNREACHABLE"), (client.open("ws://x/", Listener()), "TIMEOUT")):
        with pytest.raises(Refused) as refused:
            success_of(one)
        assert refused.value.code == code


def test_an_aborted_fake_socket_says_nothing_more():
    client, listener = FakeWebSocketClient(), Listener()
    client.open("ws://x/", listener)
    client.sockets[0].accept()

    client.sockets[0].abort()
    client.sockets[0].end()

    assert (client.sockets[0].code, listener.told) == (1006, [])
