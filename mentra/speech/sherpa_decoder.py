"""sherpa-onnx in its worker process, with a streaming model that somebody put into a folder."""

from array import array
from pathlib import Path
from typing import Any

from mentra.speech.decoding import CannotLoad
from mentra.speech.pipe import Guess

RATE = 16_000

TAIL = [0.0] * (RATE // 2)
"""Silence after an utterance: models look ahead before they say a word."""

LAST_WORD_MS = 200
"""How long the last word lasts, for tokens have a beginning and no end."""

WORD_STARTS = ("\u2581", " ")
"""Marks of a token that begins a word."""


class SherpaDecoder:
    """One recogniser, for one utterance at a time.

    :param recogniser: a ``sherpa_onnx.OnlineRecognizer``.
    """

    def __init__(self, recogniser: Any) -> None:
        self._recogniser = recogniser
        self._stream: Any = None
        self._interim = True
        self._last = ""
        self._samples = 0

    def begin(self, grammar: str, interim: bool, manner: str) -> None:
        """A new utterance; it knows no grammars."""
        self._stream = self._recogniser.create_stream()
        self._interim = interim
        self._last = ""
        self._samples = 0

    def sound(self, pcm: bytes, look: bool = True) -> Guess | None:
        """More of it."""
        samples = array("h", pcm)
        self._samples += len(samples)
        self._decode([sample / 32_768 for sample in samples])
        if not (look and self._interim):
            return None
        guess = self._guess()
        if guess is None or guess.text == self._last:
            return None
        self._last = guess.text
        return guess

    def end(self) -> tuple[Guess | None, str]:
        """It is over."""
        self._decode(TAIL, is_last=True)
        guess = self._guess()
        self._stream = None
        return guess, ""

    def drop(self) -> None:
        """It is over."""
        self._stream = None

    def _decode(self, samples: list[float], *, is_last: bool = False) -> None:
        self._stream.accept_waveform(RATE, samples)
        if is_last:
            self._stream.input_finished()
        while self._recogniser.is_ready(self._stream):
            self._recogniser.decode_stream(self._stream)

    def _guess(self) -> Guess | None:
        text = self._recogniser.get_result(self._stream).strip()
        if not text:
            return None
        # many models know capitals alone, which are hard to read
        shown = text.lower() if text.isupper() else text
        return Guess(shown, self._words(text.isupper()))

    def _words(self, in_capitals: bool) -> tuple[tuple[str, int, int, float], ...]:
        words: list[str] = []
        starts: list[int] = []
        long = self._samples * 1000 // RATE
        tokens, times = (
            self._recogniser.tokens(self._stream),
            self._recogniser.timestamps(self._stream),
        )
        # a model that tells no times has no words here
        for token, at in zip(tokens, times, strict=False):
            if not words or token.startswith(WORD_STARTS):
                words.append("")
                starts.append(min(long, int(at * 1000)))
            words[-1] += token.lstrip("".join(WORD_STARTS))
        ends = [*starts[1:], min(long, starts[-1] + LAST_WORD_MS)] if starts else []
        return tuple(
            (word.lower() if in_capitals else word, start, end, -1.0)
            for word, start, end in zip(words, starts, ends, strict=True)
            if word
        )


def load(settings: dict[str, Any]) -> SherpaDecoder:
    """Load the model.

    :param settings: ``model``: path of its folder; ``threads``: how many it may use.
    :raises CannotLoad: the package is not installed, or there is no model that can be used.
    """
    try:
        from sherpa_onnx import OnlineRecognizer
    except ImportError as problem:
        raise CannotLoad("sherpa-onnx is not installed: pip install 'mentra[sherpa]'") from problem
    folder = Path(settings["model"])
    try:
        return SherpaDecoder(_recogniser(OnlineRecognizer, folder, settings["threads"]))
    # for a file that is missing it raises AssertionError, for one that is broken RuntimeError
    except (AssertionError, RuntimeError, ValueError, OSError) as problem:
        raise CannotLoad(
            f"The folder that [sherpa] model names has no streaming model that works: {folder}"
        ) from problem


def _recogniser(factory: Any, folder: Path, threads: int) -> Any:
    """By what lies in *folder*: a transducer has three parts, a paraformer two, CTC one."""
    tokens = str(folder / "tokens.txt")
    parts = {part: _file(folder, part) for part in ("encoder", "decoder", "joiner", "model")}
    given = {part: path for part, path in parts.items() if path and part != "model"}
    if {"encoder", "decoder", "joiner"} <= set(given):
        return factory.from_transducer(tokens=tokens, num_threads=threads, **given)
    if {"encoder", "decoder"} <= set(given):
        return factory.from_paraformer(tokens=tokens, num_threads=threads, **given)
    if parts["model"]:
        return factory.from_zipformer2_ctc(tokens=tokens, model=parts["model"], num_threads=threads)
    raise ValueError("no model")


def _file(folder: Path, part: str) -> str:
    """The smallest one, if there are several: quantised ones are quicker, and nearly as good."""
    found = sorted(folder.glob(f"{part}*.onnx"), key=lambda file: file.stat().st_size)
    return str(found[0]) if found else ""
