"""The chat page in a real browser, with a real server."""

import json
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Channels
from tests.server.conftest import program

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
MINUTES = 180.0


@pytest.fixture
def browser() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("chromium is not installed")
    return found


def begin(script: str, workshop: Path, channels: Channels, browser: str) -> subprocess.Popen[str]:
    """A person who uses the page as *script* says, up to where the server is to be killed."""
    shutil.copy(HERE / script, workshop)
    address = f"http://127.0.0.1:{channels.web_port}/examples/chat/"
    browsing = subprocess.Popen(
        ["node", script, browser, address],
        cwd=workshop, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert browsing.stdout.readline().strip() == "restart", browsing.stderr.read()
    return browsing


def end(browsing: subprocess.Popen[str]) -> Any:
    """What they saw."""
    said, problem = browsing.communicate(timeout=MINUTES)
    assert browsing.returncode == 0, problem
    return json.loads(said)


def test_a_person_chats_reloads_searches_and_outlives_the_server(
    workshop: Path, channels: Channels, browser: str
):
    browsing = begin("browse.js", workshop, channels, browser)

    channels.running.stop(signal.SIGKILL)
    channels.start()

    seen = end(browsing)
    assert seen["first"] == ["tell me of apples", "Echo: tell me of apples"]
    assert seen["reloaded"] == ["and of pears", "Echo: and of pears"]
    assert seen["chats"] == ["and of pears", "tell me of apples"]
    assert all("apples" in one for one in seen["found"])
    assert seen["drawn"] == "a boat"
    assert seen["dropped"] == "Not connected, trying again …"
    assert seen["back"][-2:] == ["are you back", "Echo: are you back"]
    assert seen["complaints"] == []


@pytest.mark.parametrize("channels", ["[echo]\nword_pause = 0.3\n"], indirect=True)
def test_what_goes_wrong_is_said_and_nothing_that_was_written_is_lost(
    workshop: Path, channels: Channels, browser: str
):
    browsing = begin("troubles.js", workshop, channels, browser)

    channels.running.stop(signal.SIGKILL)
    assert browsing.stdout.readline().strip() == "down", browsing.stderr.read()
    channels.start()

    seen = end(browsing)
    assert seen["empty"] == ["There are no chats yet.", "Write something below to begin."]
    assert seen["nameless"] == []
    assert seen["too wide"] == []
    assert seen["stopped"].startswith("Echo: one")
    assert seen["stopped"].endswith(" …")
    assert "eleven" not in seen["stopped"]
    assert seen["liked"] == ["false", "true", "true"]
    assert seen["nothing found"] == "Nothing found."
    assert seen["unanswered"].startswith("There is no answer. NO_CREDENTIAL: ")
    assert seen["asked again"] == "Echo: hello?"
    assert seen["not sent"] == "It was not sent. There is no connection."
    assert seen["kept"] == "is this lost?"
    assert seen["sent later"] == "Echo: is this lost?"
    assert seen["after deleting"] == ["There are no chats yet.", "Write something below to begin."]
    assert seen["complaints"] == []


@pytest.mark.parametrize("channels", ["own_port = false\n"], indirect=True)
def test_from_elsewhere_it_asks_for_a_token_until_it_is_one(
    workshop: Path, channels: Channels, browser: str
):
    shutil.copy(HERE / "token.js", workshop)
    address = f"http://127.0.0.1:{channels.web_port}/examples/chat/"
    asking = [program("mentra"), "user", "token", "--config", str(channels.running.config)]
    asking += ["--state-dir", str(channels.running.state), "ann@example.org"]
    token = subprocess.run(asking, capture_output=True, text=True, check=True).stdout.strip()

    browsing = subprocess.run(
        ["node", "token.js", browser, address], input=token,
        cwd=workshop, capture_output=True, text=True, timeout=MINUTES, check=False,
    )  # fmt: skip

    assert browsing.returncode == 0, browsing.stderr
    seen = json.loads(browsing.stdout)
    assert seen["outside"] == [False, True, True]
    assert seen["refused"] == "The server does not know this token."
    assert seen["again"] == ["", "token", False, True, True]
    assert seen["inside"] == [True, False, False]
    assert seen["answer"] == "Echo: hello"
    assert seen["kept"] == "Echo: hello"
    assert seen["complaints"] == []
