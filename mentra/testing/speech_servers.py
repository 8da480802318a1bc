"""Servers that speak the protocols of Deepgram and Soniox, and understand how long they listened.

A second of sound is the word ``one``, the next one ``two``, and so on: what they say depends on the
sound alone, not on how it was cut.  A test has them hang, refuse (``refusals``), say something else
(``last.say``), or go (``last.end``).
"""

import json
from collections.abc import Iterator
from typing import Any

from twisted.internet.interfaces import IReactorTime

from mentra.testing.socket_server import ServedSocket, SocketServer

BYTES_PER_MS = 32
WORD_MS = 500
WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


class ListeningServer(SocketServer):
    """What both have in common.

    :ivar key: the one it wants; None wants none.
    :ivar is_hung: whether it takes everything and says nothing any more.
    """

    def __init__(self, clock: IReactorTime, key: str | None = None) -> None:
        super().__init__(clock)
        self.key = key
        self.is_hung = False

    def answer(self, socket: ServedSocket, message: str | bytes) -> None:
        """Sound and words of control."""
        if self.is_hung:
            return
        if isinstance(message, bytes):
            self.heard(socket, message)
        else:
            self.told(socket, json.loads(message) if message else {"type": ""})

    def heard(self, socket: ServedSocket, sound: bytes) -> None:
        """Sound came."""
        raise NotImplementedError

    def told(self, socket: ServedSocket, control: dict[str, Any]) -> None:
        """Something else came."""
        raise NotImplementedError


def words_in(since: int, until: int) -> Iterator[tuple[str, int, int]]:
    """Word, start and end in milliseconds, of the sound between two positions in bytes."""
    first, last = since // BYTES_PER_MS, until // BYTES_PER_MS
    for number, start in enumerate(range(first, last, WORD_MS)):
        yield WORDS[number % len(WORDS)], start, min(start + WORD_MS, last)


class StubDeepgram(ListeningServer):
    """Says an interim result for each piece of sound, and a final one when told to finalize."""

    def heard(self, socket: ServedSocket, sound: bytes) -> None:
        """An interim result."""
        socket.say(self._results(socket, is_final=False))

    def told(self, socket: ServedSocket, control: dict[str, Any]) -> None:
        """``Finalize``, ``CloseStream`` or ``KeepAlive``."""
        match control["type"]:
            case "Finalize":
                socket.say(self._results(socket, is_final=True))
                socket.since = len(socket.sound)
            case "CloseStream":
                socket.say({"type": "Metadata", "duration": len(socket.sound) / 32_000})
                socket.end(1000)

    def _results(self, socket: ServedSocket, *, is_final: bool) -> dict[str, Any]:
        since, until = socket.since, len(socket.sound)
        words = [
            {
                "word": word, "punctuated_word": word, "start": start / 1000, "end": end / 1000,
                "confidence": 0.9, "speaker": 0,
            }
            for word, start, end in words_in(since, until)
        ]  # fmt: skip
        text = " ".join(str(one["word"]) for one in words)
        return {
            "type": "Results",
            "channel_index": [0, 1],
            "start": since / 32_000,
            "duration": (until - since) / 32_000,
            "is_final": is_final,
            "speech_final": is_final,
            "from_finalize": is_final,
            "channel": {"alternatives": [{"transcript": text, "confidence": 0.9, "words": words}]},
        }


class StubSoniox(ListeningServer):
    """Says tokens that are not final for each piece of sound, and final ones with ``<fin>`` when
    told to finalize; wants to be configured first."""

    def heard(self, socket: ServedSocket, sound: bytes) -> None:
        """Tokens; the end of the sound is an empty message."""
        if not sound:
            socket.say({"tokens": [], "finished": True})
            socket.end(1000)
        else:
            socket.say(self._tokens(socket, is_final=False))

    def told(self, socket: ServedSocket, control: dict[str, Any]) -> None:
        """The configuration, ``finalize`` or ``keepalive``."""
        if socket.is_new:
            socket.is_new = False
            self._configure(socket, control)
        elif control["type"] == "finalize":
            socket.say(self._tokens(socket, is_final=True))
            socket.since = len(socket.sound)

    def _configure(self, socket: ServedSocket, control: dict[str, Any]) -> None:
        if self.key is not None and control.get("api_key") != self.key:
            self.fail(socket, 401)
        elif control.get("audio_format") != "pcm_s16le":
            self.fail(socket, 400)

    def fail(self, socket: ServedSocket, code: int) -> None:
        """An error, and the end."""
        socket.say({"tokens": [], "error_code": code, "error_message": "no"})
        socket.end(1000)

    def _tokens(self, socket: ServedSocket, *, is_final: bool) -> dict[str, Any]:
        until = len(socket.sound)
        tokens: list[dict[str, Any]] = [
            {
                "text": f" {word}", "start_ms": start, "end_ms": end, "confidence": 0.9,
                "is_final": is_final, "speaker": "1", "language": "en",
            }
            for word, start, end in words_in(socket.since, until)
        ]  # fmt: skip
        if is_final:
            tokens.append({"text": "<fin>", "is_final": True})
        return {"tokens": tokens, "total_audio_proc_ms": until // BYTES_PER_MS}
