"""How many connections are let in, and when the others are told to come back."""

import pytest

from mentra.errors import Denied
from mentra.wire.admission import Admission, Bounds


def admission(clock, per_second, jitter=lambda: 0.0):
    bounds = Bounds(connections=1000, per_user=0, per_address=0, per_second=per_second)
    return Admission(clock, bounds, jitter)


def let_in(door):
    try:
        door.admit("192.0.2.1")
    except Denied:
        return False
    return True


@pytest.mark.parametrize(("per_second", "at_once"), [(5.0, 5), (2.5, 2), (1.0, 1), (0.5, 1)])
def test_a_second_s_worth_is_let_in_at_once_and_at_least_one(clock, per_second, at_once):
    door = admission(clock, per_second)

    assert [let_in(door) for _ in range(at_once + 1)] == [True] * at_once + [False]


def test_below_one_a_second_everybody_gets_in_after_a_while(clock):
    door = admission(clock, 0.25)
    taken = []

    for _ in range(9):
        taken.append(let_in(door))
        clock.advance(1.0)

    assert taken == [True, False, False, False, True, False, False, False, True]


def test_quiet_times_are_not_saved_up(clock):
    door = admission(clock, 3.0)
    clock.advance(3600.0)

    assert [let_in(door) for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 1), (0.5, 8), (0.999, 15)])
def test_who_is_refused_comes_back_within_fifteen_seconds(clock, jitter, seconds):
    door = admission(clock, 1.0, lambda: jitter)
    let_in(door)

    with pytest.raises(Denied) as refused:
        door.admit("192.0.2.1")

    assert (refused.value.status, refused.value.body["retryAfter"]) == (503, seconds)
