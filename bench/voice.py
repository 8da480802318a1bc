#!/usr/bin/env python
"""How prompt is the voice assistant?  Many conversations at once, their engines' time apart.

    python bench/voice.py [--conversations 20] [--rounds 10] [--check]

It starts a server of its own on one CPU, whose model says what it was told and whose voice has said
it before, and is all of its clients on another.

text
    From a typed question to the last word of its answer.
first sound
    From a typed question to the first sound of its answer.
barge-in
    From an interruption, while all conversations are spoken to, to its acknowledgement: no sound
    follows that, which is looked at.

All that this program itself needs is part of the figures.  With ``--check`` it ends with status 1
if the slowest in twenty is over what is promised, or a sound came late.
"""

import argparse
import asyncio
import os
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from contestants import program
from processes import NotStarted, Running, free_port, started
from promptness import Promise, line_of, percentile
from workshop import work_folder

from mentra.messages import Message
from mentra.messages.assistant import ConversationInterrupted, LlmResponse, SpokenChunk
from mentra.sdk.voice import VoiceClient, guest_token

QUESTION = "one two three four five six seven eight nine ten eleven twelve " * 3
WARM_UP = 2
QUIET = 0.3
"""Seconds after an interruption in which nothing may sound."""

SETTINGS = """
[voice]
max_guests = 1000
guest_seconds = 1000000
max_rate = 1000
[channels]
port = 0
[synthesis]
engine = "flite"
"""

TEXT = Promise("text", "typed question to the last word of the answer", 100)
SOUND = Promise("first sound", "typed question to the first sound of the answer", 100)
BARGE_IN = Promise("barge-in", "interruption to its acknowledgement, no sound after it", 100)


class Talk:
    """One conversation, and when what was heard in it.

    :ivar late: pieces of sound that came after an interruption was acknowledged.
    """

    def __init__(self, voice: VoiceClient) -> None:
        self.voice = voice
        self.late = 0
        self._quiet = False
        self._sounded: asyncio.Event = asyncio.Event()
        self._answered = self._silenced = 0.0
        voice.listen(self._heard)

    def _heard(self, message: Message) -> None:
        now = perf_counter()
        if isinstance(message, SpokenChunk):
            self.late += self._quiet
            self._sounded.set()
        elif isinstance(message, LlmResponse) and message.data.is_final:
            self._answered = now
        elif isinstance(message, ConversationInterrupted):
            self._silenced, self._quiet = now, True

    async def round(self) -> tuple[float, float, float]:
        """Ask, listen for a while, interrupt; milliseconds of each."""
        self._quiet = False
        self._sounded.clear()
        begun = perf_counter()
        asked = asyncio.ensure_future(self.voice.ask(QUESTION))
        await self._sounded.wait()
        sounded = perf_counter()
        await asyncio.sleep(random.uniform(0.2, 1.0))
        interrupted = perf_counter()
        self.voice.interrupt()
        await asked
        await asyncio.sleep(QUIET)
        spans = (self._answered - begun, sounded - begun, self._silenced - interrupted)
        return tuple(one * 1000 for one in spans)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a line for each promise; the exit status."""
    options = _parser().parse_args(arguments)
    cpus = sorted(os.sched_getaffinity(0))
    apart = len(cpus) > 1
    if apart:
        os.sched_setaffinity(0, {cpus[1]})
    try:
        with work_folder() as folder, _server(folder, cpus[0] if apart else None) as server:
            found, late = asyncio.run(_measure(server.port, options))
    except NotStarted as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"{options.conversations} conversations at once")
    for promise, times in found.items():
        print(line_of(promise, times))
    print(f"sounds after an interruption: {late}")
    broken = late or [one for one, ms in found.items() if percentile(ms, 95) > one.at_most]
    return 1 if options.check and broken else 0


async def _measure(
    port: int, options: argparse.Namespace
) -> tuple[dict[Promise, list[float]], int]:
    url = f"http://127.0.0.1:{port}"
    voices = [VoiceClient(url, guest_token()) for _ in range(options.conversations)]
    for voice in voices:
        await voice.__aenter__()
    talks = [Talk(voice) for voice in voices]
    rounds: list[tuple[float, float, float]] = []
    for number in range(WARM_UP + options.rounds):
        told = await asyncio.gather(*(one.round() for one in talks))
        if number >= WARM_UP:
            rounds += told
    for voice in voices:
        await voice.close()
    text, sound, barge_in = (list(times) for times in zip(*rounds, strict=True))
    return {TEXT: text, SOUND: sound, BARGE_IN: barge_in}, sum(one.late for one in talks)


@contextmanager
def _server(folder: Path, cpu: int | None) -> Iterator[Running]:
    config, port = folder / "voice.toml", free_port()
    config.write_text(SETTINGS)
    words = [program("twistd"), "-n", "--pidfile=", "mentra", "--config", str(config)]
    words += ["--state-dir", str(folder / "voice-state")]
    words += ["--listen", f"tcp:{port}:interface=127.0.0.1"]
    with started(words, port, folder / "voice.log", environment={}, cpu=cpu) as server:
        yield server


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Time the turns of the voice assistant.")
    parser.add_argument("--conversations", type=int, default=20, help="how many at once")
    parser.add_argument("--rounds", type=int, default=10, help="questions in each")
    parser.add_argument("--check", action="store_true", help="status 1 if a promise is not kept")
    return parser


if __name__ == "__main__":
    sys.exit(main())
