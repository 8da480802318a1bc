"""The leaner turn of the reactor does what Twisted's own does, on real sockets."""

import errno
import os
import re
import socket
from types import SimpleNamespace

import pytest
from twisted.internet import tcp
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.pollreactor import PollReactor
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.selectreactor import SelectReactor
from twisted.internet.task import Clock
from twisted.python import context, log
from zope.interface import implementer

from mentra.testing.house import house_with
from mentra.testing.wire import client_frame, parse_frames
from mentra.wire import poll_loop
from mentra.wire.echo import ECHO_PLUGINS
from mentra.wire.poll_loop import install
from tests.wire.conftest import WING
from tests.wire.sockets import HandTurned, SocketClient, SocketPort


class Listener(Protocol):
    """Keeps what it hears; sends it back."""

    def __init__(self, scene):
        self.scene = scene
        self.heard = b""
        self.contexts = []
        self.lost = None

    def connectionMade(self):
        self.scene.protocols.append(self)

    def dataReceived(self, data):
        self.heard += data
        self.contexts.append(context.get(log.ILogContext).get("system"))
        self.scene.on_data(self, data)
        self.transport.write(data)

    def connectionLost(self, reason):
        self.lost = reason.type


@implementer(IHalfCloseableProtocol)
class HalfListener(Listener):
    """Goes on speaking when the other side has stopped."""

    half_lost = False

    def readConnectionLost(self):  # noqa: N802 - twisted's own name
        self.half_lost = True
        self.transport.write(b"still here")

    def writeConnectionLost(self):  # noqa: N802 - twisted's own name
        """Never happens here."""


class Turns:
    """Keeps when a turn began and ended, and in between what a scene adds."""

    def __init__(self):
        self.told = []

    def begin(self):
        self.told.append("begin")

    def end(self):
        self.told.append("end")


class Scene(HandTurned):
    """A server of listeners, and its clients."""

    def __init__(self, lean, reactor=None, protocol=Listener):
        super().__init__(reactor)
        self.protocols = []
        self.clients = []
        self.on_data = lambda listener, data: None
        self.turns = Turns()
        self.installed = lean and install(self.reactor, self.turns)
        factory = Factory()
        factory.noisy = False
        factory.buildProtocol = lambda address: protocol(self)
        self.port = self.reactor.listenTCP(0, factory, interface="127.0.0.1")

    def connect(self):
        """A client, and the server's end of it."""
        before = len(self.protocols)
        client = SocketClient(self, ("127.0.0.1", self.port.getHost().port))
        self.clients.append(client)
        self.until(lambda: len(self.protocols) > before, "a connection")
        return client, self.protocols[-1]

    def end(self):
        for client in self.clients:
            client.socket.close()
        super().end()


@pytest.fixture
def scene_with():
    """Makes scenes; they are closed at the end."""
    scenes = []

    def make(*args, **how):
        scenes.append(Scene(*args, **how))
        return scenes[-1]

    yield make
    for scene in scenes:
        scene.end()


@pytest.fixture(params=[True, False], ids=["lean", "stock"])
def scene(scene_with, request):
    """The same server on both loops."""
    made = scene_with(request.param)
    assert made.installed is request.param
    return made


# -- which loop it is --------------------------------------------------------------------------


def test_a_read_of_the_lean_loop_has_no_log_context_of_its_own(scene_with):
    found = {}
    for lean in (True, False):
        scene = scene_with(lean)
        client, server = scene.connect()
        client.send(b"hello")
        scene.until(lambda server=server: server.heard, "the greeting")
        found[lean] = server.contexts

    assert found[False] == ["Listener,0,127.0.0.1"]
    assert found[True] != found[False]


class Relative(EPollReactor):
    """A reactor of a kind that is not known."""


@pytest.mark.parametrize("kind", [Relative, PollReactor, SelectReactor])
def test_a_reactor_of_another_kind_is_left_alone(scene_with, kind):
    scene = scene_with(True, kind())
    client, server = scene.connect()

    client.send(b"hello")

    assert scene.until(lambda: client.read(), "the echo") == b"hello"
    assert scene.installed is False
    assert "doIteration" not in vars(scene.reactor)
    assert server.heard == b"hello"


@pytest.mark.parametrize("name", poll_loop.NEEDED)
def test_a_reactor_without_one_of_the_names_is_left_alone(scene_with, monkeypatch, name):
    # as it would be with a Twisted that calls it something else
    monkeypatch.setattr(poll_loop, "NEEDED", (*poll_loop.NEEDED, f"not_{name}"))

    scene = scene_with(True)

    client, _ = scene.connect()
    client.send(b"hello")
    assert scene.until(lambda: client.read(), "the echo") == b"hello"
    assert scene.installed is False


def test_what_is_no_reactor_is_left_alone():
    thing = SimpleNamespace(doIteration=None)

    assert install(thing, Turns()) is False
    assert thing.doIteration is None


# -- what it does ------------------------------------------------------------------------------


def test_bytes_arrive_whole_and_in_order(scene):
    client, server = scene.connect()
    sent = os.urandom(1_000_000)

    client.send(sent)

    assert scene.until(lambda: len(client.read()) == len(sent), "the echo")
    assert server.heard == sent
    assert client.got == sent


def test_a_client_that_hangs_up_is_told_as_always(scene):
    client, server = scene.connect()

    client.socket.close()

    assert scene.until(lambda: server.lost, "the end") is ConnectionDone


def test_a_client_that_crashes_is_told_as_always(scene):
    client, server = scene.connect()

    client.reset()

    assert scene.until(lambda: server.lost, "the end") is ConnectionLost


@pytest.mark.parametrize("lean", [True, False])
def test_who_only_stopped_speaking_can_still_be_spoken_to(scene_with, lean):
    scene = scene_with(lean, protocol=HalfListener)
    client, server = scene.connect()

    client.socket.shutdown(socket.SHUT_WR)

    assert scene.until(lambda: client.read(), "the answer") == b"still here"
    assert server.half_lost
    assert server.lost is None


@pytest.mark.parametrize("problem", [KeyError, SystemExit])
def test_an_error_while_reading_costs_that_connection_alone(scene, problem, logged_failures):
    def fail(listener, data):
        if data == b"fail":
            raise problem("a bug")

    scene.on_data = fail
    (bad, broken), (good, fine) = scene.connect(), scene.connect()

    bad.send(b"fail")
    good.send(b"hello")

    scene.until(lambda: broken.lost and good.read(), "the end of one and an echo of the other")
    assert broken.lost is problem
    assert fine.lost is None
    assert good.got == b"hello"
    # Twisted's own way goes through its older log, which is not looked at here
    assert [one["log_failure"].type for one in logged_failures] == [problem] * scene.installed
    logged_failures.clear()
    assert scene.until(lambda: bad.take() == b"" and bad.is_cut, "the client's end of it")


@pytest.mark.parametrize(
    ("error", "reason"), [(errno.ECONNRESET, ConnectionLost), (errno.EAGAIN, None)]
)
def test_an_error_of_the_socket_costs_that_connection_alone(scene, error, reason):
    (bad, broken), (good, fine) = scene.connect(), scene.connect()
    before = broken.transport.socket

    def refuse(*_):
        broken.transport.socket = before
        raise OSError(error, os.strerror(error))

    broken.transport.socket = SimpleNamespace(
        recv=refuse, fileno=before.fileno, close=before.close, shutdown=before.shutdown
    )
    bad.send(b"lost, or late")
    good.send(b"hello")

    scene.until(lambda: good.read() and (broken.lost or broken.heard), "both to be dealt with")
    assert broken.lost is reason
    assert broken.heard == (b"" if reason else b"lost, or late")
    assert fine.lost is None


def test_who_is_cut_off_by_another_within_one_turn_is_not_read_any_more(scene):
    pairs = [scene.connect() for _ in range(3)]

    def cut_the_others(listener, data):
        for other in scene.protocols:
            if other is not listener:
                other.transport.abortConnection()

    scene.on_data = cut_the_others
    for client, _ in pairs:
        client.send(b"me")

    scene.until(lambda: sum(one.lost is not None for one in scene.protocols) == 2, "two ends")
    assert sorted(one.heard for one in scene.protocols) == [b"", b"", b"me"]


def test_who_stopped_reading_is_read_when_they_go_on(scene):
    client, server = scene.connect()
    server.transport.pauseProducing()
    client.send(b"wait")
    for _ in range(3):
        scene.turn()
    meanwhile = server.heard

    server.transport.resumeProducing()

    assert scene.until(lambda: client.read(), "the echo") == b"wait"
    assert meanwhile == b""


def test_timers_run_all_the_same(scene):
    called = []
    scene.reactor.callLater(0, called.append, 1)

    scene.turn()

    assert called == [1]


def test_connections_of_a_class_of_their_own_go_the_stock_way(scene_with):
    class OwnServer(tcp.Server):
        def doRead(self):
            read.append(self)
            return super().doRead()

    read = []
    scene = scene_with(True)
    scene.port.transport = OwnServer
    client, _ = scene.connect()

    client.send(b"hello")

    assert scene.until(lambda: client.read(), "the echo") == b"hello"
    assert len(read) == 1


# -- what surrounds a turn ---------------------------------------------------------------------


def test_a_turn_surrounds_its_events_even_if_one_of_them_fails(scene_with, logged_failures):
    def note(listener, data):
        scene.turns.told.append(data)
        if data == b"fail":
            raise KeyError("a bug")

    scene = scene_with(True)
    scene.on_data = note
    (one, _), (other, _) = scene.connect(), scene.connect()
    scene.turns.told.clear()
    one.send(b"fail")
    other.send(b"hello")

    scene.turn()

    assert scene.turns.told[0] == "begin"
    assert sorted(scene.turns.told[1:3]) == [b"fail", b"hello"]
    assert scene.turns.told[3:] == ["end"]
    logged_failures.clear()


def test_a_turn_without_events_begins_nothing(scene_with):
    scene = scene_with(True)

    scene.turn()

    assert scene.turns.told == []


class Noted:
    """A socket that writes down when it is read and written."""

    def __init__(self, wrapped, notes):
        self._wrapped = wrapped
        self._notes = notes

    def recv(self, size):
        self._notes.append("recv")
        return self._wrapped.recv(size)

    def send(self, data, *flags):
        self._notes.append("send")
        return self._wrapped.send(data, *flags)

    def __getattr__(self, name):
        return getattr(self._wrapped, name)


@pytest.mark.parametrize(
    ("lean", "order"),
    [(True, ["recv", "recv", "send", "send"]), (False, ["recv", "send", "recv", "send"])],
)
def test_the_lean_loop_reads_from_all_before_it_sends_to_any(lean, order):
    notes = []

    def look_at(transport):
        transport.socket = Noted(transport.socket, notes)

    house = house_with(*ECHO_PLUGINS, clock=Clock())
    port = SocketPort(house, fast=True, look_at=look_at)
    try:
        assert not lean or install(port.reactor, port.edge.batch)
        clients = [port.client("/echo-ws") for _ in range(2)]
        for client in clients:
            client.send(client_frame(b"hello"))
        notes.clear()
        house.metrics.told.clear()

        port.turn()

        assert notes == order
        assert [client.read() for client in clients] == [b"\x81\x05hello"] * 2
        # measured once for all that left together
        measured = [one for one in house.metrics.told if one[:2] == ("observe", "relay")]
        assert len(measured) == (1 if lean else 2)
    finally:
        port.end()


def test_what_a_turn_gathers_for_a_connection_that_ends_in_it_is_forgotten():
    port = SocketPort(house_with(*WING, clock=Clock()), fast=True)
    try:
        install(port.reactor, port.edge.batch)
        first, second = port.glasses("ann@x.org"), port.glasses("bob@x.org")
        for client in (first, second):
            client.frames(1)
        gone = port.peers[0]
        for client in (first, second):
            client.say(type="ping")
        first.socket.close()

        port.until(lambda: second.read(), "the answer to the other")

        port.until(lambda: not gone.alive, "the end of the one")
        assert port.edge.batch.unsent == []
        assert port.edge.batch.began is None
    finally:
        port.end()


# -- both switches -----------------------------------------------------------------------------


def unnumbered(data):
    """The frames in *data*; connections are numbered over the whole process."""
    frames, rest = parse_frames(data)
    assert rest == b""
    return [(one.opcode, re.sub(rb"glasses-\d+", b"glasses-n", one.payload)) for one in frames]


def conversation(*, fast, lean):
    """What two clients get, of whatever kind frames are."""
    port = SocketPort(house_with(*WING, *ECHO_PLUGINS, clock=Clock()), fast=fast)
    try:
        assert not lean or install(port.reactor, port.edge.batch)
        glasses, echo = port.glasses(), port.client("/echo-ws")
        glasses.say(type="ping")
        glasses.say(type="nobody knows this")
        glasses.send(client_frame(b"\1\2" * 320, 2))
        glasses.say(type="request_settings")
        glasses.send(client_frame(b"{", 1))
        glasses.send(client_frame(b"", 9))
        echo.send(b"".join(client_frame(b"e" * size, 2) for size in (0, 125, 126, 70_000, 3)))
        echo.send(client_frame(b"in ", 1, final=False) + client_frame(b"parts", 0))
        echo.send(client_frame(b"\x03\xe8bye", 8))
        port.until(lambda: echo.read() and echo.is_cut, "the end")
        glasses.say(type="ping", timestamp=7)
        port.until(lambda: glasses.read().count(b'"pong"') == 2, "the second pong")
        return [unnumbered(client.take()) for client in (glasses, echo)]
    finally:
        port.end()


@pytest.mark.parametrize(("fast", "lean"), [(True, True), (True, False), (False, True)])
def test_no_switch_changes_what_anybody_gets(fast, lean):
    plain = conversation(fast=False, lean=False)

    assert conversation(fast=fast, lean=lean) == plain
    assert plain[1][-2:] == [(1, b"in parts"), (8, b"\x03\xe8")]
