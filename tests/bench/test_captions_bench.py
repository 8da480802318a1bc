"""Measuring captions: that it runs and reckons well, not how long anything takes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from captions import SHARE, STALL, WORD, _delays, _spoken_at

ROOT = Path(__file__).parents[2]


def test_a_piece_is_sent_when_the_last_of_it_was_said() -> None:
    sent = [10.1, 10.2, 10.3]

    assert _spoken_at(100, sent) == 10.1
    assert _spoken_at(101, sent) == pytest.approx(10.101)
    assert _spoken_at(250, sent) == pytest.approx(10.25)


def test_a_word_s_delay_is_until_the_first_caption_that_has_it() -> None:
    tokens = [{"text": "good", "endMs": 100}, {"text": "day", "endMs": 200}]
    final = {"provider": "p", "metadata": {"p": {"tokens": tokens}}}
    captions = [
        (10.3, {"utteranceId": "u", "text": "good"}),
        (10.5, {"utteranceId": "u", "text": "good day"}),
        (10.9, {"utteranceId": "u", "text": "good day", **final}),
    ]

    delays = list(_delays(captions, [10.1, 10.2, 10.3]))

    assert delays == [pytest.approx(0.2), pytest.approx(0.3)]


def test_what_is_promised_stands_in_the_manual() -> None:
    page = (ROOT / "docs" / "captions.rst").read_text("utf-8")

    for promise in (SHARE, STALL, WORD):
        row = page.partition(f"* - ``{promise.name}``")[2].partition("* - ``")[0]
        assert f"     - {promise.at_most:g} ms\n" in row


@pytest.mark.slow
def test_every_figure_is_measured(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    words = ["--speakers", "3", "--secs", "1", "--only", "share", "--json", str(report)]

    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / "captions.py"), *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "BENCH_WORK": str(tmp_path / "work")},
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(report.read_text())["share"] > 0
    assert re.search(r"^share +[\d.]+ ms, promised 20 ms: .*3 speakers", done.stdout, re.MULTILINE)
