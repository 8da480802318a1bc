"""The systemd units, looked at by systemd itself."""

import shlex
import socket
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

Shipped = Callable[[str, Mapping[str, str]], str]
MOST_EXPOSED = 20
"""Of 100; systemd calls everything below 25 well protected."""


@pytest.fixture
def units(tmp_path: Path, shipped: Shipped) -> Path:
    """The units as an operator puts them, with the twistd of this environment."""
    here = {"/opt/mentra/bin/twistd": str(Path(sys.executable).with_name("twistd"))}
    (tmp_path / "mentra.service").write_text(shipped("mentra.service", here))
    (tmp_path / "mentra.socket").write_text(shipped("mentra.socket", {}))
    (tmp_path / "mentra.service.d").mkdir()
    dropin = shipped("mentra.service.d/socket.conf", here)
    (tmp_path / "mentra.service.d" / "socket.conf").write_text(dropin)
    return tmp_path


def test_systemd_finds_no_fault_in_the_service(
    units: Path, program: Callable[[str], str], checked: Callable[..., str]
) -> None:
    (units / "mentra.service.d" / "socket.conf").unlink()

    said = checked(program("systemd-analyze"), "verify", str(units / "mentra.service"))

    assert "mentra" not in said


def test_systemd_finds_no_fault_in_socket_activation(
    units: Path, program: Callable[[str], str], checked: Callable[..., str]
) -> None:
    both = [str(units / name) for name in ("mentra.socket", "mentra.service")]

    said = checked(program("systemd-analyze"), "verify", *both)

    assert "mentra" not in said


def test_the_service_is_well_protected(
    units: Path, program: Callable[[str], str], checked: Callable[..., str]
) -> None:
    words = ["security", "--offline=true", f"--threshold={MOST_EXPOSED}"]

    checked(program("systemd-analyze"), *words, str(units / "mentra.service"))


def test_socket_activation_changes_nothing_but_the_listening(shipped: Shipped) -> None:
    def exec_start(text: str) -> str:
        return [line for line in text.splitlines() if line.startswith("ExecStart=/")][-1]

    plain = exec_start(shipped("mentra.service", {}))

    activated = exec_start(shipped("mentra.service.d/socket.conf", {}))

    assert activated == f"{plain} --listen systemd:domain=INET:index=0"


def test_the_watchdog_and_the_stop_have_time(shipped: Shipped) -> None:
    lines = dict(
        line.split("=", 1)
        for line in shipped("mentra.service", {}).splitlines()
        if "=" in line and not line.startswith("#")
    )

    assert lines["Type"] == "notify"
    assert int(lines["WatchdogSec"]) >= 10
    assert int(lines["TimeoutStopSec"]) > 10


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket that a service manager listens on for news of its service."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(10)
        yield listening


def command(text: str, folder: Path) -> list[str]:
    """The command of a unit, with this environment's twistd and a configuration of our own."""
    words = shlex.split(text.split("\nExecStart=/", 1)[1].splitlines()[0])
    here = {
        "opt/mentra/bin/twistd": str(Path(sys.executable).with_name("twistd")),
        "/etc/mentra/mentra.toml": str(folder / "mentra.toml"),
    }
    return [here.get(word, word) for word in words]


@pytest.mark.slow
def test_the_port_can_come_from_systemd(
    shipped: Shipped,
    program: Callable[[str], str],
    spawn: Any,
    free_port: Callable[[], int],
    tmp_path: Path,
) -> None:
    (tmp_path / "mentra.toml").write_text("")
    port = free_port()
    words = [program("systemd-socket-activate"), "-l", f"127.0.0.1:{port}", "--fdname=mentra"]
    words += ["-E", f"STATE_DIRECTORY={tmp_path / 'state'}"]

    # what listens at first is systemd's program; the request makes it become the server
    spawn([*words, *command(shipped("mentra.service.d/socket.conf", {}), tmp_path)], port)

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=20) as answer:
        assert answer.status == 200
    assert (tmp_path / "state" / "secrets").is_dir()


@pytest.mark.slow
def test_the_service_says_when_it_is_ready_and_that_it_lives(
    shipped: Shipped,
    spawn: Any,
    free_port: Callable[[], int],
    manager: socket.socket,
    tmp_path: Path,
) -> None:
    (tmp_path / "mentra.toml").write_text("")
    port = free_port()
    words = [*command(shipped("mentra.service", {}), tmp_path)]
    words += ["--listen", f"tcp:{port}:interface=127.0.0.1"]
    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}

    spawn(words, port, STATE_DIRECTORY=str(tmp_path / "state"), **environment)

    news = [manager.recv(1000) for _ in range(4)]
    assert news[0].startswith(b"READY=1")
    assert b"WATCHDOG=1" in news[1:]
