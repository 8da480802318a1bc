"""The chat page in a real browser, with a real server."""

import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.clients.conftest import Channels

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
MINUTES = 180.0


@pytest.fixture
def browser() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("chromium is not installed")
    return found


def test_a_person_chats_reloads_searches_and_outlives_the_server(
    workshop: Path, channels: Channels, browser: str
):
    shutil.copy(HERE / "browse.js", workshop)
    address = f"http://127.0.0.1:{channels.web_port}/examples/chat/"
    browsing = subprocess.Popen(
        ["node", "browse.js", browser, address],
        cwd=workshop, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip

    assert browsing.stdout.readline().strip() == "restart", browsing.stderr.read()
    channels.running.stop(signal.SIGKILL)
    channels.start()
    said, problem = browsing.communicate(timeout=MINUTES)

    assert browsing.returncode == 0, problem
    seen = json.loads(said)
    assert seen["first"] == ["tell me of apples", "Echo: tell me of apples"]
    assert seen["reloaded"] == ["and of pears", "Echo: and of pears"]
    assert seen["chats"] == ["and of pears", "tell me of apples"]
    assert all("apples" in one for one in seen["found"])
    assert seen["drawn"] == "a boat"
    assert seen["dropped"] in ("not connected", "connecting")
    assert seen["back"][-2:] == ["are you back", "Echo: are you back"]
    assert seen["complaints"] == []
