"""Timing what language models say: that it runs, not how long anything takes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from models import EACH, FIRST

ROOT = Path(__file__).parents[2]


def test_what_is_promised_stands_in_the_manual() -> None:
    page = (ROOT / "docs" / "performance.rst").read_text("utf-8")

    for promise in (FIRST, EACH):
        row = page.partition(f"* - ``{promise.name}``")[2].partition("* - ``")[0]
        assert f"     - {promise.at_most:g} ms\n" in row


@pytest.mark.slow
def test_every_word_is_timed(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    words = ["--answers", "3", "--words", "4", "--json", str(report)]

    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / "models.py"), *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "BENCH_WORK": str(tmp_path / "work")},
    )

    assert done.returncode == 0, done.stdout + done.stderr
    times = json.loads(report.read_text())
    assert {name: len(each) for name, each in times.items()} == {"first chunk": 3, "each chunk": 12}
    assert all(time > 0 for each in times.values() for time in each)
    assert "; promised p95 5 ms: " in done.stdout
