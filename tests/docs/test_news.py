"""News fragments: one sentence each for whoever notices, and towncrier can read them."""

import re
import subprocess
import sys
import tomllib

import pytest

from tests.docs.manual import ROOT

FRAGMENTS = sorted(path for path in (ROOT / "news").iterdir() if path.suffix == ".rst")


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda path: path.name)
def test_a_fragment_is_one_sentence_of_a_known_type(fragment):
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["towncrier"]
    types = {one["directory"] for one in settings["type"]}
    text = fragment.read_text("utf-8").strip()

    assert re.fullmatch(rf"(\d+|\+[\w-]+)\.({'|'.join(types)})\.rst", fragment.name)
    assert "\n" not in text
    assert text.endswith(".")
    assert not re.search(r"\.\s+[A-Z]", text), "more than one sentence"


@pytest.mark.slow
def test_the_news_of_a_release_can_be_put_together():
    done = subprocess.run(
        [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "0.1.0"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "0.1.0" in done.stdout
    for fragment in FRAGMENTS:
        assert fragment.read_text("utf-8").split()[0] in done.stdout
