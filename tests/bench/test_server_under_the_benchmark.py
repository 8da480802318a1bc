"""The server under the benchmark's programs: relayed, crowded, and compared on the wire."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
LIMIT = 16 * 1024 * 1024
pytestmark = pytest.mark.slow


@pytest.fixture
def bench_work(tmp_path: Path) -> Path:
    """A work folder; the test is skipped where nothing can be compiled."""
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        pytest.skip("there is no C compiler")
    return tmp_path


def run(name: str, *words: str, work: Path) -> "subprocess.CompletedProcess[str]":
    """A script of bench/, to its end."""
    return subprocess.run(
        [sys.executable, str(BENCH / name), *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "BENCH_WORK": str(work)},
    )


def test_apps_started_by_webhook_get_every_message(bench_work: Path) -> None:
    report = bench_work / "report.json"
    words = ["--quick", "--only", "mentra", "--json", str(report)]

    done = run("relay.py", *words, work=bench_work)

    assert done.returncode == 0, done.stdout + done.stderr
    for name, by in json.loads(report.read_text())["cases"].items():
        (result,) = by["mentra"]
        for trouble in ("errors", "refused", "resets", "missing"):
            assert not result.get(trouble), (name, result)


def test_a_crowd_loses_nothing(bench_work: Path) -> None:
    words = ["--idle", "100", "--busy", "10", "--rate", "200", "--secs", "2"]

    done = run("crowd.py", *words, work=bench_work)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("100 idle and 10 busy sessions, 120 connections, opened in ")
    assert "errors 0, refused upgrades 0, lost sockets 0, closes by code none" in done.stdout
    assert "missing 0" in done.stdout
