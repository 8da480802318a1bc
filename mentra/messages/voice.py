"""What is said to the voice assistant.  Source: docs/protocol/voice."""

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from mentra.messages import Enveloped, Message

LARGEST_CHUNK = 262_144
"""Bytes of sound in one piece of speech."""

LONGEST_TEXT = 16_384
"""Characters of what is typed in place of being said."""


class Data(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Base of what stands in the ``data`` of an envelope."""


class NotAnEnvelope(Message, frozen=True, kw_only=True):
    """A frame that breaks the rules of the envelope, or of its type.

    :ivar reason: what is wrong with it, for the peer.
    """

    spoken: ClassVar[bool] = False
    reason: str


class VoicePing(Enveloped, frozen=True, kw_only=True, tag="ping"):
    """Asks for a ``pong``, and is a sign of life."""


class VoicePong(Enveloped, frozen=True, kw_only=True, tag="pong"):
    """A sign of life."""


class SpeechData(Data, frozen=True, kw_only=True):
    """A piece of speech.

    :ivar audio_data: sound, base64, at most 256 KiB; it may be empty where ``isLast`` is said.
    :ivar sequence_number: 0 or 1 first, then one more each time; a repeated one is dropped.
    :ivar is_last: the utterance ends with this piece.
    :ivar format: ``pcm16`` (int16, little endian, mono) or ``lc3``; ``pcm16`` if left out.
    :ivar sample_rate: samples a second of ``pcm16``: 8000, 16000, 24000, 44100 or 48000; 16000 if
        left out.
    """

    audio_data: Annotated[bytes, Meta(max_length=LARGEST_CHUNK)]
    sequence_number: Annotated[int, Meta(ge=0)]
    is_last: bool | None = None
    format: Annotated[str, Meta(max_length=32, examples=["pcm16"])] | None = None
    sample_rate: Annotated[int, Meta(examples=[16000])] | None = None


class SpeechChunk(Enveloped, frozen=True, kw_only=True, tag="audio_chunk"):
    """A piece of what the wearer says."""

    data: SpeechData


class EndUtterance(Enveloped, frozen=True, kw_only=True, tag="end_utterance"):
    """The wearer has finished: understand what was collected."""


class InterruptionData(Data, frozen=True, kw_only=True):
    """What is interrupted.

    :ivar turn_index: as the client counts; it is sent back.
    """

    turn_index: Annotated[int, Meta(ge=0)] | None = None


class Interruption(Enveloped, frozen=True, kw_only=True, tag="interruption"):
    """Stop whatever is being answered, now."""

    data: InterruptionData = InterruptionData()


class TextData(Data, frozen=True, kw_only=True):
    """A text.

    :ivar text: what is asked; up to 16384 characters.
    """

    text: Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT)]


class TextInput(Enveloped, frozen=True, kw_only=True, tag="text"):
    """The wearer types in place of speaking."""

    data: TextData


class RetryAsr(Enveloped, frozen=True, kw_only=True, tag="retry_asr"):
    """Forget the speech that was collected: it will be said again."""
