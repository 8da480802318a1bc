"""The manual builds without a warning, with and without the program that draws its pictures."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.manual import ROOT
from tests.docs.shell import is_here


def build(folder: Path, path: str) -> str:
    """Build the manual with *path* as the search path for programs; the architecture page."""
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "-q", "-E", "-d", str(folder / "trees"),
         "-b", "html", "docs", str(folder / "html")],
        cwd=ROOT, env={**os.environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return (folder / "html" / "architecture.html").read_text("utf-8")


@pytest.mark.slow
def test_without_graphviz_pictures_are_text(tmp_path: Path):
    page = build(tmp_path, "/nonexistent")

    assert "<object" not in page
    assert "messages  |  errors" in page


@pytest.mark.slow
@pytest.mark.skipif(not is_here("dot"), reason="there is no dot (graphviz) here")
def test_with_graphviz_layers_are_a_picture(tmp_path: Path):
    page = build(tmp_path, os.environ["PATH"])

    assert re.search(r'<object data="_images/graphviz-\w+\.svg"', page)
