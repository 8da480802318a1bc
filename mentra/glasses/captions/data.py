"""What an app is sent: the ``data`` of its streams.  Source: docs/protocol/streams, "Captions"."""

import secrets
from typing import Any

import msgspec

from mentra.hearing import Heard, Word

LONGEST_TEXT = 10_000
"""Characters of an utterance."""

MOST_WORDS = 1000
"""Words of an utterance that are sent one by one."""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Spoken(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What both kinds have in common.

    :ivar start_time: milliseconds since the beginning of the stream, likewise ``end_time``.
    :ivar duration: the difference.
    :ivar provider: who recognised it.
    """

    text: str
    is_final: bool
    utterance_id: str
    start_time: int
    end_time: int
    duration: int
    transcribe_language: str
    detected_language: str | None = None
    speaker_id: str | None = None
    provider: str
    confidence: float | None = None


class Transcription(Spoken, frozen=True, kw_only=True, tag_field="type", tag="transcription"):
    """What was said.  An interim one has the whole utterance so far; the final one has the same
    ``utterance_id``."""

    metadata: dict[str, Any]


class Translation(Spoken, frozen=True, kw_only=True, tag_field="type", tag="translation"):
    """What was said, in another language.

    :ivar did_translate: whether the text differs from the original one.
    """

    original_text: str
    translate_language: str
    did_translate: bool


def new_utterance_id(now: float) -> str:
    """E.g. ``utt_1717243200000_ab12cd``.

    :param now: POSIX seconds.
    """
    return f"utt_{int(now * 1000)}_{''.join(secrets.choice(_DIGITS) for _ in range(6))}"


def transcription(
    heard: Heard, utterance_id: str, language: str, latency: dict[str, float] | None = None
) -> Transcription:
    """*heard* as subscribers of *language* are told.

    :param latency: hop to seconds.
    """
    provider = heard.engine or "unknown"
    metadata: dict[str, Any] = {"provider": provider}
    if heard.words:
        metadata[provider] = {"tokens": [_token(word) for word in heard.words[:MOST_WORDS]]}
    if latency:
        metadata["latencyMs"] = {hop: round(1000 * spent, 1) for hop, spent in latency.items()}
    return Transcription(
        text=heard.text[:LONGEST_TEXT],
        metadata=metadata,
        **_common(heard, utterance_id, language),
    )


def translation(
    heard: Heard, utterance_id: str, language: str, target: str, text: str
) -> Translation:
    """*heard*, which is *text* in the language *target*."""
    return Translation(
        text=text[:LONGEST_TEXT],
        original_text=heard.text[:LONGEST_TEXT],
        translate_language=target,
        did_translate=_normal(text) != _normal(heard.text),
        **_common(heard, utterance_id, language),
    )


def _common(heard: Heard, utterance_id: str, language: str) -> dict[str, Any]:
    return {
        "is_final": heard.is_final,
        "utterance_id": utterance_id,
        "start_time": heard.start_ms,
        "end_time": heard.end_ms,
        "duration": heard.end_ms - heard.start_ms,
        "transcribe_language": language,
        "detected_language": heard.language or language.partition("-")[0],
        "speaker_id": heard.speaker_id,
        "provider": heard.engine or "unknown",
        "confidence": heard.confidence,
    }


def _token(word: Word) -> dict[str, Any]:
    token = {
        "text": word.text,
        "startMs": word.start_ms,
        "endMs": word.end_ms,
        "confidence": word.confidence,
        "isFinal": word.is_final,
        "speaker": word.speaker_id,
    }
    return {name: value for name, value in token.items() if value is not None}


def _normal(text: str) -> str:
    return " ".join("".join(one for one in text.casefold() if one.isalnum() or one == " ").split())
