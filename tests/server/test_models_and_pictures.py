"""Pages of a real server ask a language model that is a program of its own, and have pictures made
by a server that dies in the middle of it."""

import base64
import itertools
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.server.conftest import PATIENCE, Running, SocketLine

pytestmark = pytest.mark.slow

ANN = "ann@x.org"


class Page:
    """A page of Ann's on a real socket."""

    def __init__(self, server: Running) -> None:
        token = server.command("user", "token", ANN).stdout.strip()
        self.line = SocketLine(server.port)
        assert self.line.upgrade(f"/channels?token={token}") == 101
        self.ids = (f"r{number}" for number in itertools.count(1))
        self.events: list[tuple[str, Any]] = []

    def request(self, channel: str, payload: Any = None) -> str:
        request_id = next(self.ids)
        self.line.say(type="request", id=request_id, channel=channel, payload=payload)
        return request_id

    def ask(self, channel: str, payload: Any = None) -> Any:
        answer = self.answer(self.request(channel, payload))
        assert "error" not in answer, answer
        return answer.get("payload")

    def answer(self, request_id: str) -> Any:
        """The response to a request; events on the way are kept."""
        while True:
            frame = self.frame()
            if frame["type"] == "response" and frame["id"] == request_id:
                return frame

    def frame(self) -> Any:
        frame = self.line.frame()
        assert frame.opcode == 1, frame
        told = frame.json
        if told["type"] == "event":
            self.events.append((told["channel"], told["payload"]))
        return told

    def wait_for(self, channel: str) -> Any:
        """The next such event's payload."""
        while True:
            frame = self.frame()
            if frame["channel"] == channel:
                return frame["payload"]


@pytest.fixture
def stub() -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A language model in a process of its own: its base URL, and the process."""
    words = [sys.executable, "-m", "mentra.testing.openai_stub"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().strip(), process
    process.kill()
    process.wait(PATIENCE)
    process.stdout.close()


def settings(url: str) -> str:
    return (
        f'[llm.compatible.stub]\nbase_url = "{url}"\nmodel = "stub-1"\n'
        "[channels]\nown_port = false\nrate = 100000\n"
    )


def say(text: str) -> dict[str, Any]:
    return {"provider": "stub", "model": "", "messages": [{"role": "user", "content": text}]}


def test_a_model_in_a_process_of_its_own_answers_a_page_bit_by_bit(
    start: Callable[..., Running], stub: tuple[str, "subprocess.Popen[str]"]
) -> None:
    page = Page(start(settings(stub[0])))

    models = page.ask("ai:models", {"provider": "stub"})
    answer = page.ask("ai:chat-stream", say("how are you today"))

    chunks = [told["chunk"] for channel, told in page.events if channel == "ai:stream-chunk"]
    texts = [chunk["text"] for chunk in chunks if chunk["type"] == "text"]
    assert [one["id"] for one in models] == ["stub-1", "stub-2"]
    assert texts == ["You", " said:", " how", " are", " you", " today"]
    assert answer["content"] == "".join(texts)
    assert answer["usage"] == {"inputTokens": 7, "outputTokens": 11}
    assert page.events[-1][0] == "ai:stream-complete"


def test_a_model_that_dies_in_the_middle_is_told_and_costs_nothing_else(
    start: Callable[..., Running], stub: tuple[str, "subprocess.Popen[str]"]
) -> None:
    page = Page(start(settings(stub[0])))
    request_id = page.request("ai:chat-stream", say("word " * 500))
    page.wait_for("ai:stream-chunk")

    stub[1].send_signal(signal.SIGKILL)

    error = page.answer(request_id)["error"]
    assert (error["code"], error["message"].partition(":")[0]) == ("HANDLER_ERROR", "NETWORK_ERROR")
    assert page.events[-1][0] == "ai:stream-error"
    echo = {**say("still there?"), "provider": "echo", "model": "echo-1"}
    assert page.ask("ai:chat", echo)["content"] == "Echo: still there?"


def test_jobs_go_on_after_a_server_was_killed_and_no_picture_is_lost(
    start: Callable[..., Running], tmp_path: Any
) -> None:
    state = tmp_path / "state"
    how = "[channels]\nown_port = false\nrate = 100000\n"
    server = start(how, state)
    page = Page(server)
    group = page.ask("imagegen:list-groups")[0]["id"]
    entry = {
        "groupId": group, "prompt": "a cat", "batchCount": 40, "extParams": {"seed": 7},
        "resolution": {"width": 512, "height": 512},
    }  # fmt: skip
    page.ask("imagegen:create-entry", entry)
    told = [page.wait_for("imagegen:batch-completed")["images"][0] for _ in range(3)]

    server.stop(signal.SIGKILL)
    page = Page(start(how, state))
    jobs = page.ask("imagegen:list-jobs")
    if jobs[0]["state"] != "completed":
        page.wait_for("imagegen:job-completed")

    [job] = page.ask("imagegen:list-jobs")
    gallery = page.ask("imagegen:list-images", {"limit": 100, "sortBy": "oldest"})
    assert (job["state"], job["stats"]["totalImages"], gallery["total"]) == ("completed", 40, 40)
    assert gallery["images"][:3] == told
    pictures = set()
    for image in gallery["images"]:
        shown = page.ask("imagegen:get-image", {"id": image["id"]})
        pictures.add(base64.b64decode(shown["data"]))
    # each seed once, whatever was being drawn when it died
    assert len(pictures) == 40
    assert all(one.startswith(b"\x89PNG") for one in pictures)
    assert json.dumps(job["lastError"]) == "null"
