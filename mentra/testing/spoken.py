"""Everyday sentences, a voice that says them, and how far off what was understood is.

The voice is flite, a program that Debian has under that name.
"""

import io
import re
import shutil
import subprocess
import wave
from collections.abc import Iterator
from functools import cache

RATE = 16_000
"""Samples a second of the sound made here: mono PCM, int16 little endian."""

VOICE = "kal16"

SENTENCES = (
    "good morning how are you today",
    "please turn on the light in the kitchen",
    "what time is it now",
    "i would like a cup of coffee",
    "where is the nearest train station",
    "the weather is very nice today",
    "can you help me find my keys",
    "the meeting starts at ten o'clock",
    "thank you very much for your help",
    "she went to the market to buy some bread",
    "my sister lives in a small town",
    "we should leave before it gets dark",
    "he reads a book every evening",
    "the children are playing in the garden",
    "please call me back in ten minutes",
)
"""Fifteen of them, in lower case, with words that every recogniser of English knows."""


def grammar_of(sentences: tuple[str, ...] = SENTENCES) -> str:
    """A JSGF grammar of just these *sentences*."""
    return f"#JSGF V1.0;\ngrammar sentences;\npublic <sentence> = {' | '.join(sentences)};\n"


def has_flite() -> bool:
    """Whether the voice is installed here."""
    return shutil.which("flite") is not None


@cache
def speak_with_flite(text: str, voice: str = VOICE) -> bytes:
    """*text* as PCM, 16 kHz.

    :raises FileNotFoundError: flite is not installed.
    :raises AssertionError: the voice speaks at another rate.
    """
    command = ["flite", "-voice", voice, "-t", text, "-o", "/dev/stdout"]
    told = subprocess.run(command, capture_output=True, timeout=30, check=True).stdout
    with wave.open(io.BytesIO(told)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (RATE, 1, 2)
        pcm: bytes = sound.readframes(sound.getnframes())
    return pcm


def silence(seconds: float) -> bytes:
    """Nothing to be heard."""
    return bytes(2 * int(seconds * RATE))


def chunks(sound: bytes, ms: int = 100) -> Iterator[bytes]:
    """*sound* in pieces of *ms*, the last one of what is left."""
    size = 2 * RATE * ms // 1000
    return (sound[at : at + size] for at in range(0, len(sound), size))


def words_in(text: str) -> list[str]:
    """Its words in lower case, without punctuation."""
    return re.findall(r"[\w']+", text.lower())


def word_errors(said: str, understood: str) -> int:
    """How many words must be added, removed or replaced to come from one to the other."""
    expected, found = words_in(said), words_in(understood)
    row = list(range(len(found) + 1))
    for i, word in enumerate(expected, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(found, 1):
            cheapest = min(row[j] + 1, row[j - 1] + 1, before + (word != other))
            before, row[j] = row[j], cheapest
    return row[-1]


def word_error_rate(pairs: list[tuple[str, str]]) -> float:
    """Errors by words said, over pairs of what was said and what was understood."""
    words = sum(len(words_in(said)) for said, _ in pairs)
    return sum(word_errors(said, understood) for said, understood in pairs) / words
