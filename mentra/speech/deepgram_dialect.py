"""How Deepgram's live transcription is spoken to.

Source: developers.deepgram.com, "Live Audio" (``/v1/listen``), "Finalize", "Audio Keep Alive",
"Close Stream", "Utterance End".
"""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlencode

import attrs
import msgspec

from mentra.errors import Refused
from mentra.hearing import Heard, Recognition, Word
from mentra.providers import broken
from mentra.speech.tags import AUTO

LONGEST_UTTERANCE = 4000
"""Characters; a longer one is made final."""

MOST_WORDS = 2000
"""Of one message."""

MOST_HINTS = 50
LONGEST_HINT = 100

_SAFE = re.compile(r"[^A-Za-z0-9_-]")


class _Word(msgspec.Struct, frozen=True):
    word: str
    start: float
    end: float
    confidence: float | None = None
    punctuated_word: str | None = None
    speaker: int | None = None


class _Alternative(msgspec.Struct, frozen=True):
    transcript: str = ""
    confidence: float | None = None
    words: list[_Word] = []
    languages: list[str] = []


class _Channel(msgspec.Struct, frozen=True):
    alternatives: list[_Alternative] = []


class _Results(msgspec.Struct, frozen=True):
    channel: _Channel
    start: float = 0.0
    duration: float = 0.0
    is_final: bool = False
    speech_final: bool = False
    from_finalize: bool = False


class _Error(msgspec.Struct, frozen=True):
    variant: str | None = None
    code: str | None = None


class _Type(msgspec.Struct, frozen=True):
    type: str


_type = msgspec.json.Decoder(_Type)
_results = msgspec.json.Decoder(_Results)
_error = msgspec.json.Decoder(_Error)


@attrs.frozen
class Piece:
    """A part of an utterance."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float | None
    words: tuple[Word, ...]
    language: str | None


def listen_url(
    base_url: str,
    wanted: Recognition,
    *,
    model: str,
    endpointing: float,
    utterance_end: float,
    diarize: bool,
) -> str:
    """Where to connect for what is *wanted*; seconds become milliseconds."""
    fields: list[tuple[str, str]] = [
        ("model", model),
        ("language", "multi" if wanted.language == AUTO else wanted.language),
        ("encoding", "linear16"),
        ("sample_rate", "16000"),
        ("channels", "1"),
        # without it there is no UtteranceEnd either
        ("interim_results", "true"),
        ("smart_format", "true"),
        ("endpointing", str(round(endpointing * 1000))),
        ("utterance_end_ms", str(round(utterance_end * 1000))),
    ]
    if diarize:
        fields.append(("diarize", "true"))
    # newer models know phrases, older ones words with a weight
    term = "keyterm" if model.startswith("nova-3") else "keywords"
    fields += [(term, hint[:LONGEST_HINT]) for hint in wanted.hints[:MOST_HINTS] if hint.strip()]
    return f"{base_url.rstrip('/')}/v1/listen?{urlencode(fields)}"


class DeepgramDialect:
    """Keeps the utterance that is being spoken.

    :param key: empty: the server wants none.
    """

    name = "deepgram"
    keep_alive_every = 4.0

    def __init__(self, url: str, key: str, *, interim: bool = True) -> None:
        self.url = url
        self.headers = {"Authorization": f"Token {key}"} if key else {}
        self._interim = interim
        self._pieces: list[Piece] = []
        self._latest: Piece | None = None
        self._settled = 0

    def opening(self) -> str | None:
        """The URL says it all."""
        return None

    def finalizing(self) -> str:
        """What is in hand is answered for at once."""
        return '{"type":"Finalize"}'

    def keeping_alive(self) -> str:
        """Ten seconds without sound would end the connection."""
        return '{"type":"KeepAlive"}'

    def closing(self) -> str:
        """No more sound comes."""
        return '{"type":"CloseStream"}'

    def read(self, message: str) -> Iterable[Heard]:
        """What is heard in *message*.

        :raises Refused: it is an error, or nothing of this protocol.
        """
        try:
            kind = _type.decode(message).type
            if kind == "Results":
                return tuple(self._results(_results.decode(message)))
            if kind == "UtteranceEnd":
                return tuple(self._finish())
            if kind == "Error":
                raise _problem(_error.decode(message))
        except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as problem:
            raise broken(self.name) from problem
        # Metadata, SpeechStarted, and what may come yet
        return ()

    def settle(self) -> Iterable[Heard]:
        """The utterance, without waiting for the server's last word on it."""
        if self._latest is not None:
            self._pieces.append(self._latest)
        heard = tuple(self._finish())
        self._settled = max([self._settled, *(one.end_ms for one in heard)])
        return heard

    def _finish(self) -> Iterator[Heard]:
        """The utterance, if there is one."""
        pieces, self._pieces, self._latest = self._pieces, [], None
        if pieces:
            yield _heard(pieces, is_final=True)

    def _results(self, results: _Results) -> Iterator[Heard]:
        piece = _piece(results)
        if piece is not None and piece.start_ms < self._settled:
            piece = _after(piece, self._settled)
        if results.is_final:
            self._latest = None
            if piece is not None:
                self._pieces.append(piece)
            length = sum(len(one.text) for one in self._pieces)
            if results.speech_final or results.from_finalize or length > LONGEST_UTTERANCE:
                yield from self._finish()
                return
        else:
            self._latest = piece
        if piece is not None and self._interim:
            pieces = [*self._pieces, *([self._latest] if self._latest else [])]
            yield _heard(pieces, is_final=False)


def _piece(results: _Results) -> Piece | None:
    """What was understood, if anything was."""
    best = next(iter(results.channel.alternatives), None)
    text = "" if best is None else best.transcript.strip()
    if best is None or not text:
        return None
    words = tuple(_word(one, results.is_final) for one in best.words[:MOST_WORDS])
    start, end = _ms(results.start), _ms(results.start + results.duration)
    return Piece(
        text=text,
        start_ms=words[0].start_ms if words else start,
        end_ms=max(words[-1].end_ms, words[0].start_ms) if words else max(start, end),
        confidence=_share(best.confidence),
        words=words,
        language=next(iter(best.languages), None),
    )


def _after(piece: Piece, settled: int) -> Piece | None:
    """What of *piece* begins at *settled*, milliseconds, or later."""
    words = tuple(word for word in piece.words if word.start_ms >= settled)
    if not words:
        return None
    text = " ".join(word.text for word in words)
    return attrs.evolve(piece, text=text, start_ms=words[0].start_ms, words=words)


def _word(word: _Word, is_final: bool) -> Word:
    return Word(
        text=word.punctuated_word or word.word,
        start_ms=_ms(word.start),
        end_ms=_ms(max(word.start, word.end)),
        confidence=_share(word.confidence),
        is_final=is_final,
        speaker_id=None if word.speaker is None else str(word.speaker),
    )


def _heard(pieces: list[Piece], *, is_final: bool) -> Heard:
    """An utterance of *pieces*, one at least."""
    words = tuple(word for piece in pieces for word in piece.words)
    known = [piece.confidence for piece in pieces if piece.confidence is not None]
    return Heard(
        text=" ".join(piece.text for piece in pieces),
        is_final=is_final,
        start_ms=pieces[0].start_ms,
        end_ms=max(pieces[0].start_ms, *(piece.end_ms for piece in pieces)),
        language=next((piece.language for piece in pieces if piece.language), None),
        confidence=sum(known) / len(known) if known else None,
        speaker_id=next((word.speaker_id for word in words if word.speaker_id is not None), None),
        words=words,
    )


def _ms(seconds: float) -> int:
    return max(0, round(seconds * 1000))


def _share(confidence: float | None) -> float | None:
    return None if confidence is None else min(1.0, max(0.0, confidence))


def _problem(error: _Error) -> Refused:
    # its own text may repeat what it was sent
    word = _SAFE.sub("", error.variant or error.code or "")[:40]
    said = f" ({word})" if word else ""
    return Refused(
        "SERVER_ERROR", f"deepgram reports an error{said}", where="provider", retryable=True
    )
