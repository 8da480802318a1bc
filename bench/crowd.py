#!/usr/bin/env python
"""Does the server carry a crowd?  Thousands of idle glasses, some hundred busy sessions, a minute.

    python bench/crowd.py [--idle 5000] [--busy 200] [--rate 2000] [--secs 60]
    python bench/crowd.py --port 8002 --config mentra.toml --state-dir mentra-state

Without ``--port`` it starts a server of its own, on one CPU.  With it, it uses the one that runs
there, whose state directory it needs for the tokens' secret and to save its app; the users that it
makes stay in that server's store, so let it be one for trying.  Every busy session has one app and
gets its share of *rate* messages a second.  It prints what the clients and the server's own
figures say, and ends with status 1 if anything was refused, closed, lost or late by a second.
"""

import argparse
import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from contestants import Mentra, add_app
from plans import CASES, Case, apps, plan
from processes import NotStarted, free_port, on_cpu
from workshop import Unavailable, load_generator, work_folder

LAG = re.compile(r"^mentra_loop_lag_seconds (\S+)$", re.MULTILINE)
SAMPLE_EVERY = 1.0
"""Seconds; the server remembers its longest delay for fifteen times as long."""
WORST_LAG = 1.0


@dataclass(frozen=True)
class Target:
    """The server to load.

    :ivar secret: what its tokens are signed with.
    """

    port: int
    pids: Sequence[int]
    secret: str
    webhook_port: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Load a server and print how it took it; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        with (
            work_folder() as folder,
            _target(options, folder) as target,
            watched(target.port) as lags,
        ):
            result = _load(load_generator(folder), folder, target, options)
            # looked at before everybody's leaving shows in it
            worst = max(lags, default=0.0)
    except (Unavailable, NotStarted) as problem:
        print(problem, file=sys.stderr)
        return 1
    if "failure" in result:
        print(result["failure"], file=sys.stderr)
        return 1
    print(_report(result, worst, options))
    troubles = [result[name] for name in ("errors", "refused", "resets", "missing")]
    return 1 if any(troubles) or worst > WORST_LAG else 0


@contextlib.contextmanager
def _target(options: argparse.Namespace, folder: Path) -> Iterator[Target]:
    if options.port is None:
        cpus = sorted(os.sched_getaffinity(0))
        own = Mentra(folder)
        with own.running(cpus[0] if len(cpus) > 1 else None) as server:
            assert server.webhook_port is not None
            yield Target(server.port, server.pids(), own.secret, server.webhook_port)
        return
    if options.state_dir is None:
        raise NotStarted("--port needs --state-dir as well, and --config if the server has one")
    where = ["--state-dir", str(options.state_dir)]
    where += ["--config", str(options.config)] if options.config else []
    webhook_port = free_port()
    add_app(apps(1)[0], webhook_port, where)
    secret = options.secret_file or options.state_dir / "secrets" / "jwt"
    pids = [options.pid] if options.pid else []
    yield Target(options.port, pids, secret.read_text().strip(), webhook_port)


@contextlib.contextmanager
def watched(port: int) -> Iterator[list[float]]:
    """The server's figures for the lag of its event loop, one every few seconds."""
    lags: list[float] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(SAMPLE_EVERY):
            lags.extend(_lag(port))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield lags
    finally:
        over.set()
        thread.join()


def _lag(port: int) -> list[float]:
    url = f"http://127.0.0.1:{port}/metrics"
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=10) as answer:
        return [float(value) for value in LAG.findall(answer.read().decode())]
    return []


def _load(
    generator: Path, folder: Path, target: Target, options: argparse.Namespace
) -> dict[str, Any]:
    busy = replace(CASES["lat2k"], sessions=options.busy)
    idle = Case("crowd", "idle glasses", options.idle, 0, None, ())
    plan_file = folder / "crowd.txt"
    plan_file.write_text(
        plan(busy, target.secret, by_webhook=True)
        + plan(idle, target.secret, by_webhook=True, first=options.busy)
    )
    words = [str(generator), "--plan", str(plan_file), "--port", str(target.port)]
    words += ["--webhook-port", str(target.webhook_port), "--mode", "rate", "--warm", "0"]
    words += ["--rate", str(options.rate), "--seconds", str(options.secs), "--settle", "1"]
    words += ["--pid", ",".join(map(str, target.pids))] if target.pids else []
    cpus = sorted(os.sched_getaffinity(0))
    begun = time.monotonic()
    done = subprocess.run(
        on_cpu(words, cpus[1] if len(cpus) > 1 else None),
        capture_output=True,
        text=True,
        check=False,
        timeout=options.secs + 120,
    )
    if done.returncode:
        return {"failure": done.stderr.strip()[-600:]}
    found: dict[str, Any] = json.loads(done.stdout)
    return {**found, "said": done.stderr.strip(), "took": time.monotonic() - begun}


def _report(result: dict[str, Any], worst: float, options: argparse.Namespace) -> str:
    connections = options.idle + 2 * options.busy
    lines = [
        f"{options.idle:,} idle and {options.busy:,} busy sessions, {connections:,} connections, "
        f"opened in {result['opened_in']:.1f} s, held for {result['seconds']:.0f} s",
        f"delivered {result['delivered_per_second']:,.0f} messages/s, missing {result['missing']}",
        f"latency p50 {result['p50_us'] / 1000:.2f} ms, p99 {result['p99_us'] / 1000:.2f} ms, "
        f"longest {result['max_us'] / 1000:.0f} ms",
        f"event loop late by {worst * 1000:.0f} ms at most",
        f"server: {result['server_cpu'] * 100:.0f} % of a CPU, {result['memory_kb'] / 1024:.0f} MB",
        f"errors {result['errors']}, refused upgrades {result['refused']}, "
        f"lost sockets {result['resets']}, closes by code {result['closes'] or 'none'}",
    ]
    return "\n".join([*lines, result["said"]]).rstrip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Load a mentra server with a crowd.")
    parser.add_argument("--idle", type=int, default=5000, help="glasses that only sit there")
    parser.add_argument("--busy", type=int, default=200, help="sessions with an app and traffic")
    parser.add_argument("--rate", type=float, default=2000, help="messages a second, all together")
    parser.add_argument("--secs", type=float, default=60, help="how long")
    parser.add_argument("--port", type=int, help="of a server that runs; without: start one")
    parser.add_argument("--config", type=Path, help="that server's configuration")
    parser.add_argument("--state-dir", type=Path, help="that server's state directory")
    parser.add_argument("--secret-file", type=Path, help="that server's, if it has another one")
    parser.add_argument("--pid", type=int, help="that server's process, to weigh it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
