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
recorded
    The same through a whole server, which keeps the session for the ``code`` channels meanwhile: a
    text and a tool call every twenty words.  The bridge of the two above is alone.
crowd
    As many clients as ``--crowd`` says have a prompt answered at the same time, ten words a second
    each, by a whole server: how late its event loop was at most, over what it was while nothing
    happened.

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


HALF, MOST, LONGEST = "half", "95 in 100", "longest"

Figures = dict[str, float]
"""Milliseconds, by what they are of all that was measured."""


@dataclass(frozen=True)
class Promise:
    """What is measured.

    :ivar at_most: milliseconds more than directly.
    :ivar counts: of which of the figures.
    """

    name: str
    what: str
    at_most: float
    counts: str = MOST


REQUEST = Promise("request", "a request through the bridge, more than directly", 5)
TOKEN = Promise("token", "a word through the bridge, more than directly", 3)
RECORDED = Promise("recorded", "a word through a whole server that keeps it", 3)
CROWD = Promise("crowd", "the longest stall while many have prompts answered", 50, LONGEST)


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
    for promise, figures in found.items():
        told = "   ".join(f"{name} {ms:7.2f} ms" for name, ms in figures.items())
        print(f"{promise.name:8} {told}   promised: {promise.counts} {promise.at_most:g} ms")
    if wanted.json is not None:
        wanted.json.write_text(json.dumps({one.name: found[one] for one in found}))
    over = [one for one, figures in found.items() if figures[one.counts] > one.at_most]
    return 1 if wanted.check and over else 0


async def measure(wanted: argparse.Namespace) -> dict[Promise, Figures]:
    """What each promise is about."""
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpus[-1]})
    with work_folder() as folder:
        one = Stage(folder, cpus[0], cpus[-1])
        found = await one.alone(wanted)
        found[RECORDED] = await one.recorded(wanted)
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

    def settings(self, stub_port: int, port: int) -> list[str]:
        """Options of a bridge."""
        file = self.folder / "mentra.toml"
        file.write_text(
            f'[opencode]\nenabled = true\nport = {port}\nurl = "http://127.0.0.1:{stub_port}"\n'
            '[log]\nlevel = "warn"\n'
        )
        return ["--config", str(file), "--state-dir", str(self.folder / "state")]

    def bridge(self, stub_port: int, port: int) -> Any:
        """A bridge alone."""
        words = [str(Path(sys.executable).with_name("mentra")), "opencode", "serve"]
        words += self.settings(stub_port, port)
        return started(words, port, self.folder / "bridge.log", environment={}, cpu=self.cpu)

    def server(self, stub_port: int, port: int) -> Any:
        """A whole server, with a bridge."""
        words = [str(Path(sys.executable).with_name("twistd")), "-n", "--pidfile=", "mentra"]
        words += self.settings(stub_port, 0)
        words += ["--listen", f"tcp:{port}:interface=127.0.0.1"]
        return started(words, port, self.folder / "server.log", environment={}, cpu=self.cpu)

    async def alone(self, wanted: argparse.Namespace) -> dict[Promise, Figures]:
        """One client that does one thing at a time."""
        stub_port, port = free_port(), free_port()
        with self.stub(wanted.words, PAUSE, stub_port), self.bridge(stub_port, port):
            url = f"http://127.0.0.1:{stub_port}"
            # the port is open a moment before the file that tells of it is there
            while not (self.folder / "state" / "opencode.json").exists():
                await asyncio.sleep(0.05)
            async with aiohttp.ClientSession() as http, self.found() as client:
                return {
                    REQUEST: await requests(http, url, client, wanted.requests),
                    TOKEN: await tokens(http, url, client),
                }

    async def recorded(self, wanted: argparse.Namespace) -> Figures:
        """One client of a whole server."""
        stub_port, port = free_port(), free_port()
        with self.stub(wanted.words, PAUSE, stub_port), self.server(stub_port, port):
            async with aiohttp.ClientSession() as http:
                await self.there(http, port)
                async with self.found() as client:
                    return await tokens(http, f"http://127.0.0.1:{stub_port}", client)

    def found(self) -> OpencodeClient:
        """A client of the bridge that runs."""
        return OpencodeClient.of(self.folder / "state")

    async def there(self, http: aiohttp.ClientSession, port: int) -> None:
        """Wait until the server has found the stand-in."""
        async with asyncio.timeout(30):
            while (await health(http, port))["parts"]["opencode"]["version"] is None:
                await asyncio.sleep(0.1)

    async def crowded(self, wanted: argparse.Namespace) -> Figures:
        """Many clients at once."""
        stub_port, port = free_port(), free_port()
        with (
            self.stub(wanted.crowd_words, CROWD_PAUSE, stub_port),
            self.server(stub_port, port),
        ):
            async with aiohttp.ClientSession() as http:
                await self.there(http, port)
                idle = await stalls(http, port, asyncio.sleep(IDLE))
                busy = await stalls(http, port, self.all_at_once(wanted.crowd))
        return {LONGEST: 1000 * max(0.0, max(busy) - max(idle))}

    async def all_at_once(self, count: int) -> None:
        """Have so many prompts answered."""

        async def one() -> None:
            async with self.found() as client:
                session = await client.create_session()
                async for _ in client.prompt(session.id, "go"):
                    continue

        await asyncio.gather(*(one() for _ in range(count)))


async def requests(
    http: aiohttp.ClientSession, url: str, client: OpencodeClient, count: int
) -> Figures:
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


async def tokens(http: aiohttp.ClientSession, url: str, client: OpencodeClient) -> Figures:
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


def more(direct: Sequence[float], bridged: Sequence[float]) -> Figures:
    """By how much the second series is over the first: half, 95 in 100, the longest; ms."""
    half, most = (percentile(bridged, n) - percentile(direct, n) for n in (50, 95))
    longest = max(bridged) - max(direct)
    return {HALF: 1000 * half, MOST: 1000 * most, LONGEST: 1000 * longest}


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many of 100 do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


if __name__ == "__main__":
    sys.exit(main())
