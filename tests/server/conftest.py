"""A real server in a process of its own, and clients on real sockets."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest

from mentra.testing.wire import KEY, ServerFrame, client_frame, parse_frames

PATIENCE = 30.0
"""Seconds; generous, for the machine may be busy."""


def program(name: str) -> str:
    """A command of the environment the tests run in."""
    return str(Path(sys.executable).with_name(name))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class SocketLine:
    """A WebSocket client on a real socket, as simple as can be; closed at the end of the test."""

    opened: ClassVar[list["SocketLine"]] = []

    def __init__(self, port: int, *, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        self._rest = b""
        self._frames: list[ServerFrame] = []
        self.opened.append(self)

    def upgrade(self, path: str, headers: dict[str, str] | None = None) -> int:
        lines = [
            f"GET {path} HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13",
        ]  # fmt: skip
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.socket.sendall("\r\n".join((*lines, "", "")).encode())
        while b"\r\n\r\n" not in self._rest:
            self._rest += self._receive()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        return int(head.split()[1])

    def say(self, **message: Any) -> None:
        self.socket.sendall(client_frame(json.dumps(message).encode()))

    def frame(self) -> ServerFrame:
        """The next frame that is no ping; pings are answered."""
        while True:
            while not self._frames:
                found, self._rest = parse_frames(self._rest)
                self._frames += found
                if not found:
                    self._rest += self._receive()
            frame = self._frames.pop(0)
            if frame.opcode != 9:
                return frame
            self.socket.sendall(client_frame(frame.payload, 10))

    def message(self, kind: str) -> Any:
        """The next message of this type; others are passed over."""
        while True:
            frame = self.frame()
            assert frame.opcode != 8, f"closed: {frame}"
            if frame.opcode == 1 and frame.json["type"] == kind:
                return frame.json

    def close_code(self) -> int:
        """What the server closes with; everything before is passed over."""
        while (frame := self.frame()).opcode != 8:
            pass
        self.socket.sendall(client_frame(frame.payload, 8))
        return frame.close_code

    def _receive(self) -> bytes:
        data = self.socket.recv(65_536)
        if not data:
            raise ConnectionError("the server hung up")
        return data


@attrs.define
class Running:
    """A server process."""

    process: subprocess.Popen[str]
    port: int
    state: Path
    log: Path
    config: Path

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def command(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        where = ["--config", str(self.config), "--state-dir", str(self.state)]
        return subprocess.run(
            [program("mentra"), *words, *where],
            capture_output=True, text=True, timeout=PATIENCE, check=check,
        )  # fmt: skip

    def glasses(self, user_id: str = "ann@x.org", **how: Any) -> SocketLine:
        token = self.command("user", "token", user_id).stdout.strip()
        line = SocketLine(self.port, **how)
        assert line.upgrade(f"/glasses-ws?token={token}") == 101
        line.message("connection_ack")
        return line

    def stop(self, how: int = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)

    def end(self) -> None:
        """Kill it if it is there."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Its first true value.  A real process takes real time: looked at every so often."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := condition():
            return found
        threading.Event().wait(0.05)
    raise AssertionError(f"waited in vain for {what}")


def own_port(server: Running) -> int:
    """The port that channels have of their own, out of the log."""
    found = re.search(r"\[channels\] port: listening on port (\d+)", server.log.read_text())
    assert found, server.log.read_text()
    return int(found[1])


def launch(folder: Path, port: int, state: Path, settings: str = "", **environ: str) -> Running:
    """A server process in *folder*, which may not be ready yet.  *settings* is TOML."""
    number = len(list(folder.glob("log*")))
    config, log = folder / f"mentra{number}.toml", folder / f"log{number}"
    config.write_text(settings)
    if "[channels]" not in settings:
        # many of these may run at a time
        environ = {"MENTRA__CHANNELS__PORT": "0", **environ}
    words = [program("twistd"), "-n", "--pidfile=", "mentra", "--config", str(config)]
    words += ["--listen", f"tcp:{port}:interface=127.0.0.1", "--state-dir", str(state)]
    with log.open("w") as output:
        process = subprocess.Popen(
            words, stdout=output, stderr=output, text=True, cwd=folder,
            env={**os.environ, **environ},
        )  # fmt: skip
    return Running(process, port, state, log, config)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts servers; they are ended with the test.  *settings* is TOML."""
    started: list[Running] = []

    def make(
        settings: str = "", state: Path | None = None, environ: dict[str, str] | None = None
    ) -> Running:
        state = state or tmp_path / f"state{len(started)}"
        running = launch(tmp_path, free_port(), state, settings, **(environ or {}))
        started.append(running)
        wait_until(lambda: is_ready(running), f"the server: {running.log.read_text()}")
        return running

    yield make
    while SocketLine.opened:
        SocketLine.opened.pop().socket.close()
    for running in started:
        running.end()


def is_ready(running: Running) -> bool:
    assert running.process.poll() is None, running.log.read_text()
    try:
        return running.get("/readyz")[0] == 200
    except OSError:
        return False
