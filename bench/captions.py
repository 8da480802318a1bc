#!/usr/bin/env python
"""How much of a caption's delay is the server's?  And does a crowd that speaks stall it?

    python bench/captions.py [--speakers 50] [--streams 200] [--secs 20] [--check]

It starts a server of its own on one CPU, and is phones and apps on another.

share
    So many people speak at once, in pieces of 100 ms, through an engine that answers each piece at
    once and costs nothing (``stub_engine.py``).  The server's own share of a caption is from sound
    received to the engine fed, and from the engine's result to the frames handed to the sockets:
    both come from the server's ``/metrics``.  From a piece sent to its caption received is measured
    here, with all that this program itself needs.
stall
    So many streams of LC3, in packets of 100 ms, decoded and fanned out to one app each.  By how
    much a call every five milliseconds came too late at worst, beside the same while the server
    has nothing to do.
word
    One person speaks fifteen sentences to the recogniser that comes with the server, with a CPU of
    its own: from the end of a word in the sound to the first interim caption that has it.

With ``--check`` it ends with status 1 if a promise is not kept; they hold on a machine that does
nothing else.
"""

import argparse
import asyncio
import json
import os
import re
import secrets
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import jwt
import lc3
from processes import free_port, started
from promptness import percentile
from workshop import HERE, work_folder

from mentra.messages.audio import Vad
from mentra.sdk import AppServer, AppSession
from mentra.sdk.glasses import GlassesClient
from mentra.sdk.microphone import Microphone
from mentra.testing.spoken import SENTENCES, has_flite, silence, speak_with_flite

PACKAGE = "org.example.bench"
CHUNK_MS = 100
LC3_BYTES = 40
IDLE = 5.0
"""Seconds in which the server is watched while it has nothing to do."""

SETTINGS = """
[server]
drain = 0.0
[auth]
secret_file = "{secret}"
[wire]
admissions_per_second = 10000.0
max_connections_per_user = 100
[apps]
connect_timeout = 60.0
max_rate = 1000000.0
"""
STUB = """
[plugins]
path = ["{plugins}"]
[speech]
recognisers = ["stub"]
"""


@dataclass(frozen=True)
class Promise:
    """What is measured.

    :ivar at_most: milliseconds.
    """

    name: str
    what: str
    at_most: float


SHARE = Promise("share", "the server's own part of a caption, 95 of 100", 20)
STALL = Promise("stall", "delay of the event loop beyond an idle one, the longest", 50)
WORD = Promise("word", "end of a word to its first interim caption, 95 of 100", 500)


@dataclass
class Found:
    """A figure.

    :ivar told: what else is worth knowing.
    """

    promise: Promise
    milliseconds: float
    told: str = ""

    @property
    def is_kept(self) -> bool:
        """Whether it is what was promised."""
        return self.milliseconds <= self.promise.at_most


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    options = _parser().parse_args(arguments)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    found = []
    with work_folder() as folder:
        for name in options.only.split(","):
            found.append(asyncio.run(_MEASURES[name](folder, options)))
            one = found[-1]
            print(
                f"{one.promise.name:6} {one.milliseconds:8.1f} ms, promised "
                f"{one.promise.at_most:g} ms: {one.promise.what}{one.told}",
                flush=True,
            )
    if options.json:
        options.json.write_text(
            json.dumps({one.promise.name: one.milliseconds for one in found}, indent=1)
        )
    return int(options.check and not all(one.is_kept for one in found))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--speakers", type=int, default=50)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--secs", type=float, default=20.0, help="of speech, for share and stall")
    parser.add_argument("--sentences", type=int, default=15, help="for word")
    parser.add_argument("--only", default="share,stall,word")
    parser.add_argument("--check", action="store_true", help="status 1 if a promise is not kept")
    parser.add_argument("--json", type=Path, help="write the figures into this file")
    return parser


# -- what is measured --------------------------------------------------------------------------


async def share(folder: Path, options: argparse.Namespace) -> Found:
    """The server's own part."""
    there_and_back: list[float] = []
    async with crowd(folder, STUB.format(plugins=HERE / "stub_engine"), options.speakers) as people:
        for one in people:
            one.heard = partial(_there_and_back, there_and_back, one)
            one.glasses.send(Vad(status=True))
        pieces = bytes(int(options.secs * 1000) * 32)
        await asyncio.gather(*(one.speak(pieces) for one in people))
        await asyncio.sleep(0.5)
        metrics = fetch(people[0].port, "/metrics").decode()
    fed, caption = (_latency(metrics, stage) for stage in ("fed", "caption"))
    all_of_it = percentile(there_and_back, 95) * 1000
    told = (
        f" ({options.speakers} speakers; fed {fed:.2f}, caption {caption:.2f} ms; sent to received "
        f"p95 {all_of_it:.1f} ms of {len(there_and_back)} captions, this program included)"
    )
    return Found(SHARE, fed + caption, told)


def _there_and_back(times: list[float], one: "Person", data: dict[str, Any], now: float) -> None:
    if not data["isFinal"]:
        times.append(now - one.sent[int(data["endTime"]) // CHUNK_MS - 1])


def _latency(metrics: str, stage: str) -> float:
    """95 of 100, milliseconds."""
    line = rf'^mentra_stage_latency_seconds{{quantile="0.95",stage="{stage}"}} (\S+)$'
    found = re.search(line, metrics, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"the server has no figure of the stage {stage}")
    return 1000 * float(found[1])


async def stall(folder: Path, options: argparse.Namespace) -> Found:
    """The longest delay."""
    packet = b"".join([lc3.Encoder(10_000, 16_000).encode(bytes(320), LC3_BYTES, 16)] * 10)
    settings = STUB.format(plugins=HERE / "stub_engine")
    async with crowd(folder, settings, options.streams, stream="audio_chunk") as people:
        port = people[0].port
        counted = [0]

        def count(data: Any, now: float) -> None:
            counted[0] += 1

        for one in people:
            one.heard = count
            await asyncio.to_thread(one.configure_lc3)
        latest(port)
        await asyncio.sleep(IDLE)
        idle = latest(port)
        microphones = [
            Microphone(one.glasses.send_audio, chunk_ms=CHUNK_MS, encode=lambda pcm: packet)
            for one in people
        ]
        sound = bytes(int(options.secs * 1000) * 32)
        await asyncio.gather(*(_soon(one, sound) for one in microphones))
        busy = latest(port)
        await asyncio.sleep(0.5)
    packets = options.streams * (len(sound) // (CHUNK_MS * 32))
    told = (
        f" ({options.streams} streams of LC3; {busy:.1f} ms, idle {idle:.1f} ms; "
        f"{counted[0]} of {packets} packets arrived)"
    )
    return Found(STALL, max(0.0, busy - idle), told)


async def _soon(microphone: Microphone, sound: bytes) -> None:
    # people do not begin in the same moment
    await asyncio.sleep(secrets.randbelow(CHUNK_MS) / 1000)
    await microphone.hear(sound, 0)


def latest(port: int) -> float:
    """By how much the event loop was late at worst since this was asked last, milliseconds."""
    return 1000 * float(json.loads(fetch(port, "/bench/lateness"))["worst"])


async def word(folder: Path, options: argparse.Namespace) -> Found:
    """Words of one speaker."""
    if not has_flite():
        raise SystemExit("captions.py: flite is not installed; leave out word with --only")
    captions: list[tuple[float, dict[str, Any]]] = []
    async with crowd(folder, "[pocketsphinx]\nworkers = 1\n", 1, cpu=None) as (one,):
        one.heard = lambda data, now: captions.append((now, data))
        one.glasses.send(Vad(status=True))
        speech = silence(0.5) + b"".join(
            speak_with_flite(sentence) + silence(1.2) for sentence in SENTENCES[: options.sentences]
        )
        await one.speak(speech)
        await asyncio.sleep(1.0)
    delays = list(_delays(captions, one.sent))
    told = (
        f" ({len(delays)} words; p50 {1000 * percentile(delays, 50):.0f} ms, "
        f"longest {1000 * max(delays):.0f} ms)"
    )
    return Found(WORD, 1000 * percentile(delays, 95), told)


def _delays(captions: list[tuple[float, dict[str, Any]]], sent: Sequence[float]) -> Iterator[float]:
    """Seconds from the end of each word of a final caption to the first caption that had it."""
    utterances: dict[str, list[tuple[float, dict[str, Any]]]] = {}
    for now, data in captions:
        utterances.setdefault(data["utteranceId"], []).append((now, data))
    for told in utterances.values():
        final = told[-1][1]
        tokens = final["metadata"].get(final["provider"], {}).get("tokens", ())
        for place, token in enumerate(tokens):
            first = next(now for now, data in told if _has(data["text"], place, token["text"]))
            yield first - _spoken_at(token["endMs"], sent)


def _has(text: str, place: int, word: str) -> bool:
    # a word before it may still have been heard as two, or not at all
    return word in text.split()[max(0, place - 1) : place + 2]


def _spoken_at(milliseconds: int, sent: Sequence[float]) -> float:
    """When a microphone would have heard what is there: a piece is sent at its end."""
    piece = min((milliseconds - 1) // CHUNK_MS, len(sent) - 1)
    return sent[piece] - ((piece + 1) * CHUNK_MS - milliseconds) / 1000


_MEASURES = {"share": share, "stall": stall, "word": word}


# -- who takes part ----------------------------------------------------------------------------


@dataclass
class Person:
    """Somebody with glasses and an app.

    :ivar heard: called with what the app is told, and when.
    :ivar sent: when each piece of sound went out.
    """

    user_id: str
    token: str
    port: int
    glasses: GlassesClient
    heard: Callable[[Any, float], None] = lambda data, now: None
    sent: list[float] = field(default_factory=list)

    async def ready(self) -> None:
        """Their app wants to hear."""
        await self.glasses.until(lambda: self.glasses.connected)
        self.glasses.start_app(PACKAGE)
        await self.glasses.until(lambda: self.glasses.microphone_on)

    async def speak(self, sound: bytes) -> None:
        """As people do; a piece goes out when the last of it was said."""
        now = asyncio.get_running_loop().time

        def send(piece: bytes) -> bool:
            self.sent.append(now())
            return self.glasses.send_audio(piece)

        # not all in the same moment
        await asyncio.sleep(secrets.randbelow(CHUNK_MS) / 1000)
        await Microphone(send, chunk_ms=CHUNK_MS).hear(sound, 0)

    def configure_lc3(self) -> None:
        """Tell the server what comes."""
        config = {"sampleRate": 16_000, "frameDurationMs": 10, "frameSizeBytes": LC3_BYTES}
        fetch(
            self.port,
            "/api/client/audio/configure",
            data=json.dumps({"format": "lc3", "lc3Config": config}).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )


class Listening(AppServer):
    """One app for everybody."""

    def __init__(self, key: str, port: int, stream: str) -> None:
        super().__init__(PACKAGE, key, port=port)
        self.people: dict[str, Person] = {}
        self._wanted = stream

    async def on_session(self, session: AppSession) -> None:
        """Hand on what comes."""
        now = asyncio.get_running_loop().time
        one = self.people[session.user_id]
        session.on(self._wanted, lambda data: one.heard(data, now()))


@asynccontextmanager
async def crowd(
    folder: Path, settings: str, many: int, *, stream: str = "transcription", cpu: int | None = 0
) -> AsyncIterator[list[Person]]:
    """So many people at a server of their own, on *cpu*; None is all of them."""
    key, secret = secrets.token_hex(20), secrets.token_hex(32)
    home = folder / "captions"
    home.mkdir(exist_ok=True)
    (home / "secret").touch(mode=0o600)
    (home / "secret").write_text(secret)
    config, state = home / "mentra.toml", home / f"state-{secrets.token_hex(4)}"
    config.write_text(SETTINGS.format(secret=home / "secret") + settings)
    port, app_port = free_port(), free_port()
    where = ["--config", str(config), "--state-dir", str(state)]
    commands = Path(sys.executable).parent
    subprocess.run(
        [
            *(commands / "mentra", "app", "add", PACKAGE, "--url", f"http://127.0.0.1:{app_port}"),
            *("--permission", "MICROPHONE", "--api-key", key, *where),
        ],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    words = [str(commands / "twistd"), "-n", "--pidfile=", "mentra", *where]
    words += ["--listen", f"tcp:{port}:interface=127.0.0.1"]
    app = Listening(key, app_port, stream)
    await app.start()
    with started(words, port, home / "mentra.log", environment={}, cpu=cpu):
        people = [_person(number, secret, port) for number in range(many)]
        app.people = {one.user_id: one for one in people}
        running = [asyncio.create_task(one.glasses.run()) for one in people]
        try:
            async with asyncio.timeout(60):
                await asyncio.gather(*(one.ready() for one in people))
            await asyncio.sleep(1.0)
            yield people
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await app.stop()


def _person(number: int, secret: str, port: int) -> Person:
    user_id = f"user{number}@example.org"
    token = jwt.encode({"sub": user_id, "email": user_id}, secret, algorithm="HS256")
    return Person(user_id, token, port, GlassesClient(f"http://127.0.0.1:{port}", token))


def fetch(port: int, path: str, **how: Any) -> bytes:
    """What the server answers."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", **how)
    with urllib.request.urlopen(request, timeout=30) as answer:
        body: bytes = answer.read()
    return body


if __name__ == "__main__":
    sys.exit(main())
