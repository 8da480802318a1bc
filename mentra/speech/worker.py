"""The process that recognises speech: ``python -m mentra.speech.worker KIND SETTINGS``.

It reads what :mod:`mentra.speech.pipe` describes from its standard input and answers on its
standard output.  Nothing of Twisted is in here, and it ends with its input.  What decodes is made
by the function that ``DECODERS`` names; it, and nobody else, imports the engine.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import msgspec

from mentra.speech.decoding import CannotBegin, CannotLoad, Decoder
from mentra.speech.pipe import (
    Begin,
    Done,
    Drop,
    End,
    Frames,
    FromWorker,
    Ready,
    Sound,
    Taken,
    ToWorker,
    Unusable,
    encode,
)

DECODERS = {
    "pocketsphinx": "mentra.speech.pocketsphinx_decoder:load",
    "sherpa": "mentra.speech.sherpa_decoder:load",
}
"""Kind to ``module:function``; the function takes the settings and returns a
:class:`mentra.speech.decoding.Decoder`."""

READ_AT_ONCE = 65_536


class Worker:
    """Hands messages to a decoder and its answers to *say*."""

    def __init__(self, decoder: Decoder, say: Callable[[FromWorker], None]) -> None:
        self._decoder = decoder
        self._say = say
        self._number: int | None = None

    def told(self, message: ToWorker) -> None:
        """Do what *message* says.  What belongs to no utterance that was begun is ignored."""
        if isinstance(message, Begin):
            self._begin(message)
        elif message.number != self._number:
            return
        elif isinstance(message, Sound):
            self._say(Taken(message.number, self._decoder.sound(message.pcm, message.look)))
        elif isinstance(message, End):
            self._number = None
            self._say(Done(message.number, *self._decoder.end()))
        elif isinstance(message, Drop):
            self._number = None
            self._decoder.drop()

    def _begin(self, message: Begin) -> None:
        if self._number is not None:
            self._decoder.drop()
        self._number = None
        try:
            self._decoder.begin(message.grammar, message.interim, message.manner)
        except CannotBegin as problem:
            self._say(Done(message.number, None, "", str(problem)))
            return
        self._number = message.number


def load(kind: str, settings: dict[str, Any]) -> Decoder:
    """The decoder of that kind.

    :raises CannotLoad: it lacks something.
    """
    module, _, function = DECODERS[kind].partition(":")
    made: Decoder = getattr(import_module(module), function)(settings)
    return made


def main(arguments: list[str]) -> int:
    """Work until there is no more input; the exit status."""
    # these come to everybody, and a server that stops still wants to know what is being said: it
    # ends its workers by ending their input
    for everybodys in (signal.SIGINT, signal.SIGTERM):
        signal.signal(everybodys, signal.SIG_IGN)
    # what an engine prints is no message
    output = os.dup(1)
    os.dup2(2, 1)

    def say(message: FromWorker) -> None:
        _write(output, encode(message))

    kind, settings = arguments
    try:
        decoder = load(kind, msgspec.json.decode(settings, type=dict[str, Any]))
    except CannotLoad as problem:
        say(Unusable(str(problem)))
        return 1
    say(Ready())
    worker = Worker(decoder, say)
    frames = Frames(ToWorker)
    try:
        for data in _input():
            for message in frames.feed(data):
                worker.told(message)
    except BrokenPipeError:
        # the server is gone
        return 1
    return 0


def _input() -> Iterator[bytes]:
    while data := os.read(0, READ_AT_ONCE):
        yield data


def _write(output: int, data: bytes) -> None:
    while data:
        data = data[os.write(output, data) :]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
