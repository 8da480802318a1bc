"""Holding frames back, and letting them go in their order."""

import pytest
from twisted.internet.task import Clock

from mentra.glasses.display.frames import HOUSE, Frame
from mentra.glasses.display.throttle import Throttle
from mentra.messages.display import ShowDisplay


def frame(owner: str) -> Frame:
    message = ShowDisplay(session_id="s", package_name=owner, view="main", layout={})
    return Frame(owner, message, 0.0)


@pytest.fixture
def released() -> list[Frame]:
    return []


@pytest.fixture
def throttle(clock: Clock, released: list[Frame]) -> Throttle:
    return Throttle(clock, 0.3, released.append)


def test_a_newer_frame_goes_to_the_end_of_the_line(throttle, clock, released):
    throttle.hold(frame("a"))
    throttle.hold(frame("b"))
    newest = frame("a")
    throttle.hold(newest)

    clock.advance(0.3)

    assert [one.owner for one in released] == ["b", "a"]
    assert released[1] is newest


def test_the_blank_frame_waits_behind_all_others(throttle, clock, released):
    throttle.hold(frame(HOUSE))
    clock.advance(0.2)
    throttle.hold(frame("a"))
    clock.advance(0.2)
    assert released == []

    clock.advance(0.1)

    assert [one.owner for one in released] == ["a", HOUSE]


def test_the_blank_frame_is_not_taken(throttle):
    throttle.hold(frame(HOUSE))

    assert throttle.take() is None
    assert throttle.holds(HOUSE)


def test_nothing_is_taken_too_early(throttle, clock):
    throttle.sent(frame("a"))
    throttle.hold(frame("b"))
    assert throttle.take() is None
    clock.advance(0.29)
    held = frame("b")
    throttle.hold(held)
    clock.advance(0.02)

    assert throttle.take() is held


def test_a_bug_in_what_is_released_costs_that_frame_alone(clock):
    released: list[str] = []

    def release(one: Frame) -> None:
        released.append(one.owner)
        if one.owner == "a":
            raise ZeroDivisionError

    throttle = Throttle(clock, 0.3, release)
    throttle.hold(frame("a"))
    throttle.hold(frame("b"))
    with pytest.raises(ZeroDivisionError):
        clock.advance(0.3)

    clock.advance(0)

    assert released == ["a", "b"]


def test_what_was_dropped_leaves_no_timer(throttle, clock):
    throttle.hold(frame("a"))

    throttle.drop("a")

    assert clock.getDelayedCalls() == []
