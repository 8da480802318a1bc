#!/usr/bin/env python
"""What does the OpenCode bridge cost?  A stand-in is asked directly and through it, in turn.

    python bench/opencode.py [--requests 1000] [--words 400] [--crowd 50] [--check]

The bridge has one CPU, and this program and the stand-in (bench/opencode_stub.py) share another.

request
    ``list_sessions`` of twenty sessions, one at a time; directly it is a GET on a connection that
    is kept.  What is told is the difference.
token
    From the sending of a word, which has the time in it, to its arrival; directly it is an event
    of the event stream.  What is told is the difference.
crowd
    As many clients as ``--crowd`` says have a prompt answered at the same time, ten words a second
    each: how late the bridge's event loop was at most, over what it was while nothing happened.

With ``--check`` it ends with status 1 if one is over what is promised; they hold on a machine that
does nothing else.
"""

import argparse
import asyncio
import json
import math
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from processes import NotStarted, free_port, started
from workshop import work_folder

from mentra.messages.opencode import ChatToken
from mentra.sdk.opencode import OpencodeClient

WARM_UP = 20
"""Times that do not count, at the beginning of each series."""

IDLE = 5.0
"""Seconds in which nothing happens."""

PAUSE = 0.005
"""Seconds between two words of one prompt; in a crowd they are further apart."""

CROWD_PAUSE = 0.1


@dataclass(frozen=True)
class Promise:
    """What is measured.

    :ivar at_most: milliseconds more than directly, of 95 in 100; of the crowd the worst.
    """

    name: str
    what: str
    at_most: float


REQUEST = Promise("request", "a request through the bridge, more than directly", 5)
TOKEN = Promise("token", "a word through the bridge, more than directly", 3)
CROWD = Promise("crowd", "the longest stall while many have prompts answered", 50)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--words", type=int, default=400)
    parser.add_argument("--crowd", type=int, default=50)
    parser.add_argument("--crowd-words", type=int, default=100)
    parser.add_argument("--json", type=Path, help="keep the figures here")
    parser.add_argument("--check", action="store_true")
    wanted = parser.parse_args(arguments)
    try:
        found = asyncio.run(measure(wanted))
    except NotStarted as problem:
        print(problem, file=sys.stderr)
        return 1
    for promise, (half, most, worst) in found.items():
        print(
            f"{promise.name:8} half {half:7.2f} ms   95 in 100 {most:7.2f} ms   "
            f"longest {worst:7.2f} ms   promised {promise.at_most:g} ms"
        )
    if wanted.json is not None:
        wanted.json.write_text(json.dumps({one.name: found[one] for one in found}))
    over = [one for one, (_, most, _) in found.items() if most > one.at_most]
    return 1 if wanted.check and over else 0


async def measure(wanted: argparse.Namespace) -> dict[Promise, tuple[float, float, float]]:
    """Half, 95 in 100 and the longest of each promise, milliseconds."""
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpus[-1]})
    with work_folder() as folder:
        one = Stage(folder, cpus[0], cpus[-1])
        found = await one.alone(wanted)
        found[CROWD] = await one.crowded(wanted)
        return found


@dataclass
class Stage:
    """Where it happens.

    :ivar cpu: the bridge's; ``other`` is the stand-in's and ours.
    """

    folder: Path
    cpu: int
    other: int

    def stub(self, words: int, pause: float, port: int) -> Any:
        """The stand-in."""
        program = Path(__file__).with_name("opencode_stub.py")
        return started(
            [sys.executable, str(program), str(port), str(words), str(pause)], port,
            self.folder / "stub.log", environment={}, cpu=self.other,
        )  # fmt: skip

    def bridge(self, stub_port: int, port: int) -> Any:
        """A server with a bridge."""
        settings = self.folder / "mentra.toml"
        settings.write_text(
            f'[opencode]\nenabled = true\nport = 0\nurl = "http://127.0.0.1:{stub_port}"\n'
            '[log]\nlevel = "warn"\n'
        )
        words = [str(Path(sys.executable).with_name("twistd")), "-n", "--pidfile=", "mentra"]
        words += ["--config", str(settings), "--state-dir", str(self.folder / "state")]
        words += ["--listen", f"tcp:{port}:interface=127.0.0.1"]
        return started(words, port, self.folder / "bridge.log", environment={}, cpu=self.cpu)

    async def alone(self, wanted: argparse.Namespace) -> dict[Promise, tuple[float, float, float]]:
        """One client that does one thing at a time."""
        stub_port, port = free_port(), free_port()
        with self.stub(wanted.words, PAUSE, stub_port), self.bridge(stub_port, port):
            url = f"http://127.0.0.1:{stub_port}"
            async with aiohttp.ClientSession() as http, await self.client(http, port) as client:
                return {
                    REQUEST: await requests(http, url, client, wanted.requests),
                    TOKEN: await tokens(http, url, client),
                }

    async def client(self, http: aiohttp.ClientSession, port: int) -> OpencodeClient:
        """A client, once the bridge is there."""
        async with asyncio.timeout(30):
            while (await health(http, port))["parts"]["opencode"]["version"] is None:
                await asyncio.sleep(0.1)
        return OpencodeClient.of(self.folder / "state")

    async def crowded(self, wanted: argparse.Namespace) -> tuple[float, float, float]:
        """Many clients at once."""
        stub_port, port = free_port(), free_port()
        with (
            self.stub(wanted.crowd_words, CROWD_PAUSE, stub_port),
            self.bridge(stub_port, port),
        ):
            async with aiohttp.ClientSession() as http:
                await self.client(http, port)
                idle = await stalls(http, port, asyncio.sleep(IDLE))
                busy = await stalls(http, port, self.all_at_once(wanted.crowd))
        worst = 1000 * max(0.0, max(busy) - max(idle))
        return 1000 * percentile(busy, 50), worst, worst

    async def all_at_once(self, count: int) -> None:
        """Have so many prompts answered."""

        async def one() -> None:
            async with OpencodeClient.of(self.folder / "state") as client:
                session = await client.create_session()
                async for _ in client.prompt(session.id, "go"):
                    continue

        await asyncio.gather(*(one() for _ in range(count)))


async def requests(
    http: aiohttp.ClientSession, url: str, client: OpencodeClient, count: int
) -> tuple[float, float, float]:
    """A request directly and through the bridge, in turn."""
    direct, bridged = [], []
    for _ in range(count + WARM_UP):
        began = time.perf_counter()
        async with http.get(f"{url}/session") as answer:
            await answer.json()
        between = time.perf_counter()
        await client.list_sessions()
        direct.append(between - began)
        bridged.append(time.perf_counter() - between)
    return more(direct[WARM_UP:], bridged[WARM_UP:])


async def tokens(
    http: aiohttp.ClientSession, url: str, client: OpencodeClient
) -> tuple[float, float, float]:
    """The words of a prompt, as they come from the event stream and through the bridge."""
    direct: list[float] = []
    bridged: list[float] = []
    listening = asyncio.ensure_future(follow(http, url, direct))
    session = await client.create_session()
    async for heard in client.prompt(session.id, "go"):
        if isinstance(heard, ChatToken):
            bridged.append(time.monotonic() - float(heard.text))
    listening.cancel()
    await asyncio.wait([listening])
    return more(direct[WARM_UP:], bridged[WARM_UP:])


async def follow(http: aiohttp.ClientSession, url: str, late: list[float]) -> None:
    """How late each word comes that the event stream tells."""
    async with http.get(f"{url}/event", timeout=aiohttp.ClientTimeout(total=None)) as answer:
        async for line in answer.content:
            if line.startswith(b"data: ") and b"message.part.delta" in line:
                event = json.loads(line[6:])
                late.append(time.monotonic() - float(event["properties"]["delta"]))


async def stalls(http: aiohttp.ClientSession, port: int, work: Any) -> list[float]:
    """How late the bridge's event loop was at most, each second until *work* is done."""
    found: list[float] = []
    working = asyncio.ensure_future(work)
    while not working.done():
        await asyncio.wait([working], timeout=1.0)
        found.append(float((await health(http, port))["loopLag"]))
    await working
    return found


async def health(http: aiohttp.ClientSession, port: int) -> Any:
    """What the server says of itself."""
    async with http.get(f"http://127.0.0.1:{port}/health") as answer:
        return await answer.json()


def more(direct: Sequence[float], bridged: Sequence[float]) -> tuple[float, float, float]:
    """By how much the second series is over the first: half, 95 in 100, the longest; ms."""
    half, most = (percentile(bridged, n) - percentile(direct, n) for n in (50, 95))
    return 1000 * half, 1000 * most, 1000 * (max(bridged) - max(direct))


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many of 100 do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


if __name__ == "__main__":
    sys.exit(main())
