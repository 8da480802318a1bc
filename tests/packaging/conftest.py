"""The project as it is shipped: built, and installed into environments of its own."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.server.conftest import Running, SocketLine, free_port, is_ready, wait_until

ROOT = Path(__file__).parents[2]
INSTALLING = 600.0
"""Seconds; a registry may be far away."""

SHIPPED = ("setup.cfg", "pyproject.toml", "README.rst", "LICENSE", "mentra", "twisted")
"""What a build needs of a checkout; no MANIFEST.in, setup.py or leftovers of other builds."""

PLENTY = 120.0


def clean_environ(**more: str) -> dict[str, str]:
    """Ours, without what says which Python and which mentra."""
    ours = ("PYTHON", "VIRTUAL_ENV", "MENTRA", "STATE_DIRECTORY", "PORT")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | more


def run(*words: str, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        words, cwd=cwd, env=clean_environ(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=INSTALLING, check=False,
    )  # fmt: skip
    assert not check or done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done


def build(folder: Path, *what: str) -> Path:
    """Build the project in *folder*; where the archives are."""
    dist = folder / "dist"
    run(sys.executable, "-m", "build", "--no-isolation", *what, "--outdir", str(dist), cwd=folder)
    return dist


@attrs.frozen
class Environment:
    """A virtual environment.

    :ivar away: a folder that has nothing to do with it or with the checkout.
    """

    folder: Path
    away: Path

    @classmethod
    def make(cls, folder: Path) -> "Environment":
        (folder / "away").mkdir(parents=True)
        run(sys.executable, "-m", "venv", str(folder / "venv"), cwd=folder)
        made = cls(folder / "venv", folder / "away")
        found = made.pip("download", "-q", "--no-deps", "-d", str(folder / "probe"), "click",
                         check=False)  # fmt: skip
        if found.returncode:
            pytest.skip(f"pip reaches no package registry: {found.stderr.strip()[-200:]}")
        return made

    def program(self, name: str) -> str:
        return str(self.folder / "bin" / name)

    def run(self, name: str, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return run(self.program(name), *words, cwd=self.away, check=check)

    def pip(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = ("-m", "pip", "--disable-pip-version-check", *words)
        return self.run("python", *command, check=check)

    @contextmanager
    def server(self, folder: Path, settings: str = "") -> Iterator[Running]:
        """A running server with its files in *folder*; killed if nobody stops it."""
        running = self.start(folder, settings)
        try:
            wait_until(lambda: is_ready(running), "the server")
            yield running
        finally:
            if running.process.poll() is None:
                running.process.kill()
            running.process.wait()

    def start(self, folder: Path, settings: str = "") -> Running:
        config, log, state = folder / "mentra.toml", folder / "log", folder / "state"
        config.write_text(settings)
        port = free_port()
        words = [self.program("twistd"), "-n", "--pidfile=", "mentra", "--config", str(config)]
        words += ["--listen", f"tcp:{port}:interface=127.0.0.1", "--state-dir", str(state)]
        with log.open("w") as output:
            process = subprocess.Popen(
                words, stdout=output, stderr=output, text=True, cwd=self.away, env=clean_environ()
            )
        return Running(process, port, state, log, config)

    def talk(self, server: Running, *messages: dict[str, Any]) -> list[Any]:
        """What glasses hear that say *messages* and then ``ping``, up to the ``pong``."""
        where = ("--config", str(server.config), "--state-dir", str(server.state))
        token = self.run("mentra", "user", "token", "ann@x.org", *where).stdout.strip()
        line = SocketLine(server.port)
        try:
            assert line.upgrade(f"/glasses-ws?token={token}") == 101
            for message in (*messages, {"type": "ping"}):
                line.say(**message)
            heard = [line.frame().json]
            while heard[-1]["type"] != "pong":
                heard.append(line.frame().json)
            return heard
        finally:
            line.socket.close()


def stop(server: Running) -> int:
    """Its status after a SIGTERM."""
    server.process.send_signal(signal.SIGTERM)
    return server.process.wait(PLENTY)


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, for builds leave files behind."""
    copy = tmp_path_factory.mktemp("sources")
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            rubbish = shutil.ignore_patterns("__pycache__", "dropin.cache*")
            shutil.copytree(ROOT / name, copy / name, ignore=rubbish)
        else:
            shutil.copy(ROOT / name, copy)
    return copy


@pytest.fixture(scope="session")
def built(sources: Path) -> Path:
    """The folder with the sdist, and the wheel built from it."""
    return build(sources)


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    """The wheel."""
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def plain(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The wheel with what it declares, and no extra."""
    made = Environment.make(tmp_path_factory.mktemp("plain"))
    made.pip("install", "-q", str(wheel))
    return made


@pytest.fixture(scope="session")
def editable(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The sources as a developer of both installs them, with the extra for apps in Python."""
    made = Environment.make(tmp_path_factory.mktemp("editable"))
    made.pip("install", "-q", "--editable", f"{sources}[sdk]")
    return made
