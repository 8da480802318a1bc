"""Where a server's milliseconds are in the sound, when some of it never reached the server."""

from hypothesis import given
from hypothesis import strategies as st

from mentra.speech.timeline import BYTES_PER_MS, MOST_GAPS, Timeline


def test_without_gaps_nothing_moves():
    assert Timeline().said(1234.4) == 1234


def test_what_comes_after_a_gap_was_said_later():
    timeline = Timeline()

    timeline.lose(1000 * BYTES_PER_MS, 500 * BYTES_PER_MS)

    assert [timeline.said(ms) for ms in (0, 999, 1000, 2000)] == [0, 999, 1500, 2500]


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 20)), max_size=40))
def test_every_millisecond_that_arrives_is_where_it_was_said(chunks):
    timeline, arrived, position = Timeline(), [], 0

    for is_lost, ms in chunks:
        if is_lost:
            timeline.lose(len(arrived) * BYTES_PER_MS, ms * BYTES_PER_MS)
        else:
            arrived += range(position, position + ms)
        position += ms

    assert [timeline.said(ms) for ms in range(len(arrived))] == arrived


def test_only_so_many_gaps_are_kept_but_none_of_their_length_is_lost():
    timeline = Timeline()

    for number in range(MOST_GAPS + 500):
        timeline.lose(number * BYTES_PER_MS, BYTES_PER_MS)

    last = MOST_GAPS + 499
    assert timeline.said(last) == last + MOST_GAPS + 500
    assert len(timeline._starts) == MOST_GAPS
