"""What the manual tells somebody to type, who has OpenCode and nothing else, leads to an answer."""

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.docs.manual import Block, pages
from tests.docs.shell import first_missing
from tests.opencode.real.conftest import offline, settings_of
from tests.opencode.real.model import Model
from tests.opencode.real.package import binary
from tests.server.conftest import PATIENCE, free_port, program

pytestmark = pytest.mark.slow


def blocks() -> list[Block]:
    """The first part of the page, as far as it needs no network."""
    (page,) = [page for page in pages() if page.name == "docs/opencode.rst"]
    end = next(n for n, one in enumerate(page.blocks) if "password_file" in one.text)
    return [one for one in page.blocks[:end] if "pip install" not in one.text]


def test_whoever_follows_the_manual_gets_an_answer(tmp_path: Path):
    settings, serve, *others = blocks()
    model, port = Model(), free_port()
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "opencode").symlink_to(binary())
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "opencode.json").write_text(settings_of(model))
    # the page has OpenCode's usual ports, which may be taken here
    extra = f'url = "http://127.0.0.1:{port}"\nport = 0\n'
    (tmp_path / "mentra.toml").write_text(settings.text + "\n" + extra)
    path = f"{programs}:{Path(program('mentra')).parent}:{os.environ['PATH']}"
    environ = {**offline(tmp_path), "PATH": path}

    with (tmp_path / "log").open("wb") as log:
        running = subprocess.Popen(
            serve.commands[0].split(), cwd=tmp_path, env=environ, stdout=log, stderr=log
        )
    try:
        check, chat = others
        wait_for(check.commands[0], tmp_path, environ)
        for block in (check, chat):
            done = run(block.commands[0], tmp_path, environ)
            assert done.returncode == 0, done.stdout + done.stderr
            assert first_missing(block.printed, done.stdout) is None, done.stdout
        assert "Echo: Say hello." in done.stdout
        running.send_signal(signal.SIGTERM)
        assert running.wait(PATIENCE) == 0
    finally:
        running.kill()
        running.wait()
        model.close()


def run(command: str, folder: Path, environ: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, shell=True, cwd=folder, env=environ, capture_output=True, text=True, check=False,
        timeout=2 * PATIENCE,
    )  # fmt: skip


def wait_for(command: str, folder: Path, environ: dict[str, str]) -> None:
    """Until it succeeds: OpenCode takes some seconds to begin."""
    deadline = time.monotonic() + 4 * PATIENCE
    while run(command, folder, environ).returncode != 0:
        assert time.monotonic() < deadline, (folder / "log").read_text()
        threading.Event().wait(0.5)
