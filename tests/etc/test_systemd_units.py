"""The systemd units, looked at by systemd itself."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

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
    def command(text: str) -> str:
        return [line for line in text.splitlines() if line.startswith("ExecStart=/")][-1]

    plain = command(shipped("mentra.service", {}))

    activated = command(shipped("mentra.service.d/socket.conf", {}))

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
