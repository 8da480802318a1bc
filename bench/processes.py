"""Servers as processes: started on a CPU, waited for, ended again with all their children."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

START_LIMIT = 20.0
STOP_LIMIT = 15.0


class NotStarted(Exception):
    """A server ended, or did not listen in time; the text is the end of its log."""


@dataclass(frozen=True)
class Running:
    """A server that listens.

    :ivar started_in: seconds from its start until it accepted a connection.
    :ivar webhook_port: where it will look for the app server; None: apps connect unasked.
    """

    process: "subprocess.Popen[bytes]"
    port: int
    started_in: float
    webhook_port: int | None = None

    def pids(self) -> list[int]:
        """The process and its descendants, now."""
        return _family(self.process.pid)


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def started(
    words: Sequence[str],
    port: int,
    log: Path,
    *,
    environment: Mapping[str, str],
    cpu: int | None = None,
    webhook_port: int | None = None,
) -> Iterator[Running]:
    """The program, from the moment at which it listens on *port* until the block ends.

    :param environment: added to our own.
    :param cpu: the one CPU it may use; None for all.
    :raises NotStarted: it does not listen.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            on_cpu(words, cpu),
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
            cwd=log.parent,
        )
    try:
        yield Running(process, port, _wait_for(process, port, log), webhook_port)
    finally:
        _end(process)


def on_cpu(words: Sequence[str], cpu: int | None) -> list[str]:
    """A command line that runs *words* on one CPU."""
    return [*words] if cpu is None else ["taskset", "-c", str(cpu), *words]


def _wait_for(process: "subprocess.Popen[bytes]", port: int, log: Path) -> float:
    begun = time.monotonic()
    while process.poll() is None and time.monotonic() - begun < START_LIMIT:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.01)
        else:
            return time.monotonic() - begun
    raise NotStarted(log.read_text(errors="replace").strip()[-600:] or "it said nothing")


def _end(process: "subprocess.Popen[bytes]") -> None:
    for pid in reversed(_family(process.pid)):
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            continue
    try:
        process.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _family(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [child for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return [pid]
    return [pid, *(each for child in children for each in _family(int(child)))]
