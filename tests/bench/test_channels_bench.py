"""Measuring channels: that it runs, not how long anything takes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from channels import PROMISES, REQUESTS

ROOT = Path(__file__).parents[2]


def test_what_is_promised_stands_in_the_manual() -> None:
    page = (ROOT / "docs" / "performance.rst").read_text("utf-8")

    for promise in PROMISES:
        row = page.partition(f"* - ``{promise.name}``")[2].partition("* - ``")[0]
        unit = "x Node" if promise.is_ratio else "ms"
        assert f"{promise.bound:g} {unit}\n" in row


def test_a_ratio_is_to_be_high_and_a_time_low() -> None:
    assert [REQUESTS.is_kept(value) for value in (0.4, 0.5)] == [False, True]
    assert [PROMISES[1].is_kept(value) for value in (10.1, 10)] == [False, True]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm here")
def test_everything_is_measured(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    words = ["--rounds", "1", "--seconds", "0.3", "--messages", "200", "--pages", "10"]

    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / "channels.py"), *words, "--asked", "5",
         "--json", str(report)],
        capture_output=True, text=True, check=False,
        env={**os.environ, "BENCH_WORK": str(tmp_path / "work")},
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(report.read_text())
    assert set(found) == {promise.name for promise in PROMISES}
    assert all(value > 0 for value in found.values())
