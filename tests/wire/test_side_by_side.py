"""Requests of one peer side by side: answers in any order, so many at a time, nothing left over."""

from typing import Any

import attrs
import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from mentra.errors import ConfigError
from mentra.extension import Limits
from mentra.interfaces.messaging import IPath, IPlaces, IRequestDialect, IWindowed
from mentra.testing.house import house_with, success_of
from mentra.testing.wire import Line, MemoryPort, advance, client_frame
from tests.wire.desk import DIALECT, DeskDialect, DeskPath


def desk(clock: Clock, **how: Any) -> tuple[DeskPath, MemoryPort, Line]:
    path = DeskPath(**how)
    port = MemoryPort(house_with(*path.handlers(), clock=clock), dialects=DIALECT)
    return path, port, port.call().upgrade("/desk")


def test_the_desk_keeps_the_promises_of_paths_and_dialects():
    assert verifyObject(IPath, DeskPath())
    assert verifyObject(IPlaces, DeskPath())
    assert verifyObject(IWindowed, DeskPath())
    assert verifyObject(IRequestDialect, DeskDialect())


def test_answers_come_as_they_are_ready_each_with_its_requests_id(clock: Clock):
    path, _, line = desk(clock)
    line.say(id="a", what="later")
    line.say(id="b", what="later")
    line.say(id="c", what="now")

    path.pending[1].callback("second")
    path.pending[0].callback("first")

    assert line.messages() == [
        {"id": "c", "answer": "now"},
        {"id": "b", "answer": "second"},
        {"id": "a", "answer": "first"},
    ]


def test_a_request_that_has_nothing_to_tell_is_answered_too(clock: Clock):
    _, _, line = desk(clock)

    line.say(id=7, what="nothing")

    assert line.messages() == [{"id": 7, "answer": None}]


def test_what_is_no_request_gets_its_answer_as_it_is(clock: Clock):
    _, _, line = desk(clock)

    line.say(what="now")

    assert line.messages() == [{"said": "Done"}]


def test_each_request_has_a_context_of_its_own(clock: Clock):
    path, _, line = desk(clock)

    line.say(id="a", what="later")
    line.say(id="b", what="now")

    assert path.seen[1:] == [("a", "1"), ("b", "2")]


def test_those_beyond_the_bound_wait_in_order_for_a_lane(clock: Clock):
    path, _, line = desk(clock)
    for number in range(5):
        line.say(id=number, what="later")
    assert len(path.pending) == 3

    path.pending[1].callback("done")

    assert len(path.pending) == 4
    assert [one[0] for one in path.seen[1:]] == [0, 1, 2, 3]
    assert line.messages() == [{"id": 1, "answer": "done"}]


def test_a_full_queue_stops_reading_and_goes_on_later(clock: Clock):
    path, _, line = desk(clock)
    for number in range(8):
        line.say(id=number, what="later")
    reads_no_more = line.transport.producerState

    for done in range(8):
        path.pending[done].callback("done")

    assert reads_no_more == "paused"
    assert line.transport.producerState == "producing"
    assert [one["id"] for one in line.messages()] == list(range(8))


def test_waiting_requests_that_answer_at_once_take_no_stack(clock: Clock):
    bounds = Limits(1000, 1_000_000, 10_000.0, 5000, side_by_side=2, counts_users=False)
    path, _, line = desk(clock, bounds=bounds)
    line.say(id="x", what="later")
    line.say(id="y", what="later")
    line.send_bytes(client_frame(b'{"id": 1, "what": "now"}') * 3000)

    path.pending[0].callback("done")

    assert len(line.messages()) == 3001


def test_a_handler_that_takes_too_long_costs_its_own_request_alone(clock: Clock, logged_failures):
    path, _, line = desk(clock)
    line.say(id="slow", what="later")
    line.say(id="long", what="long")

    advance(clock, 31, 1.0)
    line.say(id="next", what="now")
    path.pending[1].callback("at last")

    assert line.messages() == [
        {"id": "slow", "error": "HANDLER_TIMEOUT"},
        {"id": "next", "answer": "now"},
        {"id": "long", "answer": "at last"},
    ]
    logged_failures.clear()


def test_a_peer_that_goes_takes_its_requests_along(clock: Clock):
    path, port, line = desk(clock)
    cancelled: list[int] = []
    for number in range(5):
        line.say(id=number, what="later")
    for number, one in enumerate(path.pending):
        one._canceller = lambda _, number=number: cancelled.append(number)

    line.lose()

    assert sorted(cancelled) == [0, 1, 2]
    assert len(path.pending) == 3
    port.edge.stopService()
    assert clock.getDelayedCalls() == []


def test_a_request_may_send_its_peer_away(clock: Clock):
    _, _, line = desk(clock)

    line.say(id=1, what="go")

    assert [one.close_code for one in line.frames() if one.opcode == 8] == [4001]


def test_what_comes_before_the_handshake_is_answered_under_its_id(clock: Clock):
    _, _, line = desk(clock, shut=True)

    line.say(id=1, what="now")

    assert line.messages() == [{"id": 1, "error": "EARLY"}]


def test_the_dialect_says_what_the_sender_of_nonsense_is_told(clock: Clock):
    _, _, line = desk(clock)

    line.send_bytes(client_frame(b"{"))

    assert line.messages() == [{"bad": True}]


def test_a_stop_waits_for_requests_and_says_goodbye(clock: Clock):
    path, port, line = desk(clock)
    line.say(id=1, what="later")

    stopping = Deferred.fromCoroutine(port.edge.take_leave(10.0))
    advance(clock, 1)
    before = line.messages()
    path.pending[0].callback("done")
    advance(clock, 0.2)

    assert before == []
    assert line.messages() == [{"id": 1, "answer": "done"}, {"bye": True}]
    line.lose()
    advance(clock, 0.2)
    success_of(stopping)


def test_a_dialect_without_replies_cannot_run_requests_side_by_side(clock: Clock):
    path = DeskPath()
    house = house_with(*path.handlers(), clock=clock)

    with pytest.raises(ConfigError, match="side by side"):
        MemoryPort(house, dialects={"desk": lambda *_: object()})


def test_more_frames_than_the_window_allows_are_answered_and_not_run(clock: Clock):
    bounds = attrs.evolve(DeskPath().bounds, window=(2, 1.0))
    path, _, line = desk(clock, bounds=bounds)
    clock.advance(5)
    for number in range(2):
        line.say(id=number, what="now")
    clock.advance(0.25)

    line.say(id=2, what="now")

    assert line.messages()[2:] == [{"tooMany": '{"id": 2, "what": "now"}', "wait": 0.75}]
    assert len(path.seen) == 3


def test_a_new_window_begins_with_the_first_frame_after_the_last_one(clock: Clock):
    bounds = attrs.evolve(DeskPath().bounds, window=(1, 1.0))
    _, _, line = desk(clock, bounds=bounds)
    line.say(id=0, what="now")
    line.send_bytes(client_frame(b"{"))
    clock.advance(1.0)

    line.say(id=1, what="now")

    assert [one.get("id") for one in line.messages()] == [0, None, 1]
