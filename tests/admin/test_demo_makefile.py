"""The Makefile's first step: a Python that will do, installed once."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here"),
]


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    # what a make above us exports would reach into this one
    environ = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )


def python_that(folder: Path, script: str) -> str:
    """A program that passes for a Python."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_without_a_target_the_targets_are_listed():
    listed = make().stdout

    for target in ("venv", "demo", "run", "test", "test-fast", "bench", "docs", "clean"):
        assert f"make {target} " in listed


def test_no_python_is_a_sentence(tmp_path: Path):
    failed = make("venv", f"VENV={tmp_path}/v", "PYTHON=no-such-python")

    assert failed.returncode == 2
    assert "There is no no-such-python here: install Python 3.11 or newer" in failed.stderr


def test_an_old_python_is_a_sentence(tmp_path: Path):
    old = python_that(tmp_path, 'case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac')

    failed = make("venv", f"VENV={tmp_path}/v", f"PYTHON={old}")

    assert failed.returncode == 2
    assert "is Python 3.9.2, and mentra needs 3.11 or newer" in failed.stderr


def test_a_python_without_venv_is_a_sentence(tmp_path: Path):
    bare = python_that(tmp_path, 'case "$2" in *venv*) exit 1;; *) exit 0;; esac')

    failed = make("venv", f"VENV={tmp_path}/v", f"PYTHON={bare}")

    assert failed.returncode == 2
    assert "cannot make virtual environments" in failed.stderr
    assert "python3-venv" in failed.stderr


def test_the_second_time_nothing_is_done(tmp_path: Path):
    stamp = tmp_path / "v" / ".installed"
    stamp.parent.mkdir()
    stamp.touch()

    again = make("venv", f"VENV={tmp_path}/v", "PYTHON=no-such-python")

    assert again.returncode == 0
    assert again.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (("demo",), "mentra demo  "),
        (("demo", "ONCE=1"), "mentra demo --once "),
        (("demo", "ONCE=0"), "mentra demo  "),
        (("run", "ARGS=--listen tcp:1"), "twistd -n --pidfile= mentra --listen tcp:1"),
        (("test-fast",), 'pytest -m "not slow"'),
    ],
)
def test_targets_run_what_they_say(tmp_path: Path, arguments: tuple[str, ...], command: str):
    stamp = tmp_path / ".installed"
    stamp.touch()

    planned = make("-n", *arguments, f"VENV={tmp_path}").stdout

    assert command in planned + " "
