"""The benchmark's programs, run as anyone runs them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from plans import CASES, plan
from processes import free_port, started
from wire_cases import frame, masked
from workshop import load_generator

BENCH = Path(__file__).parents[2] / "bench"
pytestmark = pytest.mark.slow


@pytest.fixture
def bench_work(tmp_path: Path) -> Path:
    """A work folder; the test is skipped where nothing can be compiled."""
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        pytest.skip("there is no C compiler")
    return tmp_path


def run(name: str, *words: str, work: Path) -> "subprocess.CompletedProcess[str]":
    """A script of bench/, to its end."""
    return subprocess.run(
        [sys.executable, str(BENCH / name), *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "BENCH_WORK": str(work)},
    )


def test_one_command_measures_every_case(bench_work: Path) -> None:
    report = bench_work / "report.json"

    done = run("relay.py", "--quick", "--only", "stock", "--json", str(report), work=bench_work)

    assert done.returncode == 0, done.stdout + done.stderr
    measured = json.loads(report.read_text())["cases"]
    assert set(measured) == set(CASES)
    for name, by in measured.items():
        (result,) = by["stock"]
        troubles = {
            key: result[key] for key in ("errors", "refused", "resets", "missing") if key in result
        }
        assert not any(troubles.values()), (name, result)
    assert measured["json200x5"]["stock"][0]["delivered_per_second"] > 0
    assert measured["idle"]["stock"][0]["kb_per_connection"] > 0
    assert measured["accept"]["stock"][0]["accepts_per_second"] > 0
    assert measured["lat2k"]["stock"][0]["p99_us"] > measured["lat2k"]["stock"][0]["p50_us"] > 0


def test_the_javascript_relays_do_the_same_work(bench_work: Path) -> None:
    for needed in ("node", "npm"):
        if shutil.which(needed) is None:
            pytest.skip(f"{needed} is not installed")
    report = bench_work / "report.json"
    words = ["--quick", "--only", "node,bun", "--cases", "json200x5,bin3200x1"]

    done = run("relay.py", *words, "--json", str(report), work=bench_work)

    if "npm install failed" in done.stderr:
        pytest.skip("npm cannot fetch the peers' packages here")
    assert done.returncode == 0, done.stdout + done.stderr
    for by in json.loads(report.read_text())["cases"].values():
        for (result,) in by.values():
            assert result["delivered_per_second"] > 0
            assert result["missing"] == result["errors"] == 0


def test_without_a_compiler_it_says_what_to_install(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH / "relay.py")],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(tmp_path), "BENCH_WORK": str(tmp_path)},
    )

    assert done.returncode == 1
    assert done.stderr.strip() == (
        "The load generator needs a C compiler; on Debian: apt install gcc"
    )


def test_an_unknown_case_is_refused_by_name(tmp_path: Path) -> None:
    done = run("relay.py", "--cases", "json200x1,nonsense", work=tmp_path)

    assert done.returncode == 2
    assert "nonsense is not one of json200x1," in done.stderr


def test_refused_upgrades_are_told(bench_work: Path) -> None:
    generator = load_generator(bench_work)
    plan_file = bench_work / "plan.txt"
    plan_file.write_text(plan(CASES["json200x1"].scaled_down(), "w" * 64, by_webhook=False))
    port = free_port()
    words = [sys.executable, str(BENCH / "peers" / "stock_relay.py"), str(port)]
    environment = {"BENCH_SECRET": "another" * 8}

    with started(words, port, bench_work / "log", environment=environment):
        done = subprocess.run(
            [generator, "--plan", plan_file, "--port", str(port), "--deadline", "1"],
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 3
    assert "upgrade refused: HTTP/1.1 401" in done.stderr
    assert "0 of 5 sessions opened" in done.stderr


@pytest.fixture
def echo() -> Iterator[Callable[..., int]]:
    """Start stock echo servers; the port of each."""
    servers: list[subprocess.Popen[str]] = []

    def start(*words: str) -> int:
        server = subprocess.Popen(
            [sys.executable, str(BENCH / "peers" / "stock_echo.py"), "0", *words],
            stdout=subprocess.PIPE,
            text=True,
        )
        servers.append(server)
        assert server.stdout is not None
        return int(server.stdout.readline())

    yield start
    for server in servers:
        server.terminate()
        server.communicate()


def test_two_servers_of_a_kind_behave_the_same(echo: Callable[..., int], tmp_path: Path) -> None:
    done = run("wire_check.py", str(echo()), "--against", str(echo()), work=tmp_path)

    assert done.returncode == 0, done.stdout
    count, _, rest = done.stdout.partition(" ")
    assert int(count) > 150
    assert rest == "cases, 0 of them different\n"


def test_another_behaviour_is_seen(echo: Callable[..., int], tmp_path: Path) -> None:
    words = ["--only", "unmasked"]

    done = run(
        "wire_check.py", str(echo()), "--against", str(echo("--drop")), *words, work=tmp_path
    )

    assert done.returncode == 1
    assert "close 1002 unmasked client-to-server frame; end of connection" in done.stdout
    assert "5 cases, 5 of them different" in done.stdout


def test_outcomes_are_one_line_a_case(echo: Callable[..., int], tmp_path: Path) -> None:
    done = run("wire_check.py", str(echo()), "--only", "byte by byte", work=tmp_path)

    assert done.returncode == 0
    assert done.stdout.startswith("byte by byte: text of 5: b'short'; binary of 130: crc ")
    assert done.stdout.count("\n") == 1


def test_nobody_listening_is_a_sentence(tmp_path: Path) -> None:
    done = run("wire_check.py", str(free_port()), work=tmp_path)

    assert done.returncode == 2
    assert done.stderr.startswith("No conversation with port ")


def test_frames_are_masked_by_the_book() -> None:
    # the example of RFC 6455, 5.7
    assert frame(1, b"Hello") == bytes.fromhex("818537fa213d7f9f4d5158")
    assert masked(masked(b"any length", b"\x01\x02\x03\x04"), b"\x01\x02\x03\x04") == b"any length"
