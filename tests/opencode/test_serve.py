"""The bridge alone, as a process, in front of a stand-in for OpenCode."""

import json
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from tests.server.conftest import PATIENCE, free_port, program, wait_until

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@attrs.define
class Alone:
    """The process, and where its things are."""

    process: "subprocess.Popen[bytes]"
    folder: Path
    taken: int

    def mentra(self, *words: str) -> "subprocess.CompletedProcess[str]":
        where = ["--config", str(self.folder / "mentra.toml")]
        where += ["--state-dir", str(self.folder / "s")]
        return subprocess.run(
            [program("mentra"), "opencode", *words, *where],
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip

    def handout(self) -> dict[str, object] | None:
        file = self.folder / "s" / "opencode.json"
        return json.loads(file.read_text()) if file.exists() else None


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Alone]:
    """A bridge whose first port is taken already."""
    stub_port = free_port()
    stub = subprocess.Popen(
        [sys.executable, str(ROOT / "bench" / "opencode_stub.py"), str(stub_port), "3", "0.01"],
    )  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = f'[opencode]\nport = {port}\nurl = "http://127.0.0.1:{stub_port}"\n'
        (tmp_path / "mentra.toml").write_text(settings)
        words = ["opencode", "serve", "--config", str(tmp_path / "mentra.toml")]
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(
                [program("mentra"), *words, "--state-dir", str(tmp_path / "s")],
                stdout=log, stderr=log,
            )  # fmt: skip
        made = Alone(process, tmp_path, port)
        try:
            wait_until(lambda: answers(stub_port), "the stand-in")
            wait_until(made.handout, f"the bridge: {(tmp_path / 'log').read_text()}")
            yield made
        finally:
            for one in (process, stub):
                one.kill()
                one.wait()


def test_it_takes_the_next_port_and_only_this_machine_s(alone):
    port = alone.handout()["port"]

    assert port in range(alone.taken + 1, alone.taken + 10)
    assert answers(port)
    with pytest.raises(ConnectionRefusedError):
        # this machine as well, and another address
        socket.create_connection(("127.0.0.2", port), PATIENCE)


@pytest.mark.skipif(
    not all(map(shutil.which, ("ip", "nsenter", "unshare"))), reason="ip or unshare is not here"
)
def test_another_machine_does_not_reach_it(tmp_path):
    settings = '[opencode]\nurl = "http://127.0.0.1:9"\n'
    (tmp_path / "mentra.toml").write_text(settings)
    words = [sys.executable, "-m", "tests.opencode.other_namespace"]
    words += [str(tmp_path / "mentra.toml"), str(tmp_path / "s")]

    done = subprocess.run(
        ["unshare", "--map-root-user", "--net", *words],
        capture_output=True, text=True, timeout=4 * PATIENCE, check=False, cwd=ROOT,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"everywhere": "reached", "bridge": "ConnectionRefusedError"}


def test_commands_find_it(alone):
    told, checked, said = alone.mentra("info"), alone.mentra("check"), alone.mentra("chat", "hi")

    assert told.stdout.splitlines()[0] == f"port   {alone.handout()['port']}"
    assert checked.returncode == 0, checked.stdout
    assert len(checked.stdout.splitlines()) == 5
    assert len(said.stdout.splitlines()[1].split()) == 3


def test_a_second_one_is_told_of_the_first(alone):
    second = alone.mentra("serve")

    assert second.returncode == 1
    assert (
        f"on port {alone.handout()['port']}; stop it or choose another --state-dir" in second.stderr
    )


def test_its_log_keeps_the_secret(alone):
    token = str(alone.handout()["token"])
    alone.mentra("chat", "nobody must read this")

    alone.process.send_signal(signal.SIGTERM)
    status = alone.process.wait(PATIENCE)

    log = (alone.folder / "log").read_text()
    assert status == 0, log
    assert alone.handout() is None
    assert "listening on port" in log
    assert log.count("\n") < 30, log
    for secret in (token, "nobody must", "Traceback", "HTTP11"):
        assert secret not in log
