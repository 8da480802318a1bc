"""A graceful stop: everybody is told, work in hand is waited for, nothing accepted is lost."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from mentra.extension import handler
from mentra.messages import Message
from mentra.messages.apps import AppStopped
from mentra.testing.house import success_of
from mentra.testing.wire import advance, client_frame


class Store(Message, frozen=True, kw_only=True, tag="store"):
    """Answered once it is stored."""


def storing(pending: list[Deferred[None]]):
    @handler("glasses", Store)
    async def store(message: Store, context: Any) -> AppStopped:
        done: Deferred[None] = Deferred()
        pending.append(done)
        await done
        return AppStopped(message="stored")

    return store


def closes(line) -> list[tuple[int, bytes]]:
    return [(one.close_code, one.payload[2:]) for one in line.frames() if one.opcode == 8]


def test_every_peer_is_told_with_1001_and_the_stop_ends_when_all_are_gone(open_port, clock: Clock):
    _, port = open_port()
    lines = [port.glasses(f"user{n}@x.org") for n in range(3)]

    stopping = Deferred.fromCoroutine(port.edge.take_leave(10.0))
    advance(clock, 0.2)
    told = [closes(line) for line in lines]
    for line in lines:
        line.send_bytes(client_frame(b"\x03\xe9", 8))
        line.lose()
    advance(clock, 0.2)

    assert told == [[(1001, b"Server shutting down")]] * 3
    assert success_of(stopping) is None


def test_an_answer_that_is_being_waited_for_is_sent_before_the_close(open_port, clock: Clock):
    pending: list[Deferred[None]] = []
    _, port = open_port(storing(pending))
    line = port.glasses()
    line.frames()
    line.say(type="store")

    stopping = Deferred.fromCoroutine(port.edge.take_leave(10.0))
    stopping.addErrback(lambda failure: failure)
    advance(clock, 1)
    before = line.messages()
    pending[0].callback(None)
    advance(clock, 0.2)
    frames = [one for one in line.frames() if one.opcode != 9]

    assert before == []
    assert frames[0].json["message"] == "stored"
    assert frames[1].close_code == 1001
    line.lose()
    advance(clock, 0.2)
    success_of(stopping)


def test_what_comes_after_the_stop_began_is_not_accepted(open_port, clock: Clock):
    pending: list[Deferred[None]] = []
    _, port = open_port(storing(pending))
    line = port.glasses()
    line.say(type="store")
    stopping = Deferred.fromCoroutine(port.edge.take_leave(10.0))
    line.say(type="store")

    assert len(pending) == 1
    assert port.glasses().status == 503
    pending[0].callback(None)
    advance(clock, 0.2)
    line.lose()
    advance(clock, 0.2)
    success_of(stopping)


def test_the_drain_time_bounds_the_stop_whatever_peers_and_handlers_do(open_port, clock: Clock):
    pending: list[Deferred[None]] = []
    _, port = open_port(storing(pending))
    line, silent = port.glasses(), port.glasses("bob@x.org")
    line.say(type="store")

    stopping = Deferred.fromCoroutine(port.edge.take_leave(3.0))
    advance(clock, 3.2)
    told = closes(silent)
    advance(clock, 1)

    success_of(stopping)
    assert told == [(1001, b"Server shutting down")]
    assert line.transport.disconnected
    assert silent.transport.disconnected
    line.lose()
    silent.lose()
