"""The JavaScript client's folder with its packages, a server it may talk to, and a browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from tests.npm import fetched
from tests.server.conftest import Running, free_port, is_ready, launch, wait_until

PROJECT = Path(__file__).parents[2]
CLIENT = PROJECT / "clients" / "js"
LEFT_OUT = shutil.ignore_patterns("node_modules", "dist")


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of ``clients/js`` (with ``examples/chat`` where it expects it), its packages there."""
    modules = fetched(CLIENT, "channels") / "node_modules"
    project = tmp_path_factory.mktemp("javascript")
    copy = project / "clients" / "js"
    shutil.copytree(CLIENT, copy, ignore=LEFT_OUT)
    shutil.copytree(PROJECT / "examples" / "chat", project / "examples" / "chat")
    (copy / "node_modules").symlink_to(modules)
    return copy


@attrs.define
class Channels:
    """A server whose channels have a port of their own.

    :ivar port: that port.
    :ivar settings: more of them, as TOML.
    """

    folder: Path
    web_port: int
    port: int
    settings: str = ""
    running: Running | None = None

    def start(self) -> Running:
        """Start it, on what the last one kept."""
        settings = f"[channels]\nport = {self.port}\n{self.settings}"
        self.running = launch(self.folder, self.web_port, self.folder / "state", settings)
        wait_until(lambda: is_ready(self.running), "the server")
        return self.running


@pytest.fixture
def channels(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Channels]:
    """A server, started."""
    made = Channels(tmp_path, free_port(), free_port(), getattr(request, "param", ""))
    made.start()
    yield made
    made.running.end()
