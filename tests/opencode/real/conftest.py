"""The real OpenCode behind a bridge, started by it; the model behind that is ours."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import attrs
import pytest

from mentra.sdk import ChannelsClient
from mentra.sdk.opencode import OpencodeClient
from tests.opencode.real.model import Model
from tests.opencode.real.package import binary
from tests.server.conftest import Running, free_port, is_ready, launch, own_port, wait_until

Outcome = TypeVar("Outcome")

DEAD_END = "http://127.0.0.1:9"
"""A proxy that is not there: OpenCode looks for a plugin of its own on the internet."""


@attrs.define
class Bridge:
    """A server with a bridge, and the OpenCode that it started.

    :ivar port: OpenCode's.
    """

    server: Running
    model: Model
    home: Path
    port: int

    def client(self) -> OpencodeClient:
        return OpencodeClient.of(self.server.state)

    def do(self, work: Callable[[OpencodeClient], Awaitable[Outcome]]) -> Outcome:
        """With a client, in an event loop of its own."""

        async def connected() -> Outcome:
            async with asyncio.timeout(120), self.client() as client:
                return await work(client)

        return asyncio.run(connected())

    def seen(self, session_id: str) -> tuple[str, list[tuple[str, str, str | None]]]:
        """What a page sees of a session: its status, and of each entry type, text and status."""

        async def look() -> tuple[Any, Any]:
            async with asyncio.timeout(120):
                page = ChannelsClient(f"ws://127.0.0.1:{own_port(self.server)}/")
                await page.connect()
                session = await page.send("code:get-session", {"id": session_id})
                found = await page.send("code:get-transcript", {"sessionId": session_id})
                await page.disconnect()
                return session, found

        session, found = asyncio.run(look())
        entries = [
            (one["type"], one["content"], one.get("toolCallData", {}).get("status"))
            for one in found["entries"]
        ]
        return session["status"], entries

    def health(self) -> Any:
        return json.loads(self.server.get("/health")[1])["parts"]["opencode"]

    def process(self) -> int | None:
        """OpenCode's process id."""
        children = Path(f"/proc/{self.server.process.pid}/task/{self.server.process.pid}/children")
        for number in children.read_text().split():
            if "serve" in Path(f"/proc/{number}/cmdline").read_text().split("\0"):
                return int(number)
        return None


def patiently(condition: Callable[[], Any], what: str) -> None:
    """Wait until it is so; OpenCode needs some seconds, and on a busy machine many."""
    for _ in range(4):
        with contextlib.suppress(AssertionError):
            wait_until(condition, what)
            return
    raise AssertionError(f"waited in vain for {what}")


def offline(home: Path) -> dict[str, str]:
    """Variables for an OpenCode that finds all it keeps in *home*, and nothing on the internet."""
    made = {"HOME": str(home), "HTTPS_PROXY": DEAD_END, "https_proxy": DEAD_END}
    made |= {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"}
    for name in ("DATA", "CONFIG", "STATE", "CACHE"):
        made[f"XDG_{name}_HOME"] = str(home / name.lower())
    return made


def settings_of(model: Model) -> str:
    """An ``opencode.json`` with *model* and no other, whose tools need consent for the shell."""
    provider = {
        "npm": "@ai-sdk/openai-compatible", "name": "Local",
        "options": {"baseURL": model.url, "apiKey": "none"},
        "models": {"echo": {"name": "Echo"}, "other": {"name": "Other"}},
    }  # fmt: skip
    settings = {
        "model": "local/echo", "small_model": "local/echo", "permission": {"bash": "ask"},
        "provider": {"local": provider},
    }  # fmt: skip
    return json.dumps(settings)


def start_bridge(folder: Path, *, wait: bool = True) -> Bridge:
    """A server in *folder*, with all that OpenCode keeps in it too.

    :param wait: until OpenCode is there as well.
    """
    program, model, port = binary(), Model(), free_port()
    project = folder / "project"
    project.mkdir()
    (project / "opencode.json").write_text(settings_of(model))
    wanted = (
        "[opencode]\nenabled = true\nport = 0\n"
        f'url = "http://127.0.0.1:{port}"\ndirectory = "{project}"\n'
        f'command = ["{program}", "serve"]\n'
    )
    server = launch(folder, free_port(), folder / "state", wanted, **offline(folder / "home"))
    made = Bridge(server, model, folder / "home", port)
    try:
        wait_until(lambda: is_ready(server), "the server")
        if wait:
            patiently(lambda: made.health()["healthy"], "OpenCode")
    except BaseException:
        server.end()
        model.close()
        raise
    return made


@pytest.fixture(scope="session")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """One for all tests that leave it as it was."""
    made = start_bridge(tmp_path_factory.mktemp("opencode"))
    yield made
    assert made.server.stop() == 0, made.server.log.read_text()
    made.model.close()
