"""Medians and ratios of the benchmark."""

import pytest
from figures import columns, middle, ratio, spoilt, table


def traffic(*cpu_us: float) -> list[dict[str, float]]:
    return [{"cpu_us": value} for value in cpu_us]


def test_work_is_counted_by_second_of_cpu() -> None:
    per_cpu_second = columns("json200x1")[0]

    assert per_cpu_second.value({"cpu_us": 10.0}) == 100_000


def test_a_ratio_compares_values_of_the_same_round() -> None:
    # a machine twice as slow in the second round says nothing about who is faster
    ours, theirs = traffic(10, 20, 10), traffic(20, 40, 20)

    found = ratio(columns("json200x1")[0], ours, theirs)

    assert found == pytest.approx(2.0)


def test_a_failed_round_is_left_out() -> None:
    column = columns("json200x1")[0]
    ours = [{"failure": "it did not start"}, *traffic(10, 10)]

    assert middle([column.value(result) for result in ours]) == 100_000
    assert ratio(column, ours, traffic(1, 20, 20)) == pytest.approx(2.0)


def test_nothing_measured_is_no_figure() -> None:
    assert middle([]) is None
    assert ratio(columns("idle")[0], [], []) is None


@pytest.mark.parametrize("trouble", ["errors", "refused", "resets", "missing"])
def test_a_round_with_a_trouble_is_not_to_be_trusted(trouble: str) -> None:
    assert spoilt({"cpu_us": 1.0, trouble: 1})
    assert not spoilt({"cpu_us": 1.0, trouble: 0})


def test_the_table_names_bad_rounds() -> None:
    rounds = {"mentra": [{"failure": "gone"}, *traffic(10)], "node": traffic(20, 20)}

    lines = table("json200x1", "JSON", rounds, ["node", "bun"]).splitlines()

    assert lines[0] == "JSON"
    assert lines[1].split()[-2:] == ["x", "node"]
    assert lines[3].startswith("mentra (1 of 2 bad)")
    assert lines[3].split()[-1] == "2.00"
    assert lines[4].split()[-1] == "1.00"


def test_latency_is_compared_at_both_percentiles() -> None:
    rounds = {
        "mentra": [{"p50_us": 50.0, "p99_us": 300.0}],
        "bun": [{"p50_us": 100.0, "p99_us": 100.0}],
    }

    lines = table("lat2k", "latency", rounds, ["bun"]).splitlines()

    assert lines[3].split()[-2:] == ["0.50", "3.00"]
