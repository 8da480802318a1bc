"""One utterance's sound: given once, given again, and dropped, with every byte accounted for."""

import hypothesis.strategies as some
from hypothesis import given

from mentra.speech.job import PIECE, Job


def job():
    return Job(
        number=1, starts_ms=0, grammar="", interim=True, manner="",
        guessed=lambda guess: None, done=lambda guess, manner: None, failed=lambda problem: None,
    )  # fmt: skip


def all_of(one):
    return b"".join(iter(one.take, None))


def test_small_pieces_that_wait_are_given_together_and_large_ones_in_parts():
    one = job()
    for _ in range(100):
        one.add(b"ab" * 160)
    one.add(bytes(3 * PIECE))

    sizes = [len(piece) for piece in iter(one.take, None)]

    assert sizes == [PIECE] * 8
    assert one.waiting == one.new == 0
    assert one.given == 8 * PIECE


def test_a_piece_that_came_alone_is_given_alone():
    one = job()
    one.add(b"ab")

    assert one.take() == b"ab"
    assert one.take() is None


def test_what_was_given_once_waits_again_and_is_not_dropped():
    one = job()
    one.add(b"a" * PIECE)
    one.take()
    one.add(b"b" * PIECE)

    one.again()

    assert (one.waiting, one.new) == (2 * PIECE, PIECE)
    assert (one.drop_oldest(), one.drop_oldest()) == (PIECE, 0)
    assert all_of(one) == b"a" * PIECE


DEEDS = some.lists(
    some.one_of(
        some.tuples(some.just("add"), some.integers(1, 5000)),
        some.tuples(some.sampled_from(["take", "drop", "again"]), some.just(0)),
    )
)


@given(DEEDS)
def test_whatever_happens_its_figures_are_right(deeds):
    one, begun, came, dropped = job(), [], 0, 0
    for deed, number in deeds:
        if deed == "add":
            one.add(bytes(2 * number))
            came += 2 * number
        elif deed == "take":
            begun.append(len(one.take() or b""))
        elif deed == "drop":
            dropped += one.drop_oldest()
        else:
            one.again()
            begun.clear()
        assert one.given == sum(begun)
        assert one.waiting == came - dropped - one.given
        assert 0 <= one.new <= one.waiting
    rest = one.waiting
    assert len(all_of(one)) == rest
    assert (one.waiting, one.new) == (0, 0)
