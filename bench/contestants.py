"""Who is measured, and how each server is started."""

import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from plans import App, apps
from processes import NotStarted, Running, free_port, started
from workshop import HERE, bun, javascript_peers

MOST_APPS = 5
SETTINGS = """\
# Bounds and rates that a load from one address runs into are raised; nothing is switched off.
[auth]
secret_file = "{secret_file}"

[wire]
max_connections = 100_000
admissions_per_second = 1_000_000.0

[glasses]
max_sessions = 100_000
max_rate = 1_000_000.0

[apps]
max_rate = 1_000_000.0
connect_timeout = 30.0
"""


class Contestant(Protocol):
    """A server to measure.

    :ivar secret: what its users' tokens are signed with.
    """

    name: str
    secret: str

    def running(self, cpu: int | None) -> AbstractContextManager[Running]:
        """The server, started anew on *cpu* and ended with the block.

        :raises NotStarted: it does not listen.
        """


class Peer:
    """A relay to compare with; it takes its secret from the environment."""

    def __init__(self, name: str, words: Sequence[str], folder: Path) -> None:
        self.name = name
        self.secret = secrets.token_hex(32)
        self._words = words
        self._folder = folder

    @contextmanager
    def running(self, cpu: int | None) -> Iterator[Running]:
        """See :class:`Contestant`."""
        port = free_port()
        words = [word.replace("{port}", str(port)) for word in self._words]
        log = self._folder / f"{self.name}.log"
        environment = {"BENCH_SECRET": self.secret}
        with started(words, port, log, environment=environment, cpu=cpu) as server:
            yield server


class Mentra:
    """This project's server, with the settings it ships with but for raised bounds.

    Its apps are saved once, with the command an operator has; every start gets a copy of that
    state, so that it remembers nothing of the run before.
    """

    name = "mentra"

    def __init__(self, folder: Path) -> None:
        self.secret = secrets.token_hex(32)
        self._folder = folder / "mentra"
        self._config = self._folder / "mentra.toml"
        self._webhook_port = free_port()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        secret_file = self._folder / "secret"
        secret_file.touch(mode=0o600)
        secret_file.write_text(self.secret + "\n")
        self._config.write_text(SETTINGS.format(secret_file=secret_file))
        for app in apps(MOST_APPS):
            add_app(app, self._webhook_port, self._where(self._folder / "saved"))

    @contextmanager
    def running(self, cpu: int | None) -> Iterator[Running]:
        """See :class:`Contestant`."""
        port = free_port()
        state = self._folder / "state"
        shutil.rmtree(state, ignore_errors=True)
        shutil.copytree(self._folder / "saved", state)
        words = [program("twistd"), "-n", "--pidfile=", "mentra", *self._where(state)]
        words += ["--listen", f"tcp:{port}:interface=127.0.0.1"]
        log = self._folder / "mentra.log"
        with started(
            words, port, log, environment={}, cpu=cpu, webhook_port=self._webhook_port
        ) as server:
            yield server

    def _where(self, state: Path) -> list[str]:
        return ["--config", str(self._config), "--state-dir", str(state)]


def add_app(app: App, webhook_port: int, where: Sequence[str]) -> None:
    """Save an app whose server is ours, with the command an operator has.

    :param where: the command's options that say which server it is for.
    :raises NotStarted: the command refused.
    """
    command = [program("mentra"), "app", "add", app.package_name, "--type", "background"]
    command += ["--url", f"http://127.0.0.1:{webhook_port}", "--api-key", app.api_key]
    command += ["--permission", "MICROPHONE", "--permission", "READ_NOTIFICATIONS"]
    done = subprocess.run(
        [*command, "--replace", *where], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotStarted(f"mentra app add: {done.stderr.strip()[-400:]}")


def program(name: str) -> str:
    """A command of the environment this runs in."""
    return str(Path(sys.executable).with_name(name))


def _bun(folder: Path, *more: str) -> Peer:
    peers = javascript_peers(folder)
    words = [str(bun(peers)), str(peers / "bun_relay.js"), "{port}", *more]
    return Peer("-".join(("bun", *more)), words, folder)


def _node(folder: Path) -> Peer:
    words = ["node", str(javascript_peers(folder) / "node_relay.js"), "{port}"]
    return Peer("node", words, folder)


def _stock(folder: Path) -> Peer:
    words = [sys.executable, str(HERE / "peers" / "stock_relay.py"), "{port}"]
    return Peer("stock", words, folder)


CONTESTANTS: dict[str, Callable[[Path], Contestant]] = {
    "mentra": Mentra,
    "node": _node,
    "bun": _bun,
    "bun-publish": lambda folder: _bun(folder, "publish"),
    "stock": _stock,
}
"""Name to what makes the contestant; the maker raises ``Unavailable`` or ``NotStarted``."""
