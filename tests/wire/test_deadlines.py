"""Many who have the same time share one timer."""

import pytest

from mentra.wire.deadlines import Deadlines


class Waiting:
    """Notes when it was called."""

    def __init__(self, clock, called):
        self._clock = clock
        self._called = called

    def late(self):
        self._called.append((self, self._clock.seconds()))


def three(clock):
    called = []
    return Deadlines(clock, 10.0), [Waiting(clock, called) for _ in range(3)], called


def test_each_is_called_in_its_own_time(clock):
    deadlines, waiting, called = three(clock)
    for one in waiting:
        deadlines.add(one.late)
        clock.advance(3)

    clock.pump([1.0] * 20)

    assert called == [(waiting[0], 10), (waiting[1], 13), (waiting[2], 16)]
    assert clock.getDelayedCalls() == []


def test_who_is_removed_is_not_called(clock):
    deadlines, waiting, called = three(clock)
    for one in waiting:
        deadlines.add(one.late)

    deadlines.remove(waiting[0].late)
    clock.pump([1.0] * 10)

    assert [one for one, _ in called] == waiting[1:]


def test_who_is_removed_by_another_at_the_deadline_of_both_is_not_called(clock):
    deadlines, (first, second, _), called = three(clock)

    def remove_the_other():
        deadlines.remove(second.late)

    deadlines.add(remove_the_other)
    deadlines.add(second.late)
    deadlines.add(first.late)
    clock.advance(10)

    assert [one for one, _ in called] == [first]


def test_where_nobody_waits_there_is_no_timer(clock):
    deadlines, waiting, called = three(clock)
    for one in waiting:
        deadlines.add(one.late)

    for one in waiting:
        deadlines.remove(one.late)
        deadlines.remove(one.late)

    assert clock.getDelayedCalls() == []
    assert called == []


def test_however_many_wait_there_is_one_timer(clock):
    deadlines, waiting, _ = three(clock)

    for one in waiting:
        deadlines.add(one.late)

    assert len(clock.getDelayedCalls()) == 1


def test_who_comes_when_another_is_called_has_the_whole_time(clock):
    deadlines, (first, second, _), called = three(clock)
    deadlines.add(lambda: deadlines.add(second.late))
    deadlines.add(first.late)

    clock.pump([1.0] * 25)

    assert called == [(first, 10), (second, 20)]


def test_an_error_of_one_costs_no_other(clock):
    deadlines, (first, _, _), called = three(clock)

    def fail():
        raise KeyError("a bug")

    deadlines.add(fail)
    deadlines.add(first.late)
    with pytest.raises(KeyError):
        clock.advance(10)

    clock.advance(0)

    assert [one for one, _ in called] == [first]
