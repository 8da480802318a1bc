"""On real sockets: what is sent is on its way at once, in order, and nobody pays for another."""

import os
import socket
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import tcp
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory

from mentra.messages.apps import AppStopped
from mentra.messages.audio import AudioChunk
from mentra.testing.house import house_with
from mentra.testing.wire import client_frame
from mentra.wire import lean, write_through
from mentra.wire.echo import ECHO_PLUGINS
from mentra.wire.write_through import can_write_through, quick_way
from tests.wire.conftest import WING
from tests.wire.sockets import SMALL, SocketClient, SocketPort


class Relative(tcp.Server):
    """A connection of a kind that is not known: anything may be different about it."""


@pytest.fixture
def listen(clock, tmp_path):
    """Makes ports on real sockets; they are closed at the end."""
    ports = []

    def make(*, fast=True, over="tcp", **how):
        path = str(tmp_path / "socket") if over == "unix" else None
        house = house_with(*WING, *ECHO_PLUGINS, clock=clock)
        ports.append(SocketPort(house, fast=fast, path=path, **how))
        return ports[-1]

    yield make
    for port in ports:
        port.end()


def small_buffer(transport):
    transport.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)


def texts(client, count):
    return [frame.json["message"] for frame in client.frames(count)]


# -- at once -----------------------------------------------------------------------------------


@pytest.mark.parametrize("over", ["tcp", "unix"])
def test_a_message_is_at_the_client_before_the_reactor_turns(listen, over):
    port = listen(over=over)
    client = port.glasses()
    client.frames(1)
    (peer,) = port.peers

    peer.send(AppStopped(message="now"))

    assert b'"now"' in client.read()
    assert not port.reactor.getWriters()


def test_without_the_fast_path_it_leaves_with_the_next_turn(listen):
    port = listen(fast=False)
    client = port.glasses()
    client.frames(1)
    (peer,) = port.peers

    peer.send(AppStopped(message="later"))
    before = client.read()

    assert before == b""
    assert texts(client, 1) == ["later"]


@pytest.mark.parametrize(("fast", "turns"), [(True, 1), (False, 2)])
def test_a_frame_is_answered_within_the_turn_that_reads_it(listen, fast, turns):
    port = listen(fast=fast)
    client = port.client("/echo-ws")

    client.send(client_frame(b"hello"))
    for _ in range(turns - 1):
        port.turn()
        assert client.read() == b""
    port.turn()

    assert client.read() == b"\x81\x05hello"


class Counted:
    """A socket that knows what was sent at a time."""

    def __init__(self, wrapped):
        self._wrapped = wrapped
        self.sent = []

    def send(self, data, *flags):
        self.sent.append(bytes(data))
        return self._wrapped.send(data, *flags)

    def __getattr__(self, name):
        return getattr(self._wrapped, name)


@pytest.mark.parametrize("fast", [True, False])
def test_what_the_frames_of_one_read_produce_is_sent_as_one(listen, fast):
    sockets = []

    def look_at(transport):
        transport.socket = Counted(transport.socket)
        sockets.append(transport.socket)

    port = listen(fast=fast, look_at=look_at)
    client = port.client("/echo-ws")
    before = len(sockets[0].sent)

    client.send(b"".join(client_frame(b"%d" % n) for n in range(9)))
    client.frames(9)

    assert len(sockets[0].sent) - before == 1


@pytest.mark.parametrize("fast", [True, False])
def test_the_welcome_leaves_together_with_the_answer_to_the_upgrade(listen, fast):
    sockets = []

    def look_at(transport):
        transport.socket = Counted(transport.socket)
        sockets.append(transport.socket)

    port = listen(fast=fast, look_at=look_at)

    port.glasses().frames(1)

    (sent,) = sockets[0].sent
    assert sent.startswith(b"HTTP/1.1 101 ")
    assert b'"connection_ack"' in sent


@pytest.mark.parametrize("fast", [True, False])
def test_who_is_not_let_in_is_told_before_the_connection_ends(listen, fast):
    port = listen(fast=fast)
    client = SocketClient(port, port.address)
    port.clients.append(client)

    client.send(
        b"GET /glasses-ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )

    port.until(lambda: client.read() and client.is_cut, "the refusal")
    assert client.got.startswith(b"HTTP/1.1 401 ")
    assert client.got.endswith(b"}")


@pytest.mark.parametrize("quick", [True, False])
def test_without_the_quick_beginning_an_upgrade_is_the_same(listen, monkeypatch, quick):
    # as it would be with an Autobahn that calls it something else
    assert lean.QUICK_BEGINNING
    monkeypatch.setattr(lean, "QUICK_BEGINNING", quick)
    port = listen()
    client = port.glasses()

    client.say(type="ping")

    assert [frame.json["type"] for frame in client.frames(2)] == ["connection_ack", "pong"]
    assert port.peers[0].address == "127.0.0.1"


# -- a receiver that does not read -------------------------------------------------------------


@pytest.mark.parametrize("over", ["tcp", "unix"])
@pytest.mark.parametrize("fast", [True, False])
def test_who_reads_nothing_for_a_while_then_reads_everything_in_order(listen, fast, over):
    port = listen(fast=fast, over=over, look_at=small_buffer)
    client = port.glasses(buffer=SMALL)
    client.frames(1)
    (peer,) = port.peers

    for number in range(300):
        peer.send(AppStopped(message=f"{number} " + "x" * 1500))
        if number % 7 == 0:
            peer.sendPing(b"%d" % number)
        if number % 50 == 0:
            port.turn()
    were_queued = port.edge.queued()

    expected = [
        (opcode, number)
        for number in range(300)
        for opcode in ((1, 9) if number % 7 == 0 else (1,))
    ]
    received = [
        (
            frame.opcode,
            int(frame.json["message"].split()[0] if frame.opcode == 1 else frame.payload),
        )
        for frame in client.frames(len(expected))
    ]
    assert were_queued > 0
    assert received == expected
    # and then as before
    peer.send(AppStopped(message="at last"))
    assert texts(client, 1) == ["at last"]


@pytest.mark.parametrize("fast", [True, False])
def test_a_frame_that_is_larger_than_all_buffers_arrives_whole(listen, fast):
    port = listen(fast=fast)
    client = port.client("/echo-ws")
    large = os.urandom(3_000_000)

    client.send(client_frame(large, 2) + client_frame(b"after it"))
    first, second = client.frames(2)

    assert first.payload == large
    assert second.payload == b"after it"


@given(st.lists(st.tuples(st.integers(0, 9000), st.booleans(), st.booleans()), max_size=40))
def test_in_whatever_pieces_a_receiver_reads_it_gets_what_was_sent(steps):
    port = SocketPort(house_with(*WING, clock=Clock()), fast=True, look_at=small_buffer)
    try:
        client = port.glasses(buffer=SMALL)
        client.frames(1)
        (peer,) = port.peers
        chunks = [bytes([number]) * size for number, (size, _, _) in enumerate(steps)]
        for chunk, (_, reads, turns) in zip(chunks, steps, strict=True):
            peer.send(AudioChunk(data=chunk))
            if reads:
                client.read()
            if turns:
                port.turn()

        received = client.frames(len(chunks))
    finally:
        port.end()

    assert [frame.payload for frame in received] == chunks


# -- a receiver that is gone -------------------------------------------------------------------


@pytest.mark.parametrize("fast", [True, False])
def test_a_client_that_crashed_costs_nobody_else_anything(listen, fast):
    port = listen(fast=fast)
    gone, other = port.glasses("ann@x.org"), port.glasses("bob@x.org")
    other.frames(1)
    dead, alive = port.peers

    gone.reset()
    for number in range(5):
        dead.send(AppStopped(message="lost"))
        alive.send(AppStopped(message=f"kept {number}"))
    port.until(lambda: port.peers == [alive], "the end of the dead connection")

    assert not dead.alive
    assert dead.send(AppStopped(message="quietly not")) is False
    assert texts(other, 5) == [f"kept {number}" for number in range(5)]


@pytest.mark.parametrize("fast", [True, False])
def test_a_close_frame_comes_after_all_that_was_sent_before_it(listen, fast):
    port = listen(fast=fast, look_at=small_buffer)
    client = port.glasses(buffer=SMALL)
    client.frames(1)
    (peer,) = port.peers
    for number in range(100):
        peer.send(AppStopped(message=f"{number} " + "x" * 1500))

    peer.close(1000, "bye")

    *before, last = client.frames(101)
    assert [int(frame.json["message"].split()[0]) for frame in before] == list(range(100))
    assert (last.opcode, last.close_code) == (8, 1000)


# -- connections that are not known ------------------------------------------------------------


def test_a_connection_of_another_kind_goes_the_public_way(listen):
    port = listen(transport=Relative)
    client = port.glasses()
    client.frames(1)
    (peer,) = port.peers

    peer.send(AppStopped(message="by and by"))

    assert client.read() == b""
    assert texts(client, 1) == ["by and by"]


def connection(**extra):
    """An open connection as the quick way sees it, nothing queued."""
    made = tcp.Server.__new__(tcp.Server)
    vars(made).update(
        dataBuffer=b"", _tempDataBuffer=[], connected=True, socket=SimpleNamespace(send=len)
    )
    vars(made).update(extra)
    return made


def test_a_plain_connection_is_known():
    assert can_write_through(connection())
    assert quick_way(connection())(b"four") == 4


@pytest.mark.parametrize("name", write_through.NEEDED)
def test_a_connection_without_one_of_the_names_is_not_known(monkeypatch, name):
    made = connection()
    vars(made).pop(name, None)
    for owner in tcp.Server.__mro__:
        if name in vars(owner):
            monkeypatch.delattr(owner, name)

    assert not can_write_through(made)


@pytest.mark.parametrize(
    "other",
    [
        StringTransport(),
        ProtocolWrapper(WrappingFactory(None), None),
        Relative.__new__(Relative),
        object(),
    ],
)
def test_a_transport_that_is_no_plain_connection_is_not_known(other):
    assert not can_write_through(other)


@pytest.mark.parametrize(
    "state", [{"dataBuffer": b"x"}, {"_tempDataBuffer": [b"x"]}, {"connected": False}]
)
def test_there_is_no_quick_way_past_what_is_queued(state):
    assert quick_way(connection(**state)) is None


@pytest.mark.parametrize("name", write_through.NEEDED)
def test_a_server_whose_twisted_lacks_a_name_speaks_all_the_same(listen, monkeypatch, name):
    # as it would be with a Twisted that calls it something else
    monkeypatch.setattr(write_through, "NEEDED", (*write_through.NEEDED, f"not_{name}"))
    port = listen()
    client = port.glasses()

    client.say(type="ping")

    ack, pong = client.frames(2)
    assert (ack.json["type"], pong.json["type"]) == ("connection_ack", "pong")
    assert not can_write_through(port.peers[0].transport)
