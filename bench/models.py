#!/usr/bin/env python
"""How soon does a page get what a language model says?

    python bench/models.py [--answers 200] [--words 20] [--check]

It starts a server of its own on one CPU, and is provider and page on another: the provider speaks
OpenAI's chat completions, and what it says are the moments at which it says it.  A figure is the
time from there to the page, through both sockets; the provider pauses for 2 ms between two words.
What this program itself needs is part of the figures.

With ``--check`` it ends with status 1 if the slowest in twenty is over what is promised, on a
machine that does nothing else.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from contestants import program
from processes import NotStarted, free_port, started
from promptness import Promise, line_of, percentile
from websockets.asyncio.client import connect
from workshop import work_folder

WARM_UP = 5
"""Answers that do not count."""

PAUSE = 0.002
"""Seconds between two words of the provider's."""

FIRST = Promise("first chunk", "provider's first word to the page's first text chunk", 5)
EACH = Promise("each chunk", "the same of every word", 5)

SETTINGS = """
[llm.compatible.timed]
base_url = "http://127.0.0.1:{provider}/v1"
model = "timed"

[channels]
own_port = true
port = {door}
rate = 100000
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a line for each promise; the exit status."""
    options = _parser().parse_args(arguments)
    cpus = sorted(os.sched_getaffinity(0))
    apart = len(cpus) > 1
    if apart:
        os.sched_setaffinity(0, {cpus[1]})
    try:
        with work_folder() as folder:
            found = asyncio.run(_measure(folder, options, cpus[0] if apart else None))
    except NotStarted as problem:
        print(problem, file=sys.stderr)
        return 1
    for promise, times in found.items():
        print(line_of(promise, times))
    if options.json:
        report = {promise.name: times for promise, times in found.items()}
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    broken = [one for one, times in found.items() if percentile(times, 95) > one.at_most]
    return 1 if options.check and broken else 0


async def _measure(
    folder: Path, options: argparse.Namespace, cpu: int | None
) -> dict[Promise, list[float]]:
    provider = await asyncio.start_server(
        lambda reader, writer: _answer(reader, writer, options.words), "127.0.0.1", 0
    )
    door, port = free_port(), free_port()
    config = folder / "models.toml"
    config.write_text(SETTINGS.format(provider=provider.sockets[0].getsockname()[1], door=door))
    words = [program("twistd"), "-n", "--pidfile=", "mentra", "--config", str(config)]
    words += ["--listen", f"tcp:{port}:interface=127.0.0.1", "--state-dir", str(folder / "models")]
    async with provider:
        with started(words, door, folder / "models.log", environment={}, cpu=cpu):
            return await _ask(f"ws://127.0.0.1:{door}/", WARM_UP + options.answers)


async def _ask(url: str, answers: int) -> dict[Promise, list[float]]:
    first: list[float] = []
    each: list[float] = []
    async with connect(url, compression=None) as page:
        for number in range(answers):
            times = await _one(page, f"r{number}")
            if number >= WARM_UP:
                first.append(times[0])
                each += times
    return {FIRST: first, EACH: each}


async def _one(page: object, request_id: str) -> list[float]:
    """Milliseconds from each word of an answer to the page."""
    payload = {
        "provider": "timed", "model": "",
        "messages": [{"role": "user", "content": "What time is it?"}],
    }  # fmt: skip
    request = {
        "type": "request", "id": request_id, "channel": "ai:chat-stream", "payload": payload,
    }  # fmt: skip
    await page.send(json.dumps(request))  # type: ignore[attr-defined] # websockets names no type for both
    times: list[float] = []
    while True:
        frame = json.loads(await page.recv())  # type: ignore[attr-defined] # as above
        now = perf_counter()
        if frame["type"] == "response":
            if "error" in frame:
                raise NotStarted(str(frame["error"]))
            return times
        if frame["channel"] == "ai:stream-chunk" and "text" in frame["payload"]["chunk"]:
            times.append((now - float(frame["payload"]["chunk"]["text"])) * 1000)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, words: int) -> None:
    """Answer requests on one connection for as long as it lasts."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.decode().lower().split("\r\n")
            length = next(line for line in lines if line.startswith("content-length:"))
            await reader.readexactly(int(length.partition(":")[2]))
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n"
            )
            for _ in range(words):
                await asyncio.sleep(PAUSE)
                _say(writer, {"content": f"{perf_counter():.6f} "})
                await writer.drain()
            _say(writer, {}, "stop")
            writer.write(_piece(b"data: [DONE]\n\n") + b"0\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
        pass  # the server is gone, or we are
    finally:
        writer.close()


def _say(writer: asyncio.StreamWriter, delta: dict[str, str], stop: str | None = None) -> None:
    choice = {"index": 0, "delta": delta, "finish_reason": stop}
    chunk = {"id": "timed", "model": "timed", "choices": [choice]}
    writer.write(_piece(f"data: {json.dumps(chunk)}\n\n".encode()))


def _piece(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Time a language model's words to a page.")
    parser.add_argument("--answers", type=int, default=200, help="answers that count")
    parser.add_argument("--words", type=int, default=20, help="words of an answer")
    parser.add_argument("--json", type=Path, help="write every time, milliseconds, to this file")
    parser.add_argument("--check", action="store_true", help="status 1 if a promise is not kept")
    return parser


if __name__ == "__main__":
    sys.exit(main())
