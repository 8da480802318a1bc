#!/usr/bin/env python
"""What do browser channels cost?  Requests beside Node, and what is kept, searched and broadcast.

    python bench/channels.py [--rounds 3] [--seconds 2] [--messages 100000] [--pages 1000] [--check]

It starts servers of its own on one CPU and asks from another.

requests
    Small requests that a function answers at once, from some connections with some under way each.
    Answers per second of the server's CPU time, beside Node with ``ws`` that parses, looks up and
    answers the same; rounds take turns.
chat:get-messages, chat:search
    One at a time, in a chat with so many messages: from the request's first byte to the answer's
    last.
broadcast
    A change that so many pages are told: the server's CPU time for each, storing it included.

With ``--check`` it ends with status 1 if something is over what is promised; the promises hold on a
machine that does nothing else.
"""

import argparse
import json
import os
import random
import selectors
import shutil
import socket
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from contestants import program
from processes import NotStarted, Running, free_port, started
from promptness import percentile
from workshop import Unavailable, javascript_peers, work_folder

from mentra.stores import chats, users
from mentra.stores.channel_tables import chat_messages
from mentra.stores.opening import open_for_command
from mentra.stores.search import scope_of

CONNECTIONS, UNDER_WAY = 16, 8
TEXT = 0x81
WARM_UP = 5
"""Times that do not count: sockets that were never written to take longer."""

USER = "local"
TICKS = os.sysconf("SC_CLK_TCK")
SETTINGS = """\
[channels]
port = {port}
rate = 1_000_000_000

[wire]
max_connections = 100_000
admissions_per_second = 1_000_000.0
"""


@dataclass(frozen=True)
class Promise:
    """What is measured.

    :ivar bound: at least for a ratio, else at most, milliseconds.
    """

    name: str
    bound: float
    is_ratio: bool = False

    def is_kept(self, value: float) -> bool:
        """Whether *value* is good enough."""
        return value >= self.bound if self.is_ratio else value <= self.bound


REQUESTS = Promise("requests", 0.5, is_ratio=True)
GET_MESSAGES = Promise("chat:get-messages", 10)
SEARCH = Promise("chat:search", 50)
BROADCAST = Promise("broadcast", 15)
PROMISES = (REQUESTS, GET_MESSAGES, SEARCH, BROADCAST)


class Page:
    """A connection; what it sends is masked with zeros, which costs neither side anything."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(
            b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        self._rest = b""
        while b"\r\n\r\n" not in self._rest:
            self._rest += self.socket.recv(65_536)
        self._rest = self._rest.partition(b"\r\n\r\n")[2]

    def frames(self) -> list[bytes]:
        """What has come, after one look at the socket: texts alone."""
        data, found = self._rest + self.socket.recv(262_144), []
        while len(data) >= 2:
            size, start = data[1] & 127, 2
            if size == 126:
                size, start = int.from_bytes(data[2:4], "big"), 4
            elif size == 127:
                size, start = int.from_bytes(data[2:10], "big"), 10
            if len(data) < start + size:
                break
            if data[0] == TEXT:
                found.append(data[start : start + size])
            data = data[start + size :]
        self._rest = data
        return found

    def ask(self, channel: str, payload: Any) -> Any:
        """The payload of the answer, which is waited for."""
        self.socket.sendall(request(channel, payload, "a"))
        while True:
            for text in self.frames():
                frame = json.loads(text)
                if frame["type"] == "response":
                    assert "error" not in frame, frame
                    return frame.get("payload")


def request(channel: str, payload: Any, name: str) -> bytes:
    """A request's frame."""
    fields = {"type": "request", "id": name, "channel": channel, "payload": payload, "timestamp": 1}
    text = json.dumps(fields).encode()
    size = len(text)
    head = bytes((129, 128 | size)) if size < 126 else bytes((129, 254)) + size.to_bytes(2, "big")
    return head + bytes(4) + text


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a line for each promise; the exit status."""
    options = _parser().parse_args(arguments)
    cpus = sorted(os.sched_getaffinity(0))
    cpu = cpus[0] if len(cpus) > 1 else None
    if cpu is not None:
        os.sched_setaffinity(0, {cpus[1]})
    try:
        with work_folder() as folder:
            found = _measure(folder, cpu, options)
    except NotStarted as problem:
        print(problem, file=sys.stderr)
        return 1
    for promise, value in found.items():
        unit = "x Node ws per CPU-second" if promise.is_ratio else "ms"
        limit = "at least" if promise.is_ratio else "at most"
        print(f"{promise.name:<18} {value:.2f} {unit} (promised: {limit} {promise.bound:g})")
    if options.json:
        report = {promise.name: value for promise, value in found.items()}
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    broken = [one for one, value in found.items() if not one.is_kept(value)]
    return 1 if options.check and broken else 0


def _measure(folder: Path, cpu: int | None, options: argparse.Namespace) -> dict[Promise, float]:
    chat = _prepare(folder / "channels", options.messages)
    found: dict[Promise, float] = {}
    with ExitStack() as stack:
        own = stack.enter_context(_mentra(folder / "channels", cpu))
        try:
            node = stack.enter_context(_node(folder, cpu))
        except Unavailable as problem:
            print(problem, file=sys.stderr)
        else:
            found[REQUESTS] = _beside(own, node, options)
        page = Page(own.port)
        words = _words()
        found[GET_MESSAGES] = _p95(
            lambda: page.ask("chat:get-messages", {"chatId": chat, "limit": 50}), options.asked
        )
        found[SEARCH] = _p95(
            lambda: page.ask("chat:search", {"query": " ".join(random.sample(words, 2))}),
            options.asked,
        )
        found[BROADCAST] = _broadcast(own, page, chat, options)
    return found


def _beside(own: Running, node: Running, options: argparse.Namespace) -> float:
    ratios = []
    for _ in range(options.rounds):
        ours, theirs = (_rate(one, options.seconds) for one in (own, node))
        print(f"  {ours:,.0f} and {theirs:,.0f} answers per CPU-second", file=sys.stderr)
        ratios.append(ours / theirs)
    return statistics.median(ratios)


def _rate(server: Running, seconds: float) -> float:
    """Answers per second of the server's CPU time."""
    burst = b"".join(
        request("system:auth", {"token": "x" * 64}, f"request-{number:04}")
        for number in range(UNDER_WAY)
    )
    chooser = selectors.DefaultSelector()
    pages = [Page(server.port) for _ in range(CONNECTIONS)]
    for page in pages:
        page.socket.sendall(burst)
        chooser.register(page.socket, selectors.EVENT_READ, page)
    left = dict.fromkeys(pages, UNDER_WAY)
    answers, before, end = 0, _cpu(server), perf_counter() + seconds
    while perf_counter() < end:
        for key, _ in chooser.select(1):
            page = key.data
            came = sum(b'"response"' in frame for frame in page.frames())
            answers += came
            left[page] -= came
            if left[page] <= 0:
                left[page] = UNDER_WAY
                page.socket.sendall(burst)
    taken = _cpu(server) - before
    for page in pages:
        page.socket.close()
    return answers / max(taken, 1 / TICKS)


def _broadcast(server: Running, page: Page, chat: str, options: argparse.Namespace) -> float:
    """Milliseconds of the server's CPU time for each change that all pages are told."""
    others = [Page(server.port) for _ in range(options.pages)]
    times, before = 20, 0.0
    for number in range(WARM_UP + times):
        if number == WARM_UP:
            before = _cpu(server)
        page.ask("chat:update", {"id": chat, "title": f"title {number}"})
    taken = _cpu(server) - before
    for other in others:
        other.socket.close()
    return taken / times * 1000


def _p95(ask: Callable[[], Any], count: int) -> float:
    """Milliseconds that 95 of 100 take."""
    times = []
    for _ in range(WARM_UP + count):
        begun = perf_counter()
        ask()
        times.append((perf_counter() - begun) * 1000)
    return percentile(times[WARM_UP:], 95)


def _cpu(server: Running) -> float:
    """Seconds of CPU that the server's processes have used."""
    total = 0
    for pid in server.pids():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def _words() -> list[str]:
    return [f"word{number:04x}" for number in range(2000)]


def _prepare(folder: Path, count: int) -> str:
    """A store with one chat of so many messages; the chat's id."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    chooser, words = random.Random(1), _words()
    content = '[{"type":"text","value":"%s"}]'
    with open_for_command(None, folder / "state") as store:
        store.run(users.create, USER, 1.0)
        chat = store.run(chats.create, USER, "Long", None, 1.0, 10)

        def fill(connection: Any) -> None:
            for start in range(0, count, 5000):
                rows = []
                for number in range(start, min(start + 5000, count)):
                    text = " ".join(chooser.choices(words, k=12))
                    rows.append(
                        {
                            "message_id": f"msg_{number}", "chat_id": chat.id, "role": "user",
                            "owner": scope_of(USER), "content": content % text, "text": text,
                            "created_at": float(number), "is_liked": False,
                        }
                    )  # fmt: skip
                connection.execute(chat_messages.insert(), rows)

        store.run(fill)
    return str(chat.id)


@contextmanager
def _mentra(folder: Path, cpu: int | None) -> Iterator[Running]:
    port, other = free_port(), free_port()
    config = folder / "mentra.toml"
    config.write_text(SETTINGS.format(port=port))
    words = [program("twistd"), "-n", "--pidfile=", "mentra", "--config", str(config)]
    words += ["--state-dir", str(folder / "state"), "--listen", f"tcp:{other}:interface=127.0.0.1"]
    with started(words, port, folder / "mentra.log", environment={}, cpu=cpu) as server:
        yield server


@contextmanager
def _node(folder: Path, cpu: int | None) -> Iterator[Running]:
    peers, port = javascript_peers(folder), free_port()
    words = ["node", str(peers / "node_channels.js"), str(port)]
    with started(words, port, folder / "node-channels.log", environment={}, cpu=cpu) as server:
        yield server


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="turns of each server")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a turn")
    parser.add_argument("--messages", type=int, default=100_000, help="in the long chat")
    parser.add_argument("--pages", type=int, default=1000, help="that hear a broadcast")
    parser.add_argument("--asked", type=int, default=200, help="times that the store is asked")
    parser.add_argument("--json", type=Path, help="keep the figures in this file")
    parser.add_argument("--check", action="store_true", help="fail if a promise is broken")
    return parser


if __name__ == "__main__":
    sys.exit(main())
