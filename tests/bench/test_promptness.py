"""Timing app starts and subscriptions: that it runs, not how long anything takes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from phone_and_app import Visit
from promptness import APP_START, SUBSCRIPTION, percentile

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("percent", "value"), [(0, 1.0), (5, 1.0), (50, 10.0), (95, 19.0), (100, 20.0)]
)
def test_a_percentile_is_a_time_that_was_measured(percent: float, value: float) -> None:
    shuffled = [float(number) for number in (*range(20, 10, -1), *range(1, 11))]

    assert percentile(shuffled, percent) == value


def test_the_app_s_own_time_is_what_the_server_waits_for() -> None:
    visit = Visit(1.0, None, {}, connecting=1.5, connected=3.0, said=3.25, acknowledged=9.0)  # type: ignore[arg-type] # no socket is used

    assert visit.own_time == 0.75


def test_what_is_promised_stands_in_the_manual() -> None:
    page = (ROOT / "docs" / "performance.rst").read_text("utf-8")

    for promise in (APP_START, SUBSCRIPTION):
        row = page.partition(f"* - ``{promise.name}``")[2].partition("* - ``")[0]
        assert f"     - {promise.at_most:g} ms\n" in row


@pytest.mark.slow
def test_every_start_and_every_update_is_timed(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    words = ["--starts", "3", "--updates", "5", "--json", str(report)]

    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / "promptness.py"), *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "BENCH_WORK": str(tmp_path / "work")},
    )

    assert done.returncode == 0, done.stdout + done.stderr
    times = json.loads(report.read_text())
    assert {name: len(each) for name, each in times.items()} == {
        "app start": 3,
        "subscription": 5,
    }
    assert all(time > 0 for each in times.values() for time in each)
    assert "app start         3 times: p50 " in done.stdout
    assert "; promised p95 5 ms: " in done.stdout
