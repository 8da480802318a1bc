#!/usr/bin/env python
"""How good and how quick are the engines on this machine?  Real speech, by flite.

    python bench/engines.py [--voices kal16 rms] [--sentences 15] [--real-time 6] [--check]

Recognisers get each sentence at once, in a stream of its own, and then some of them as they are
spoken, in pieces of 100 ms.  Printed are

errors
    Words wrong, of those that were said.
speed
    Seconds of speech recognised in a second, by one process.
word shown
    From the end of a word in the sound (as the final result has it) to the first interim result
    that has it in its place; half of the words, and 95 of 100.
killed
    From the end of a sentence in the sound to its final result, when its process is killed in the
    middle of it; 800 ms of that are the silence that ends an utterance.
stall
    The longest time in which the server's thread could do nothing else, from the first stream's
    opening until its first final result, model and all; 10 ms are the measure's own.

Synthesisers say each sentence; printed are milliseconds for one, and the speech that it is.

With ``--check`` it ends with status 1 if words are shown later than promised, or if the stall is
longer; both hold on a machine that does nothing else.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from twisted.internet import task
from twisted.internet.defer import Deferred, ensureDeferred, maybeDeferred
from twisted.internet.interfaces import IReactorProcess

from mentra.engines import engines
from mentra.hearing import Heard, Recognition
from mentra.house import House
from mentra.interfaces.engines import IEngines
from mentra.interfaces.speech import IRecogniser, ISynthesis
from mentra.speech.figures import engine_figures
from mentra.speech.pocketsphinx import pocketsphinx
from mentra.speech.spoken_programs import espeak_ng, flite
from mentra.speech.voice_activity import webrtc_detection
from mentra.speech.wav import pcm_of_wav
from mentra.testing.house import house_with
from mentra.testing.spoken import (
    RATE,
    SENTENCES,
    chunks,
    grammar_of,
    has_flite,
    silence,
    speak_with_flite,
    word_error_rate,
    words_in,
)

PATIENCE = 60.0
"""Seconds until a result is not waited for any longer."""

BEFORE = 0.5
"""Seconds of silence before a sentence."""

TICK = 0.01
"""Seconds between two looks at the clock, while stalls are looked for."""

WORD_SHOWN_MS = 500
"""Of 100 words 95 are shown within it."""

KILLED_MS = 2000
"""So soon after its end a sentence whose process was killed is final, pause and all."""

STALL_MS = 100
"""No stall is longer."""


class Ear:
    """Keeps results and when they came."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self.told: list[tuple[float, Heard]] = []
        self.problem: Exception | None = None

    def heard(self, result: Heard) -> None:
        """Keep it."""
        self.told.append((self._clock.seconds(), result))

    def failed(self, problem: Exception) -> None:
        """Keep it."""
        self.problem = problem

    @property
    def finals(self) -> list[Heard]:
        """Results that are final."""
        return [one for _, one in self.told if one.is_final]


class Bench:
    """Engines in a house on the real reactor."""

    def __init__(self, reactor: Any, house: House) -> None:
        self._reactor = reactor
        self._engines = IEngines(house)

    async def _until(self, ear: Ear) -> None:
        end = self._reactor.seconds() + PATIENCE
        while not ear.finals and ear.problem is None and self._reactor.seconds() < end:
            await task.deferLater(self._reactor, 0.002)
        if ear.problem is not None:
            raise ear.problem
        if not ear.finals:
            raise SystemExit("nothing was recognised")

    def _at(self, when: float) -> Deferred[None]:
        """Done at *when*, clock seconds."""
        return task.deferLater(self._reactor, max(0.0, when - self._reactor.seconds()))

    async def _at_once(self, wanted: Recognition, sound: bytes) -> tuple[str, float]:
        """What was understood, and how long it took."""
        ear = Ear(self._reactor)
        stream = self._engines.get(IRecogniser, "pocketsphinx").open(wanted, ear)
        begun = self._reactor.seconds()
        stream.write(silence(0.5) + sound + silence(0.5))
        stream.finalize()
        await self._until(ear)
        took = self._reactor.seconds() - begun
        stream.close()
        return " ".join(one.text for one in ear.finals), took

    async def first(self, sound: bytes) -> tuple[float, float]:
        """Seconds until the first result of all, and the longest stall on the way."""
        stalls = [0.0]
        last = [self._reactor.seconds()]

        def tick() -> None:
            now = self._reactor.seconds()
            stalls.append(now - last[0])
            last[0] = now

        ticking = task.LoopingCall(tick)
        ticking.start(TICK)
        _, took = await self._at_once(Recognition(language="en"), sound)
        ticking.stop()
        return took, max(stalls)

    async def errors(self, sounds: Iterable[tuple[str, bytes]], grammar: str | None) -> Any:
        """The error rate, and how many times faster than speech it was."""
        wanted = Recognition(language="en", grammar=grammar)
        pairs, spoken, took = [], 0.0, 0.0
        for text, sound in sounds:
            found, seconds = await self._at_once(wanted, sound)
            pairs.append((text, found))
            spoken += len(sound) / RATE / 2 + 1.0
            took += seconds
        return word_error_rate(pairs), spoken / took

    async def shown(self, sounds: Iterable[bytes]) -> list[float]:
        """Seconds from each word's end to when it was shown."""
        late: list[float] = []
        for sound in sounds:
            ear = Ear(self._reactor)
            stream = self._engines.get(IRecogniser, "pocketsphinx").open(
                Recognition(language="en"), ear
            )
            begun = self._reactor.seconds()
            for number, piece in enumerate(chunks(silence(BEFORE) + sound + silence(1.2)), 1):
                # as a microphone has it: the piece is there when its last sample is
                await self._at(begun + number * 0.1)
                stream.write(piece)
            await self._until(ear)
            stream.close()
            late += _delays(begun, ear)
        return late

    async def killed(self, sound: bytes) -> float:
        """Seconds from the end of *sound* to its final result though the process died in the middle
        of it."""
        engine: Any = self._engines.get(IRecogniser, "pocketsphinx")
        ear = Ear(self._reactor)
        stream = engine.open(Recognition(language="en"), ear)
        pieces = list(chunks(silence(BEFORE) + sound + silence(1.2)))
        begun = self._reactor.seconds()
        for number, piece in enumerate(pieces, 1):
            if number == len(pieces) // 2:
                for worker in tuple(engine.workers.processes):
                    worker.transport.signalProcess("KILL")
            await self._at(begun + number * 0.1)
            stream.write(piece)
        await self._until(ear)
        stream.close()
        return final_came(ear) - (begun + BEFORE + len(sound) / 2 / RATE)

    async def spoken(self, name: str, texts: Sequence[str]) -> tuple[float, float]:
        """Milliseconds for a text, and seconds of speech that it is."""
        engine = self._engines.get(ISynthesis, name)
        took = long = 0.0
        for text in texts:
            begun = self._reactor.seconds()
            speech = await engine.speak(text, None, None, {})
            took += self._reactor.seconds() - begun
            long += len(pcm_of_wav(speech.body)) / RATE / 2
        return took / len(texts) * 1000, long / len(texts)


def final_came(ear: Ear) -> float:
    """When the first final result was there, clock seconds."""
    return next(when for when, one in ear.told if one.is_final)


def _delays(begun: float, ear: Ear) -> list[float]:
    final = ear.finals[0]
    late = []
    for place, word in enumerate(final.words):
        at = next(
            when
            for when, one in ear.told
            if len(one.words) > place and one.words[place].text == word.text
        )
        late.append(at - begun - word.end_ms / 1000)
    return late


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that *percent* of all are not over."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * percent / 100) - 1)]


async def measure(reactor: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Everything, by name."""
    house = house_with(
        engines, engine_figures, webrtc_detection, pocketsphinx, flite, espeak_ng,
        clock=reactor, parts={IReactorProcess: reactor},
    )  # fmt: skip
    bench = Bench(reactor, house)
    texts = SENTENCES[: options.sentences]
    report: dict[str, Any] = {"words": sum(len(words_in(text)) for text in texts)}
    try:
        took, stall = await bench.first(speak_with_flite(texts[0]))
        report["first result, s"], report["stall, ms"] = took, stall * 1000
        for voice in options.voices:
            sounds = [(text, speak_with_flite(text, voice)) for text in texts]
            for name, grammar in (("free", None), ("grammar", grammar_of())):
                rate, speed = await bench.errors(sounds, grammar)
                report[f"{voice}, {name}"] = {"errors, %": rate * 100, "speed": speed}
        real = [speak_with_flite(text) for text in texts[: options.real_time]]
        late = await bench.shown(real)
        report["word shown, ms"] = {
            "words": len(late),
            "p50": percentile(late, 50) * 1000,
            "p95": percentile(late, 95) * 1000,
        }
        report["killed, ms"] = await bench.killed(speak_with_flite(SENTENCES[9])) * 1000
        for name in ("flite", "espeak-ng"):
            ms, seconds = await bench.spoken(name, texts)
            report[name] = {"for a sentence, ms": ms, "speech, s": seconds}
    finally:
        await maybeDeferred(house.stopService)
    return report


def _print(report: dict[str, Any]) -> None:
    for name, value in report.items():
        shown = value if isinstance(value, dict) else {"": value}
        print(f"{name:20}", ", ".join(f"{key} {one:.1f}".strip() for key, one in shown.items()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    options = _parser().parse_args(arguments)
    if not has_flite():
        print("There is no flite here: apt install flite", file=sys.stderr)
        return 1
    reports: list[dict[str, Any]] = []

    def work(reactor: Any) -> Deferred[None]:
        return ensureDeferred(measure(reactor, options)).addCallback(reports.append)

    try:
        task.react(work)
    except SystemExit as ended:
        if ended.code or not reports:
            return 1
    _print(reports[0])
    if options.json:
        options.json.write_text(json.dumps(reports[0], indent=1) + "\n")
    return 1 if options.check and not _is_kept(reports[0]) else 0


def _is_kept(report: dict[str, Any]) -> bool:
    shown: float = report["word shown, ms"]["p95"]
    stall: float = report["stall, ms"]
    killed: float = report["killed, ms"]
    return shown <= WORD_SHOWN_MS and stall <= STALL_MS and killed <= KILLED_MS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure engines with real speech.")
    parser.add_argument("--voices", nargs="+", default=["kal16", "rms", "awb", "slt"])
    parser.add_argument("--sentences", type=int, default=len(SENTENCES))
    parser.add_argument("--real-time", type=int, default=6, help="sentences in real time")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--check", action="store_true", help="status 1 if a promise is not kept")
    return parser


if __name__ == "__main__":
    sys.exit(main())
