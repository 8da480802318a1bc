#!/usr/bin/env python
"""Send an echo server what a WebSocket server must get right, and print what it did.

    python bench/wire_check.py PORT [--path /echo-ws] [--against PORT]

One line a case: its name and the outcome, that is, what came back until the connection was either
closed or had answered a last ping.  Equal text means equal behaviour, so that a server's fast path
can be compared with its ordinary one, or with another server.  With ``--against`` both servers are
tried and only the differing cases are printed; the exit status tells whether there were any.
"""

import argparse
import asyncio
import random
import struct
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from wire_cases import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Case,
    blob_with_everything,
    frame,
    random_conversation,
    simple_cases,
)

NAMES = {TEXT: "text", BINARY: "binary", CLOSE: "close", PING: "ping", PONG: "pong"}
LAST_WORD = b"that was all"
PATIENCE = 8.0
"""Seconds; longer than a server gives a client to answer its close frame."""


@dataclass(frozen=True)
class Server:
    """Where the echo is."""

    host: str
    port: int
    path: str

    async def outcome(self, case: Case) -> str:
        """What a fresh connection does with a case."""
        client = await self._connected()
        return await client.converse(case)

    async def _connected(self) -> "Client":
        reader, writer = await asyncio.open_connection(self.host, self.port)
        writer.write(
            f"GET {self.path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: d2lyZSBjaGVjaywgMTYgIQ==\r\n\r\n".encode()
        )
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        if not head.startswith(b"HTTP/1.1 101 "):
            raise ConnectionError(f"no upgrade: {head.splitlines()[0].decode()}")
        return Client(reader, writer)


class Client:
    """One connection, good for one case."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._seen: list[str] = []

    async def converse(self, case: Case) -> str:
        """Send the case's parts; what came back, in words."""
        # reading meanwhile: a server that echoes may stop reading until we have taken the echo
        reading = asyncio.ensure_future(self._read_to_the_end())
        try:
            await self._send(case)
            await asyncio.wait_for(reading, PATIENCE)
        except TimeoutError:
            self._seen.append("silence")
        finally:
            reading.cancel()
            self._writer.close()
        return "; ".join(self._seen) or "nothing"

    async def _send(self, case: Case) -> None:
        try:
            for part in case.parts:
                self._writer.write(part)
                await self._writer.drain()
                if case.apart:
                    await asyncio.sleep(0.001)
            if not case.ends:
                self._writer.write(frame(PING, LAST_WORD))
        except ConnectionError:
            pass  # the reading side meets it too, and tells

    async def _read_to_the_end(self) -> None:
        try:
            while True:
                head, payload = await self._read_frame()
                if head & 15 == PONG and payload == LAST_WORD:
                    return
                if head & 15 == PING:
                    # the heartbeat, which comes when its time has come; an answer might land in
                    # the middle of a frame that is being sent in pieces
                    continue
                self._seen.append(described(head, payload))
                if head & 15 == CLOSE:
                    self._writer.write(frame(CLOSE, payload[:2]))
        except (asyncio.IncompleteReadError, ConnectionError):
            self._seen.append("end of connection")

    async def _read_frame(self) -> tuple[int, bytes]:
        head, length = await self._reader.readexactly(2)
        if length == 126:
            (length,) = struct.unpack(">H", await self._reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", await self._reader.readexactly(8))
        return head, await self._reader.readexactly(length)


def described(head: int, payload: bytes) -> str:
    """A frame as words: short payloads spelt out, long ones by checksum."""
    opcode = head & 15
    if opcode == CLOSE and len(payload) > 1:
        code = int.from_bytes(payload[:2], "big")
        return f"close {code} {payload[2:].decode(errors='replace')}".rstrip()
    kind = NAMES.get(opcode, f"opcode {opcode}") + ("" if head & 128 else " unfinished")
    what = repr(payload) if len(payload) < 24 else f"crc {zlib.crc32(payload):08x}"
    return f"{kind} of {len(payload)}: {what}"


async def split_at_every_offset(server: Server) -> str:
    """The blob in two writes, cut at each offset in turn; how the outcomes differ, if they do."""
    blob = blob_with_everything()
    outcomes: dict[str, list[int]] = {}
    for at in range(len(blob) + 1):
        case = Case("split", [blob[:at], blob[at:]], apart=True)
        outcomes.setdefault(await server.outcome(case), []).append(at)
    if len(outcomes) == 1:
        return next(iter(outcomes))
    return " | ".join(f"cut at {where}: {outcome}" for outcome, where in outcomes.items())


async def byte_by_byte(server: Server) -> str:
    """The blob in writes of one byte."""
    blob = blob_with_everything()
    parts = [blob[at : at + 1] for at in range(len(blob))]
    return await server.outcome(Case("bytes", parts, apart=True))


async def random_splits(server: Server, seed: int) -> str:
    """Random frames cut at random places, the same for each *seed*."""
    chance = random.Random(seed)
    blob = random_conversation(chance)
    parts = []
    at = 0
    while at < len(blob):
        step = chance.choice((1, 2, 5, 100, 1500, 70_000, 400_000))
        parts.append(blob[at : at + step])
        at += step
    outcome = await server.outcome(Case("random", parts))
    return f"{outcome.count(';') + 1} events, crc {zlib.crc32(outcome.encode()):08x}"


async def outcomes(server: Server, limit: int, only: str) -> dict[str, str]:
    """Case name to outcome, of the cases whose name has *only* in it.

    :param limit: the server's largest message, bytes.
    """
    found = {}
    for case in simple_cases(limit):
        if only in case.name:
            found[case.name] = await server.outcome(case)
    if only in "split at every offset":
        found["split at every offset"] = await split_at_every_offset(server)
    if only in "byte by byte":
        found["byte by byte"] = await byte_by_byte(server)
    for seed in range(5):
        name = f"random splits {seed}"
        if only in name:
            found[name] = await random_splits(server, seed)
    return found


async def check(options: argparse.Namespace) -> int:
    """Try the server, or both; the exit status."""
    ours = await outcomes(
        Server(options.host, options.port, options.path), options.limit, options.only
    )
    if options.against is None:
        for name, outcome in ours.items():
            print(f"{name}: {outcome}")
        return 0
    other = Server(options.host, options.against, options.against_path or options.path)
    theirs = await outcomes(other, options.limit, options.only)
    differing = [name for name in ours if ours[name] != theirs[name]]
    for name in differing:
        print(f"{name}\n  {options.port}: {ours[name]}\n  {options.against}: {theirs[name]}")
    print(f"{len(ours)} cases, {len(differing)} of them different")
    return 1 if differing else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and check; the exit status."""
    parser = argparse.ArgumentParser(description="Compare what WebSocket echo servers do.")
    parser.add_argument("port", type=int)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--path", default="/echo-ws", help="of the echo; default /echo-ws")
    parser.add_argument("--against", type=int, metavar="PORT", help="a second echo to compare with")
    parser.add_argument("--against-path", help="its path, if it is another one")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument(
        "--limit", type=int, default=16 * 1024 * 1024, help="the largest message, bytes"
    )
    options = parser.parse_args(arguments)
    try:
        return asyncio.run(check(options))
    except OSError as problem:
        print(f"No conversation with port {options.port}: {problem}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
