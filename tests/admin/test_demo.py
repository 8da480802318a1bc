"""The demo as a newcomer runs it, and what it says when something is broken."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mentra.admin.children import program

pytestmark = pytest.mark.slow

PATIENCE = 90.0
"""Seconds; a busy machine is no failure."""

FAILS_TO_BEGIN = """
import os
from mentra.sdk import AppServer

class Broken(AppServer):
    async def on_session(self, session):
        raise LookupError("no words for this")

name, key, port = (os.environ[one] for one in ("PACKAGE_NAME", "MENTRAOS_API_KEY", "PORT"))
Broken(name, key, port=int(port)).run()
"""


ECHO = """
import os
from mentra.sdk import AppServer

class Echo(AppServer):
    async def on_session(self, session):
        session.on_transcription("en-US", lambda heard: session.show_text(heard.text))

name, key, port = (os.environ[one] for one in ("PACKAGE_NAME", "MENTRAOS_API_KEY", "PORT"))
Echo(name, key, port=int(port)).run()
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Ours, with a folder for temporary files, and settings that must not matter."""
    disturbing = {"MENTRA__SERVER__LISTEN": "tcp:1", "PORT": "1", "STATE_DIRECTORY": "/nowhere"}
    return {**os.environ, **disturbing, "TMPDIR": str(tmp_path)}


def demo(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program("mentra"), "demo", *arguments],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def assert_all_gone(folder: Path) -> None:
    """Neither files nor programs are left."""
    assert list(folder.glob("mentra-demo-*")) == []
    left = [
        entry.name
        for entry in Path("/proc").glob("[0-9]*")
        if str(folder).encode() in _command_of(entry)
    ]
    assert left == []


def _command_of(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:
        return b""


def test_once_it_shows_what_was_said_and_ends(environ: dict[str, str], tmp_path: Path):
    ended = demo(environ, "--once", "--within", "60")

    assert ended.returncode == 0, ended.stderr
    assert "│ Hello from the glasses." in ended.stdout
    for told in (
        "the server understood what was said aloud",
        "the app showed what was said",
        "the app has the photo",
        "the dashboard showed the app's line",
        "captions went on after the connection was lost",
    ):
        assert f"- {told}\n" in ended.stdout
    assert "┌ dashboard ─" in ended.stdout
    assert ended.stdout.count("- connected\n") == 2
    assert_all_gone(tmp_path)


def test_somebody_else_s_app_need_only_show_what_is_said(environ: dict[str, str], tmp_path: Path):
    echo = tmp_path / "echo.py"
    echo.write_text(ECHO)

    ended = demo(environ, "--once", "--app", str(echo), "--within", "60")

    assert ended.returncode == 0, ended.stderr
    assert "photo" not in ended.stdout
    assert "- captions went on after the connection was lost\n" in ended.stdout


def test_an_app_that_ends_is_named_at_once(environ: dict[str, str], tmp_path: Path):
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit('no captions today')")

    ended = demo(environ, "--once", "--app", str(broken), "--within", "60")

    assert ended.returncode == 1
    assert "app ended: no captions today" in ended.stderr
    assert_all_gone(tmp_path)


def test_an_app_that_does_not_begin_is_a_failure_with_the_reason(
    environ: dict[str, str], tmp_path: Path
):
    broken = tmp_path / "broken.py"
    broken.write_text(FAILS_TO_BEGIN)

    ended = demo(environ, "--once", "--app", str(broken), "--within", "12")

    assert ended.returncode == 1
    assert "Error: not within 12 seconds: the " in ended.stderr
    assert_all_gone(tmp_path)


def test_an_app_that_is_not_there_is_wrong_usage(environ: dict[str, str], tmp_path: Path):
    ended = demo(environ, "--once", "--app", str(tmp_path / "none.py"))

    assert ended.returncode == 2
    assert "does not exist" in ended.stderr


@contextmanager
def playing(environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The demo that goes on, up to where somebody has spoken."""
    process = subprocess.Popen(
        [program("mentra"), "demo"],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_everything_cleanly(
    environ: dict[str, str], tmp_path: Path, number: signal.Signals
):
    with playing(environ) as process:
        assert process.stdout is not None
        seen = ""
        for line in process.stdout:
            seen += line
            if "said: " in line:
                break

        process.send_signal(number)

        rest, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, seen + rest
        assert "Traceback" not in seen + rest
        assert_all_gone(tmp_path)
