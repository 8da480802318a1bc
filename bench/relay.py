#!/usr/bin/env python
"""Measure the mentra server against other relays on the same machine, in interleaved rounds.

    python bench/relay.py [--only mentra,node] [--cases json200x1,idle] [--rounds 5] [--secs 4]

Every round visits every server once, so that whatever slows the machine falls on all of them.  The
server has one CPU to itself and the clients another.  What is compared is work per second of the
server's CPU time, because on a shared machine the clock on the wall tells mostly how much of the
CPU the server was given; the tables hold medians, and ratios are medians of same-round ratios.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from contestants import CONTESTANTS, Contestant
from figures import Round, columns, table
from plans import CASES, Case, plan
from processes import NotStarted, Running, on_cpu
from workshop import Unavailable, load_generator, work_folder

AGAINST = ("node", "bun", "bun-publish", "stock")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its tables; the exit status."""
    options = _parser().parse_args(arguments)
    with work_folder() as folder:
        try:
            generator = load_generator(folder)
        except Unavailable as problem:
            print(problem, file=sys.stderr)
            return 1
        contestants = _contestants(options.only, folder)
        if not contestants:
            return 1
        bench = Bench(generator, folder, options.secs, quick=options.quick)
        results = bench.run(contestants, options.cases, options.rounds)
    if options.json:
        report = {"machine": _machine(), "seconds": bench.seconds, "cases": results}
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    _print_tables(results)
    failed = any(
        "failure" in r for by in results.values() for rounds in by.values() for r in rounds
    )
    return 1 if failed else 0


class Bench:
    """Runs cases.

    :param seconds: how long each is measured, after a warm-up.
    :param quick: one round of half a second with a handful of sessions.
    """

    def __init__(self, generator: Path, folder: Path, seconds: float, *, quick: bool) -> None:
        self.seconds = 0.5 if quick else seconds
        self._quick = quick
        self._generator = generator
        self._folder = folder
        cpus = sorted(os.sched_getaffinity(0))
        # with one CPU there is nothing to keep apart
        self._server_cpu = cpus[0] if len(cpus) > 1 else None
        self._client_cpu = cpus[1] if len(cpus) > 1 else None

    def run(
        self, contestants: Sequence[Contestant], cases: Sequence[str], rounds: int
    ) -> dict[str, dict[str, list[Round]]]:
        """Case to contestant to rounds, printed line by line as they come."""
        results: dict[str, dict[str, list[Round]]] = {}
        for name in cases:
            case = CASES[name].scaled_down() if self._quick else CASES[name]
            by: dict[str, list[Round]] = {contestant.name: [] for contestant in contestants}
            results[name] = by
            for number in range(1 if self._quick else rounds):
                turn = number % len(contestants)
                for contestant in [*contestants[turn:], *contestants[:turn]]:
                    result = self._measure(contestant, case)
                    by[contestant.name].append(result)
                    print(_line(case, number, contestant.name, result), flush=True)
        return results

    def _measure(self, contestant: Contestant, case: Case) -> Round:
        try:
            with contestant.running(self._server_cpu) as server:
                return self._load(server, contestant.secret, case)
        except NotStarted as problem:
            return {"failure": f"did not start: {problem}"}

    def _load(self, server: Running, secret: str, case: Case) -> Round:
        plan_file = self._folder / "plan.txt"
        plan_file.write_text(plan(case, secret, by_webhook=server.webhook_port is not None))
        words = [str(self._generator), "--plan", str(plan_file), "--port", str(server.port)]
        words += ["--pid", ",".join(map(str, server.pids())), *case.arguments]
        words += ["--seconds", str(min(self.seconds, 1) if case.name == "idle" else self.seconds)]
        words += ["--warm", "0.2" if self._quick else "1", "--settle", "0.7"]
        if server.webhook_port is not None:
            words += ["--webhook-port", str(server.webhook_port)]
        limit = self.seconds + 90
        done = subprocess.run(
            on_cpu(words, self._client_cpu),
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
        if done.returncode:
            return {"failure": done.stderr.strip()[-400:]}
        found: dict[str, Any] = json.loads(done.stdout)
        return {**found, "started_in": server.started_in, "said": done.stderr.strip()[-400:]}


def _contestants(names: Sequence[str], folder: Path) -> list[Contestant]:
    found: list[Contestant] = []
    for name in names:
        try:
            found.append(CONTESTANTS[name](folder))
        except (Unavailable, NotStarted) as problem:
            print(f"Without {name}: {problem}", file=sys.stderr)
    return found


def _line(case: Case, number: int, name: str, result: Mapping[str, Any]) -> str:
    where = f"{case.name:10} round {number + 1}  {name:11}"
    if "failure" in result:
        return f"{where} failed: {result['failure']}"
    values = (f"{column.title} {column.value(result) or 0:,.1f}" for column in columns(case.name))
    said = f"  ({result['said']})" if result["said"] else ""
    return f"{where} {', '.join(values)}{said}"


def _print_tables(results: Mapping[str, Mapping[str, list[Round]]]) -> None:
    for name, by in results.items():
        print("\n" + table(name, CASES[name].what, by, AGAINST), end="")
    starts = {
        who: [result for by in results.values() for result in by[who]]
        for who in next(iter(results.values()))
    }
    print("\n" + table("start", "from start to listening", starts, ()), end="")


def _machine() -> dict[str, Any]:
    cpuinfo = Path("/proc/cpuinfo").read_text()
    models = {
        line.split(":", 1)[1].strip() for line in cpuinfo.splitlines() if "model name" in line
    }
    return {
        "cpu": sorted(models),
        "cpus": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure mentra against other relays.")
    parser.add_argument(
        "--only",
        type=_names(CONTESTANTS),
        default=["mentra", "node", "bun"],
        help=f"contestants, of {', '.join(CONTESTANTS)}; by default mentra,node,bun",
    )
    parser.add_argument(
        "--cases",
        type=_names(CASES),
        default=list(CASES),
        help=f"cases, of {', '.join(CASES)}; by default all",
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured")
    parser.add_argument("--secs", type=float, default=4, help="seconds each is measured for")
    parser.add_argument("--json", type=Path, help="write every round's figures to this file")
    parser.add_argument(
        "--quick", action="store_true", help="one short round with few sessions: does it work?"
    )
    return parser


def _names(known: Mapping[str, object]) -> Callable[[str], list[str]]:
    def split(text: str) -> list[str]:
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name} is not one of {', '.join(known)}")
        return names

    return split


if __name__ == "__main__":
    sys.exit(main())
