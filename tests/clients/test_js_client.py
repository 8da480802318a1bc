"""The JavaScript client: its own tests, its types, and what is built of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.conftest import CLIENT, PROJECT

pytestmark = pytest.mark.slow

PAGE = PROJECT / "mentra" / "channels" / "page"
MINUTES = 300.0


def npm_run(folder: Path, script: str) -> str:
    """What an npm script printed; it must succeed."""
    done = subprocess.run(
        ["npm", "run", "--silent", script],
        cwd=folder, capture_output=True, text=True, timeout=MINUTES, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_the_map_of_channels_is_what_the_server_understands():
    done = subprocess.run(
        [sys.executable, str(CLIENT / "generate.py"), "--check"],
        cwd=PROJECT, capture_output=True, text=True, timeout=MINUTES, check=False,
    )  # fmt: skip

    assert done.stdout.strip() == "up to date"


def test_its_types_fit_those_of_the_page_too(workshop: Path):
    npm_run(workshop, "check")


def test_its_own_tests_pass(workshop: Path):
    said = npm_run(workshop, "test")

    assert "passed" in said


def test_it_is_built_as_modules_with_types(workshop: Path):
    npm_run(workshop, "build")

    built = {one.name for one in (workshop / "dist").iterdir()}
    assert {"index.js", "index.d.ts", "react.js", "react.d.ts"} <= built
    assert 'from "react"' in (workshop / "dist" / "react.js").read_text()


def test_the_page_that_is_served_is_built_from_its_source(workshop: Path):
    npm_run(workshop, "build:chat")

    built = workshop.parents[1] / "mentra" / "channels" / "page"
    for kept in PAGE.iterdir():
        assert (built / kept.name).read_text() == kept.read_text(), kept.name
