"""How often somebody may try."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from mentra.accounts import attempts
from mentra.accounts.attempts import Attempts


def test_so_many_attempts_are_free_and_the_next_has_to_wait():
    clock = Clock()
    tries = Attempts(clock, most=2, window=60.0)
    tries.count("ann")
    clock.advance(10.0)
    tries.count("ann")

    assert tries.wait("ann") == 50.0
    assert tries.wait("bob") == 0.0


def test_an_attempt_is_forgotten_after_the_window():
    clock = Clock()
    tries = Attempts(clock, most=1, window=60.0)
    tries.count("ann")

    clock.advance(60.0)

    assert tries.wait("ann") == 0.0
    assert tries._times == {}


def test_what_was_no_attempt_is_taken_back_and_who_is_proved_is_forgiven():
    tries = Attempts(Clock(), most=1, window=60.0)
    tries.count("ann")
    tries.take_back("ann")
    tries.take_back("nobody")

    assert tries.wait("ann") == 0.0
    tries.count("ann")
    tries.forgive("ann")
    assert tries.wait("ann") == 0.0


def test_strangers_cannot_fill_the_memory(monkeypatch):
    monkeypatch.setattr(attempts, "KEPT", 3)
    tries = Attempts(Clock(), most=1, window=60.0)

    for number in range(10):
        tries.count(f"stranger {number}")

    assert list(tries._times) == ["stranger 7", "stranger 8", "stranger 9"]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0.0, 50.0)), max_size=40))
def test_no_window_ever_has_more_than_was_allowed(steps):
    clock = Clock()
    tries = Attempts(clock, most=3, window=60.0)
    let_in = {"a": [], "b": []}
    for key, pause in steps:
        clock.advance(pause)
        if tries.wait(key) == 0.0:
            tries.count(key)
            let_in[key].append(clock.seconds())

    for times in let_in.values():
        for first, fourth in zip(times, times[3:], strict=False):
            assert fourth - first >= 60.0 - 1e-6
