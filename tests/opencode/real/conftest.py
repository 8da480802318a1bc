"""The real OpenCode behind a bridge, started by it; the model behind that is ours."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import attrs
import pytest

from mentra.sdk.opencode import OpencodeClient
from tests.opencode.real.model import Model
from tests.opencode.real.package import binary
from tests.server.conftest import Running, free_port, is_ready, launch, wait_until

Outcome = TypeVar("Outcome")


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

    def health(self) -> Any:
        return json.loads(self.server.get("/health")[1])["parts"]["opencode"]

    def process(self) -> int | None:
        """OpenCode's process id."""
        children = Path(f"/proc/{self.server.process.pid}/task/{self.server.process.pid}/children")
        for number in children.read_text().split():
            if "serve" in Path(f"/proc/{number}/cmdline").read_text().split("\0"):
                return int(number)
        return None


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


def start_bridge(folder: Path) -> Bridge:
    """A server in *folder*, with all that OpenCode keeps in it too."""
    program, model, port = binary(), Model(), free_port()
    project = folder / "project"
    project.mkdir()
    (project / "opencode.json").write_text(settings_of(model))
    environ = {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"}
    environ |= {"HOME": str(folder / "home")}
    for name in ("DATA", "CONFIG", "STATE", "CACHE"):
        environ[f"XDG_{name}_HOME"] = str(folder / "home" / name.lower())
    wanted = (
        "[opencode]\nenabled = true\nport = 0\n"
        f'url = "http://127.0.0.1:{port}"\ndirectory = "{project}"\n'
        f'command = ["{program}", "serve"]\n'
    )
    server = launch(folder, free_port(), folder / "state", wanted, **environ)
    made = Bridge(server, model, folder / "home", port)
    try:
        wait_until(lambda: is_ready(server), "the server")
        wait_until(lambda: made.health()["healthy"], "OpenCode")
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


@pytest.fixture
def environ_of(bridge: Bridge) -> dict[str, str]:
    """For commands that talk to it."""
    return {**os.environ, "HOME": str(bridge.home)}
