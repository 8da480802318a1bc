#!/usr/bin/env python
"""How prompt is the server?  The start of an app, and a new subscription, one at a time.

    python bench/promptness.py [--starts 200] [--updates 1000] [--check]

It starts a server of its own on one CPU and is phone and app on another.

app start
    From the request ``POST /apps/.../start`` to the app's ``tpa_connection_ack``: the webhook, the
    app's socket, its handshake.  The app's own time, during which the server can only wait for it,
    is taken off: from the webhook to the opening of the socket, and from the socket to its first
    message.
subscription
    From the app's ``subscription_update`` to the first event that it gets for it.  The glasses send
    one every millisecond, so that the figure may be up to one millisecond too high.

All that this program itself needs is part of the figures.  With ``--check`` it ends with status 1
if the slowest in twenty is over what is promised; they hold on a machine that does nothing else.
"""

import argparse
import asyncio
import json
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from contestants import Mentra
from phone_and_app import Stage, WentWrong, stage
from processes import NotStarted
from workshop import work_folder

WARM_UP = 5
"""Times that do not count, at the beginning of each series."""

SILENCE = 0.2
"""Seconds in which nothing may come that nobody subscribed to."""


@dataclass(frozen=True)
class Promise:
    """What is measured.

    :ivar at_most: milliseconds that 95 of 100 may take.
    """

    name: str
    what: str
    at_most: float


APP_START = Promise("app start", "REST call to app acknowledged, without the app's own time", 150)
SUBSCRIPTION = Promise("subscription", "subscription update to the first event", 5)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a line for each promise; the exit status."""
    options = _parser().parse_args(arguments)
    cpus = sorted(os.sched_getaffinity(0))
    apart = len(cpus) > 1
    if apart:
        os.sched_setaffinity(0, {cpus[1]})
    try:
        with work_folder() as folder:
            own = Mentra(folder)
            with own.running(cpus[0] if apart else None) as server:
                assert server.webhook_port is not None
                there = stage(server.port, server.webhook_port, own.secret)
                found = asyncio.run(_measure(there, options))
    except (NotStarted, WentWrong) as problem:
        print(problem, file=sys.stderr)
        return 1
    for promise, times in found.items():
        print(line_of(promise, times))
    if options.json:
        report = {promise.name: times for promise, times in found.items()}
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    broken = [one for one, times in found.items() if percentile(times, 95) > one.at_most]
    return 1 if options.check and broken else 0


async def _measure(there: Stage, options: argparse.Namespace) -> dict[Promise, list[float]]:
    async with there:
        return {
            APP_START: [await _start(there) for _ in range(WARM_UP + options.starts)][WARM_UP:],
            SUBSCRIPTION: await _subscriptions(there, WARM_UP + options.updates),
        }


async def _start(there: Stage) -> float:
    begun = perf_counter()
    visit, _ = await asyncio.gather(there.visit(), there.post("start"))
    await there.post("stop")
    await visit.over()
    return (visit.acknowledged - begun - visit.own_time) * 1000


async def _subscriptions(there: Stage, count: int) -> list[float]:
    visit, _ = await asyncio.gather(there.visit(), there.post("start"))
    await visit.unsubscribe()
    # or else what is measured would come of the list before
    await there.happen()
    await visit.silent(SILENCE)
    times: list[float] = []
    for _ in range(count):
        begun = perf_counter()
        await visit.subscribe(there.stream)
        heard = asyncio.ensure_future(visit.event())
        while not heard.done():
            await there.happen()
            await asyncio.wait([heard], timeout=0.001)
        times.append((heard.result() - begun) * 1000)
        await visit.unsubscribe()
    return times[WARM_UP:]


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that *percent* of all are not over."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * percent / 100) - 1)]


def line_of(promise: Promise, times: Sequence[float]) -> str:
    """What was measured, in words."""
    p50, p95 = percentile(times, 50), percentile(times, 95)
    verdict = "kept" if p95 <= promise.at_most else "NOT kept"
    return (
        f"{promise.name:13} {len(times):5} times: p50 {p50:.2f} ms, p95 {p95:.2f} ms, longest "
        f"{max(times):.2f} ms; promised p95 {promise.at_most:g} ms: {verdict}\n"
        f"{'':13} {promise.what}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Time app starts and subscription updates.")
    parser.add_argument("--starts", type=int, default=200, help="starts of an app")
    parser.add_argument("--updates", type=int, default=1000, help="subscription updates")
    parser.add_argument("--json", type=Path, help="write every time, milliseconds, to this file")
    parser.add_argument("--check", action="store_true", help="status 1 if a promise is not kept")
    return parser


if __name__ == "__main__":
    sys.exit(main())
