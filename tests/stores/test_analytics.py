"""What people did, counted, in a database."""

import pytest
from zope.interface.verify import verifyObject

from mentra.interfaces.analytics import ICounts
from mentra.records import Happened
from mentra.stores.analytics import Dated
from mentra.stores.grains import start_of

ANN, BOB = "ann@x.org", "bob@x.org"
NOON = 1_748_779_200.0  # 2025-06-01T12:00:00Z, a Sunday
HOUR, DAY = 3600.0, 86_400.0
FAR = 1e11

ASKED = Happened(
    kind="ai", provider="echo", model="echo-1", input_tokens=3, output_tokens=4, cost=5
)
FAILED = Happened(kind="error", name="ai:chat", ok=False, code="TIMEOUT", retryable=True)


@pytest.fixture
def counts(kept):
    for user_id in (ANN, BOB):
        kept.wait(kept.users.create(user_id))
    return kept.analytics


def record(kept, *happened, at=NOON, user_id=ANN):
    dated = [Dated(user_id, at, one) for one in happened]
    return kept.wait(kept.analytics.record(dated))


def tallies(kept, grain="day", since=0.0, until=FAR, user_id=ANN):
    found = kept.wait(kept.analytics.tallies(user_id, grain, since, until))
    return sorted((one.start, one.kind, one.count, one.input_tokens) for one in found)


def sums(kept, grain="day"):
    """Counts by kind, whether they were put together or not."""
    made = {}
    for _, kind, count, _ in tallies(kept, grain):
        made[kind] = made.get(kind, 0) + count
    return made


def test_the_interface_is_provided(counts):
    assert verifyObject(ICounts, counts)


@pytest.mark.parametrize(
    ("grain", "begins"),
    [("hour", NOON), ("day", NOON - 12 * HOUR), ("week", NOON - 6 * DAY - 12 * HOUR),
     ("month", NOON - 12 * HOUR)],
)  # fmt: skip
def test_a_piece_of_time_begins_where_it_should(grain, begins):
    assert start_of(grain, NOON + 59.5) == begins


def test_totals_count_at_once(kept, counts):
    record(kept, ASKED, ASKED, FAILED, Happened(kind="session", name="start"))
    record(
        kept, Happened(kind="chat"), Happened(kind="images", images=3, cost=2),
        Happened(kind="session", name="end", active_seconds=1.5), at=NOON + 9,
    )  # fmt: skip

    kept.reopen()
    found = kept.wait(kept.analytics.totals(ANN))

    assert found.pop("user_id") == ANN
    assert found == {
        "ai_requests": 2, "input_tokens": 6, "output_tokens": 8, "cost": 12, "images": 3,
        "batches": 1, "messages": 0, "chats": 1, "searches": 0, "tools": 0, "sessions": 1,
        "active_seconds": 1.5, "first_at": NOON, "last_at": NOON + 9,
    }  # fmt: skip


def test_what_is_nobodys_is_not_counted(kept, counts):
    assert record(kept, ASKED, user_id="carol@x.org") == 0
    assert record(kept, ASKED, user_id="\0") == 0
    assert kept.wait(counts.totals("carol@x.org")) == {}
    assert kept.wait(counts.people()) == []


def test_counts_are_the_same_before_and_after_they_are_put_together(kept, counts):
    record(kept, ASKED, ASKED, FAILED)
    record(kept, ASKED, at=NOON + HOUR)
    before = [sums(kept, grain) for grain in ("hour", "day", "month")]

    rolled = [kept.wait(counts.roll(ANN)) for _ in range(2)]

    kept.reopen()
    assert rolled == [4, 0]
    assert before == [sums(kept, grain) for grain in ("hour", "day", "month")]
    assert before[0] == {"ai": 3, "error": 1}
    assert tallies(kept, "hour") == [
        (NOON, "ai", 2, 6), (NOON, "error", 1, 0), (NOON + HOUR, "ai", 1, 3)
    ]  # fmt: skip
    assert tallies(kept) == [(NOON - 12 * HOUR, "ai", 3, 9), (NOON - 12 * HOUR, "error", 1, 0)]


def test_what_comes_after_is_added_to_what_is_there(kept, counts):
    record(kept, ASKED)
    kept.wait(counts.roll(ANN))
    record(kept, ASKED)

    unrolled = sums(kept)
    kept.wait(counts.roll(ANN))

    assert unrolled == sums(kept) == {"ai": 2}
    assert len(tallies(kept)) == 1


def test_many_are_put_together_in_pieces(kept, counts, monkeypatch):
    monkeypatch.setattr("mentra.stores.analytics_store.MOST_ROLLED", 2)
    record(kept, *[ASKED] * 5)

    assert kept.wait(counts.roll(ANN)) == 5
    assert sums(kept) == {"ai": 5}


def test_only_what_is_asked_for_is_found(kept, counts):
    for days in range(4):
        record(kept, ASKED, at=NOON + days * DAY)
    kept.wait(counts.roll(ANN))
    midnight = start_of("day", NOON)

    found = tallies(kept, "day", midnight + DAY, midnight + 3 * DAY)

    assert [start for start, *_ in found] == [midnight + DAY, midnight + 2 * DAY]


def test_what_is_past_its_time_goes_but_months_stay(kept, counts):
    for days in range(4):
        record(kept, ASKED, at=NOON + days * DAY)
    kept.wait(counts.roll(ANN))
    record(kept, ASKED, at=NOON)

    deleted = kept.wait(
        counts.clean(ANN, {"raw": NOON + 1, "hour": NOON + 2 * DAY, "day": NOON + DAY})
    )

    # one event, two hours and two days; what was not put together yet is left
    assert deleted == 1 + 2 + 2
    assert sums(kept, "month") == {"ai": 5}
    assert kept.wait(counts.roll(ANN)) == 1
    assert kept.wait(counts.totals(ANN))["ai_requests"] == 5


def test_models_are_told_newest_first(kept, counts):
    record(kept, ASKED, at=NOON)
    record(kept, Happened(kind="ai", model="other"), FAILED, at=NOON + 1)

    assert kept.wait(counts.models(ANN, 10)) == [(NOON + 1, "other"), (NOON, "echo-1")]
    assert kept.wait(counts.models(ANN, 1)) == [(NOON + 1, "other")]


def test_any_word_is_kept_as_far_as_it_goes(kept, counts):
    record(kept, Happened(kind="tool", name="a\0b" + "x" * 1000))
    kept.wait(counts.roll(ANN))

    (one,) = kept.wait(counts.tallies(ANN, "day", 0.0, FAR))
    assert one.name == ("a b" + "x" * 1000)[:200]


def test_nobody_sees_what_is_anothers_and_it_goes_with_its_user(kept, counts):
    record(kept, ASKED)
    kept.wait(counts.roll(ANN))
    record(kept, ASKED, user_id=BOB)

    assert tallies(kept, user_id="\0") == []
    assert len(tallies(kept, user_id=BOB)) == 1
    assert sorted(kept.wait(counts.people())) == [ANN, BOB]
    kept.wait(kept.users.remove(ANN))
    assert (tallies(kept), kept.wait(counts.totals(ANN))) == ([], {})
    assert kept.wait(counts.people()) == [BOB]
