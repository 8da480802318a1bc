"""The benchmark of the voice assistant, run as anyone runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mentra.testing.spoken import has_flite

BENCH = Path(__file__).parents[2] / "bench"


@pytest.mark.slow
def test_turns_are_timed_and_interruptions_obeyed(tmp_path: Path) -> None:
    if not has_flite():
        pytest.skip("flite is not installed")

    environ = {**os.environ, "BENCH_WORK": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, str(BENCH / "voice.py"), "--conversations", "3", "--rounds", "1"],
        capture_output=True, text=True, check=False, env=environ,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("text", "first sound", "barge-in"):
        assert f"{name:13}     3 times" in done.stdout
    assert "sounds after an interruption: 0" in done.stdout
