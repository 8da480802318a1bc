"""WebSockets towards engines: opened, bounded, pinged, and told when they end."""

import pytest
from twisted.internet.defer import CancelledError
from twisted.internet.protocol import Factory, Protocol
from zope.interface.verify import verifyObject

from mentra.errors import Refused, UpgradeRefused
from mentra.interfaces.network import IWebSocket, IWebSocketClient
from mentra.testing.house import success_of
from mentra.testing.network import MemoryNetwork
from mentra.testing.socket_server import SocketServer
from mentra.web.connection import CLOSE_WITHIN, MAX_HEAD, PING_EVERY, SIGNS_OF_LIFE_WITHIN
from mentra.web.sockets import WebSocketClient

URL = "ws://engine.lan:9000/v1/listen?model=x"


class Listener:
    """Keeps what it is told; may be broken."""

    def __init__(self):
        self.texts, self.binaries, self.ends = [], [], []
        self.breaks = False

    def text(self, payload):
        if self.breaks:
            raise RuntimeError("the listener's own")
        self.texts.append(payload)

    def binary(self, payload):
        self.binaries.append(payload)

    def closed(self, code, reason):
        self.ends.append((code, reason))
        if self.breaks:
            raise RuntimeError("again")


@pytest.fixture
def network():
    return MemoryNetwork()


@pytest.fixture
def server(network, clock):
    made = SocketServer(clock)
    network.serve("engine.lan:9000", made)
    return made


@pytest.fixture
def client(network, clock):
    made = WebSocketClient(network, clock)
    made.startService()
    return made


@pytest.fixture
def listener():
    return Listener()


@pytest.fixture
def socket(client, server, network, listener):
    return opened(client, network, listener)


def opened(client, network, listener, **more):
    opening = client.open(URL, listener, **more)
    network.pump()
    return success_of(opening)


def refusal_of(opening):
    with pytest.raises(Refused) as refused:
        success_of(opening)
    return refused.value


def test_client_and_socket_keep_their_promises(client, socket):
    assert verifyObject(IWebSocketClient, client)
    assert verifyObject(IWebSocket, socket)


def test_it_is_asked_for_as_its_url_and_headers_say(client, server, network, listener):
    opened(client, network, listener, headers={"Authorization": "Token k"}, subprotocols=("a", "b"))

    request = server.last.request
    assert (request.path, request.params) == ("/v1/listen", {"model": ["x"]})
    assert request.headers["authorization"] == "Token k"
    assert request.headers["user-agent"].startswith("mentra/")
    assert request.protocols == ["a", "b"]


def test_messages_go_both_ways_in_their_kinds(socket, server, network, listener):
    socket.send("ü")
    socket.send(b"\x00\x01")
    server.last.say({"a": 1})
    server.last.say(b"\x02")
    network.pump()

    assert server.last.received == ["ü", b"\x00\x01"]
    assert (listener.texts, listener.binaries) == (['{"a": 1}'], [b"\x02"])


@pytest.mark.parametrize(
    ("status", "retryable"), [(401, False), (402, False), (429, True), (503, True), (200, False)]
)
def test_another_answer_than_101_is_a_refusal_with_its_status(
    client, server, network, listener, clock, status, retryable
):
    server.refusals.append((status, {"Retry-After": "7"}))

    opening = client.open(URL, listener, headers={"Authorization": "Token s3cret"})
    network.pump()

    refusal = refusal_of(opening)
    assert isinstance(refusal, UpgradeRefused)
    assert (refusal.status, refusal.retryable, refusal.retry_after) == (status, retryable, "7")
    assert "s3cret" not in str(refusal)
    assert listener.ends == []
    assert clock.getDelayedCalls() == []


class Babbler(Protocol):
    """Answers whatever comes with what a test gave it."""

    answer = b""

    def dataReceived(self, data):
        self.transport.write(self.answer)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 101 x\r\n\r\n",
        b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: bm8=\r\n\r\n",
        b"x" * (MAX_HEAD + 1),
    ],
)
def test_what_is_no_websocket_server_is_told_apart(client, network, listener, clock, answer):
    class Answering(Babbler):
        pass

    Answering.answer = answer
    network.serve("engine.lan:9000", Factory.forProtocol(Answering))

    opening = client.open(URL, listener)
    network.pump()

    refusal = refusal_of(opening)
    assert isinstance(refusal, UpgradeRefused)
    assert (refusal.status, refusal.retryable) == (0, True)
    assert clock.getDelayedCalls() == []


def test_nobody_there_is_unreachable(client, listener):
    refusal = refusal_of(client.open(URL, listener))

    assert (refusal.code, refusal.message) == ("UNREACHABLE", "the connection was refused")


def test_an_address_that_is_none_is_refused(client, listener):
    with pytest.raises(Refused):
        success_of(client.open("ws://", listener))


def test_a_server_that_hangs_up_before_the_upgrade_is_unreachable(client, network, listener):
    class Shy(Protocol):
        def connectionMade(self):
            self.transport.loseConnection()

    network.serve("engine.lan:9000", Factory.forProtocol(Shy))

    opening = client.open(URL, listener)
    network.pump()

    assert refusal_of(opening).code == "UNREACHABLE"
    assert listener.ends == []


@pytest.mark.parametrize("silence", ["no connection", "no upgrade"])
def test_silence_is_a_timeout(client, network, listener, clock, silence):
    if silence == "no connection":
        network.hang("engine.lan:9000")
    else:
        network.serve("engine.lan:9000", Factory.forProtocol(Protocol))
    opening = client.open(URL, listener, within=4.0)
    network.pump()

    clock.advance(4.0)
    network.pump()

    refusal = refusal_of(opening)
    assert (refusal.code, refusal.retryable) == ("TIMEOUT", True)
    assert clock.getDelayedCalls() == []
    assert listener.ends == []


@pytest.mark.parametrize("stage", ["no connection", "no upgrade"])
def test_giving_up_hangs_up(client, network, listener, clock, stage):
    if stage == "no connection":
        network.hang("engine.lan:9000")
    else:
        network.serve("engine.lan:9000", Factory.forProtocol(Protocol))
    opening = client.open(URL, listener)
    network.pump()

    opening.cancel()
    network.pump()

    with pytest.raises(CancelledError):
        success_of(opening)
    assert clock.getDelayedCalls() == []


# -- how it ends


def test_a_close_of_the_server_is_told_with_its_code_and_reason(
    socket, server, network, listener, clock
):
    server.last.end(4008, "no audio")
    network.pump()

    assert listener.ends == [(4008, "no audio")]
    assert clock.getDelayedCalls() == []


def test_a_broken_connection_is_1006(socket, network, listener, clock):
    network.cables[0].cut()

    assert listener.ends == [(1006, "")]
    assert clock.getDelayedCalls() == []
    socket.send("into the void")
    socket.close()
    socket.abort()


def test_a_close_of_ours_is_said_and_not_told(socket, server, network, listener, clock):
    socket.close(1000, "done")
    server.last.say({"too": "late"})
    network.pump()

    assert server.last.ended == (1000, "done")
    assert (listener.texts, listener.ends) == ([], [])
    assert clock.getDelayedCalls() == []


def test_a_server_that_never_lets_go_is_let_go(socket, server, network, listener, clock):
    network.cables[0].server.onCloseFrame = lambda *_: None
    socket.close()
    network.pump()

    clock.advance(CLOSE_WITHIN)
    network.pump()

    assert server.last.ended is not None
    assert clock.getDelayedCalls() == []


def test_an_abort_is_at_once(socket, server, network, listener, clock):
    socket.abort()
    network.pump()

    assert server.last.ended[0] == 1006
    assert listener.ends == []
    assert clock.getDelayedCalls() == []


def test_too_long_a_message_ends_it_with_1009(client, server, network, listener, clock):
    opened(client, network, listener, max_frame=1000)

    server.last.say(b"x" * 1001)
    network.pump()

    assert listener.binaries == []
    assert [code for code, _ in listener.ends] == [1009]
    clock.advance(CLOSE_WITHIN)
    assert clock.getDelayedCalls() == []


def test_a_message_of_just_the_bound_is_taken(client, server, network, listener):
    opened(client, network, listener, max_frame=1000)

    server.last.say(b"x" * 1000)
    network.pump()

    assert len(listener.binaries[0]) == 1000


def test_a_listeners_bug_ends_its_own_connection_only(
    client, server, network, listener, clock, logged_failures
):
    other = Listener()
    opened(client, network, listener)
    opened(client, network, other)
    listener.breaks = True

    for connection in server.connections:
        connection.say({"a": 1})
    network.pump()

    assert [code for code, _ in listener.ends] == [1011]
    assert other.texts == ['{"a": 1}']
    assert len(logged_failures) == 2
    logged_failures.clear()


def test_stopping_closes_what_is_open(client, socket, server, network, listener, clock):
    client.stopService()
    network.pump()

    assert server.last.ended is not None
    assert listener.ends == []
    assert clock.getDelayedCalls() == []


# -- signs of life


def test_a_server_that_answers_pings_is_alive(socket, network, listener, clock):
    for _ in range(10):
        clock.advance(PING_EVERY)
        network.pump()

    assert listener.ends == []


def test_one_that_says_nothing_for_too_long_is_gone(socket, network, listener, clock):
    for _ in range(int(SIGNS_OF_LIFE_WITHIN / PING_EVERY) + 1):
        clock.advance(PING_EVERY)

    assert listener.ends == [(1006, f"nothing came from the server for {SIGNS_OF_LIFE_WITHIN:g} s")]
    network.pump()
    assert clock.getDelayedCalls() == []


# -- a server that does not read


def test_what_may_drop_gives_way_the_oldest_first(client, server, network, listener):
    socket = opened(client, network, listener, max_queue=1000)
    network.cables[0].clog()

    for number in range(15):
        socket.send(bytes([number]) * 100, may_drop=True)

    assert (socket.queued, socket.dropped) == (1000, 500)
    network.cables[0].clear()
    network.pump()
    assert [one[0] for one in server.last.received] == list(range(5, 15))
    assert socket.queued == 0


def test_what_may_not_drop_keeps_its_place(client, server, network, listener):
    socket = opened(client, network, listener, max_queue=1000)
    network.cables[0].clog()

    socket.send("first")
    for number in range(15):
        socket.send(bytes([number]) * 100, may_drop=True)
    socket.send("last")
    network.cables[0].clear()
    network.pump()

    assert (server.last.received[0], server.last.received[-1]) == ("first", "last")
    assert socket.dropped == 600


def test_too_much_that_may_not_drop_ends_it(client, server, network, listener, clock):
    socket = opened(client, network, listener, max_queue=1000)
    network.cables[0].clog()

    socket.send("x" * 1001)
    network.pump()

    assert listener.ends == [(1006, "the server does not read what it is sent")]
    assert socket.queued == 0
    assert clock.getDelayedCalls() == []


def test_closing_sends_what_waits(client, server, network, listener):
    socket = opened(client, network, listener)
    network.cables[0].clog()
    socket.send("last words")

    socket.close()
    network.pump()

    assert server.last.received == ["last words"]
    assert server.last.ended == (1000, None)
