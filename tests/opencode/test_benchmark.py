"""The benchmark runs; how long anything takes is not looked at."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_each_figure_is_measured(tmp_path: Path):
    file = tmp_path / "figures.json"
    words = ["--requests", "30", "--words", "40", "--crowd", "3", "--crowd-words", "10"]

    done = subprocess.run(
        [sys.executable, "opencode.py", *words, "--json", str(file)],
        cwd=ROOT / "bench", capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(file.read_text())
    assert list(figures) == ["request", "token", "recorded", "crowd"]
    assert list(figures["token"]) == ["half", "95 in 100", "longest"]
    assert list(figures["crowd"]) == ["longest"]
    assert len(done.stdout.splitlines()) == 4
