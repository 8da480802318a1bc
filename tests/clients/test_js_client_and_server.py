"""The JavaScript client in Node, and a real server."""

import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.clients.conftest import Channels
from tests.clients.test_js_client import npm_run

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
MINUTES = 180.0


@pytest.fixture(scope="module")
def built(workshop: Path) -> Path:
    """The client's module."""
    npm_run(workshop, "build")
    for script in HERE.glob("*.js"):
        shutil.copy(script, workshop)
    return workshop / "dist" / "index.js"


def node(built: Path, script: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["node", script, str(built), *words],
        cwd=built.parents[1], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_of_a_thousand_quick_requests_none_is_lost(built: Path, channels: Channels):
    asking = node(built, "quick_requests.js", f"ws://127.0.0.1:{channels.port}/", "1000")

    said, problem = asking.communicate(timeout=MINUTES)

    assert asking.returncode == 0, problem
    result = json.loads(said)
    assert (result["right"], result["kept"]) == (1000, 1000)
    assert result["limited"] > 0


def test_it_comes_back_after_its_server_was_killed(built: Path, channels: Channels):
    asking = node(built, "comes_back.js", f"ws://127.0.0.1:{channels.port}/")
    seen = []
    for line in asking.stdout:
        seen.append(line.strip())
        if seen[-1] == "ready":
            channels.running.stop(signal.SIGKILL)
            channels.start()

    asking.wait(MINUTES)

    assert asking.returncode == 0, asking.stderr.read()
    assert "closed" in seen
    assert seen[-3:] == ["found before", "closing", "closed"]
    asking.stdout.close()
    asking.stderr.close()
