"""The server as a process: starting, stopping, logs, commands, and clients that misbehave."""

import json
import os
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from mentra.testing.wire import client_frame
from tests.server.conftest import PATIENCE, SocketLine, free_port, program, wait_until

pytestmark = pytest.mark.slow


def test_it_starts_answers_and_stops_with_status_0_telling_everybody(start):
    server = start()
    line = server.glasses()

    server.process.send_signal(signal.SIGTERM)
    code = line.close_code()
    status = server.process.wait(PATIENCE)

    assert (code, status) == (1001, 0)
    assert not (server.state / "control.sock").exists()


@pytest.mark.parametrize("fast", ["true", "false"])
def test_both_ways_of_the_wire_serve_one_port(start, fast):
    server = start(f"[wire]\nfast_path = {fast}\nlean_loop = {fast}\n")
    line = server.glasses()

    line.say(type="ping")
    pong = line.message("pong")
    status, body = server.get("/health")

    assert pong["type"] == "pong"
    assert status == 200
    assert json.loads(body)["connections"]["glassesConnections"] == 1
    assert SocketLine(server.port).upgrade("/nowhere") == 404


def run_twistd(tmp_path: Path, *words: str, config: str = "") -> subprocess.CompletedProcess[str]:
    file = tmp_path / "other.toml"
    file.write_text(config)
    command = [program("twistd"), "-n", "--pidfile=", "mentra", "--config", str(file)]
    command += ["--state-dir", str(tmp_path / "other-state"), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_an_engine_beyond_an_air_gap_ends_the_start_with_a_sentence(tmp_path):
    done = run_twistd(
        tmp_path,
        config='[server]\nlisten = "tcp:0:interface=127.0.0.1"\n[privacy]\nair_gap = true\n'
        '[libretranslate]\nbase_url = "https://8.8.8.8"\n',
    )

    assert done.returncode == 1
    assert "the engine 'libretranslate' talks to https://8.8.8.8" in done.stderr + done.stdout


def test_a_taken_port_ends_the_start_with_a_sentence(start, tmp_path):
    server = start()

    done = run_twistd(tmp_path, "--listen", f"tcp:{server.port}:interface=127.0.0.1")

    assert done.returncode == 1
    assert f"cannot listen on tcp:{server.port}:interface=127.0.0.1: Address already in use" in (
        done.stdout + done.stderr
    )
    assert "Traceback" not in done.stdout + done.stderr


def test_socket_activation_without_a_socket_is_a_sentence(tmp_path):
    done = run_twistd(tmp_path, "--listen", "systemd:domain=INET:index=0")

    assert done.returncode == 1
    assert "no socket was passed" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ("[glases]\n", "glases"),
        ("[wire]\nheartbeat = 'often'\n", "wire.heartbeat"),
        ("[wire\n", "other.toml"),
        ("[store]\nurl = 'mysql://x'\n", "mysql"),
        ("[media]\nbackend = 'acne'\n", "there are cloudflare, templates"),
        ("[media]\nbackend = 'cloudflare'\n", "takes account_id and api_token_file"),
    ],
)
def test_a_mistake_in_the_configuration_ends_the_start_with_a_sentence(tmp_path, config, sentence):
    done = run_twistd(tmp_path, "--listen", f"tcp:{free_port()}", config=config)

    assert done.returncode == 1
    assert sentence in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_two_servers_cannot_share_a_state_directory(start, tmp_path):
    server = start()
    file = tmp_path / "second.toml"
    file.write_text("")

    done = subprocess.run(
        [program("twistd"), "-n", "--pidfile=", "mentra", "--config", str(file), "--state-dir",
         str(server.state), "--listen", f"tcp:{free_port()}:interface=127.0.0.1"],
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert server.get("/livez")[0] == 200


def test_commands_are_effective_at_once(start):
    server = start()
    line = server.glasses("ann@x.org")
    token = server.command("user", "token", "ann@x.org").stdout.strip()

    listed = json.loads(server.command("sessions", "--json").stdout)
    server.command("user", "remove", "ann@x.org")
    code = line.close_code()
    refused = SocketLine(server.port).upgrade(f"/glasses-ws?token={token}")

    assert [one["userId"] for one in listed] == ["ann@x.org"]
    assert code == 1000
    assert refused == 401


def test_json_logs_are_json_line_by_line_and_carry_no_secret(start):
    server = start("[log]\nformat = 'json'\nlevel = 'info'\n")
    token = server.command("user", "token", "ann@x.org").stdout.strip()
    line = SocketLine(server.port)
    line.upgrade(f"/glasses-ws?token={token}")
    server.get(f"/health?token={token}")
    server.stop()

    text = server.log.read_text()
    events = [json.loads(one) for one in text.splitlines()]
    assert any("ready" in event["text"] for event in events)
    assert token not in text
    assert "ann@x.org" not in text


def test_the_service_manager_is_told_ready_alive_and_stopping(start, tmp_path):
    address = str(tmp_path / "notify.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(PATIENCE)
        server = start(environ={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "200000"})

        first, second = manager.recv(100), manager.recv(100)
        server.stop()
        last = second
        while last == b"WATCHDOG=1":
            last = manager.recv(100)

    assert (first, second, last) == (b"READY=1", b"WATCHDOG=1", b"STOPPING=1")


def test_metrics_are_for_operators_and_tell_what_happened(start):
    server = start()
    line = server.glasses()
    line.say(type="button_press", buttonId="main", pressType="short")
    line.say(type="ping")
    line.message("pong")

    status, body = server.get("/metrics")

    text = body.decode()
    assert status == 200
    assert 'mentra_connections_open{path="glasses"} 1.0' in text
    assert 'mentra_messages_total{path="glasses",type="ping"} 1.0' in text
    assert 'mentra_messages_total{path="glasses",type="button_press"} 1.0' in text
    assert "mentra_sessions 1.0" in text
    assert "mentra_loop_lag_seconds" in text


# -- clients that misbehave cost nobody else anything


def served(line: SocketLine) -> bool:
    line.say(type="ping")
    return line.message("pong")["type"] == "pong"


def test_a_client_that_never_reads_is_closed_and_nobody_else_notices(start):
    server = start("[glasses]\nmax_queue = 65536\nmax_rate = 1e6\n")
    good = server.glasses("good@x.org")
    stuck = server.glasses("stuck@x.org", receive_buffer=4096)
    # an error frame each, which is no state that a newer one replaces
    garbage = client_frame(b"{") * 1000

    def flooded() -> bool:
        try:
            stuck.socket.settimeout(1)
            stuck.socket.sendall(garbage)
        except OSError:
            return True
        return False

    wait_until(flooded, "the server to give up on the client that does not read")

    assert served(good)
    wait_until(
        lambda: json.loads(server.get("/health")[1])["connections"]["glassesConnections"] == 1,
        "the stuck client to be gone",
    )


def test_half_open_sockets_and_slow_upgrades_cost_nobody_else_anything(start):
    server = start("[wire]\nhandshake_timeout = 1.0\n")
    good = server.glasses()
    silent = [SocketLine(server.port) for _ in range(50)]
    slow = [SocketLine(server.port) for _ in range(50)]
    for line in slow:
        line.socket.sendall(b"GET /glasses-ws HTTP/1.1\r\nHost: x\r\nX-Slow: ")

    assert served(good)
    for line in silent + slow:
        with suppress(ConnectionResetError):
            assert line.socket.recv(1000) == b""
    assert served(good)


@pytest.mark.parametrize(
    "garbage",
    [
        os.urandom(5000),
        b"\x81" * 5000,
        b"\x82\xff" + b"\xff" * 8 + b"mask",
        client_frame(b"\xff\xfe\xfd"),
        client_frame(b"[" * 1_000_000),
        client_frame(b'{"type":"x","a":' + b"[" * 500_000),
        client_frame(b"x" * 100_000, final=False) * 50,
        b"GET / HTTP/1.1\r\n\r\n",
    ],
    ids=["noise", "headers", "huge", "utf-8", "deep", "deep object", "fragments", "http"],
)
def test_garbage_after_the_upgrade_costs_nobody_else_anything(start, garbage):
    server = start()
    good, bad = server.glasses("good@x.org"), server.glasses("bad@x.org")

    with suppress(OSError):
        bad.socket.sendall(garbage)

    assert served(good)
    assert "Traceback" not in server.log.read_text()


def test_an_open_file_for_each_connection_is_asked_for(start):
    import resource

    server = start()

    limits = Path(f"/proc/{server.process.pid}/limits").read_text()

    (line,) = [one for one in limits.splitlines() if one.startswith("Max open files")]
    assert line.split()[3] == line.split()[4]
    assert int(line.split()[3]) == resource.getrlimit(resource.RLIMIT_NOFILE)[1]
