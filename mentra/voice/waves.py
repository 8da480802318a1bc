"""What a synthesiser made, as the sound that is sent."""

import struct
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from mentra.errors import Refused
from mentra.interfaces.engines import ISpeech
from mentra.speech.resampling import RATE, Resampler

LONGEST = 20 * 1024 * 1024
"""Bytes that a sentence may be."""

_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")


async def pcm_of(speech: ISpeech) -> bytes:
    """Mono PCM, int16, 16 kHz.

    :raises Refused: it is no WAV with such samples, at any rate.
    """
    if not str(speech.content_type).partition(";")[0].strip().endswith(("wav", "wave")):
        raise _unusable(f"it makes {speech.content_type}")
    body = speech.body
    data = await _collected(body) if IBodyProducer.providedBy(body) else bytes(body)
    return _resampled(*_read(data))


def _read(data: bytes) -> tuple[int, bytes]:
    """Rate and samples of a WAV file; a length that is longer than the file is not believed, for
    programs that write into a pipe do not know it yet."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise _unusable("it is no WAV file")
    at, rate = 12, 0
    while at + _CHUNK.size <= len(data):
        name, size = _CHUNK.unpack_from(data, at)
        at += _CHUNK.size
        if name == b"data" and rate:
            samples = data[at : at + size]
            return rate, samples[: len(samples) & ~1]
        if name == b"fmt " and at + _FORMAT.size <= len(data):
            kind, channels, rate, _, _, bits = _FORMAT.unpack_from(data, at)
            if (kind, channels, bits) != (1, 1, 16) or not 4000 <= rate <= 192_000:
                raise _unusable("its samples are not mono, 16 bits")
        at += size + (size & 1)
    raise _unusable("there is no sound in it")


def _resampled(rate: int, samples: bytes) -> bytes:
    return samples if rate == RATE else Resampler(rate).write(samples, is_last=True)


def _unusable(why: str) -> Refused:
    return Refused("UNUSABLE_SPEECH", f"What the synthesiser makes cannot be sent: {why}")


@implementer(IConsumer)
class _Collector:
    """Keeps what a producer writes."""

    def __init__(self) -> None:
        self.data = bytearray()

    def registerProducer(self, producer: object, streaming: bool) -> None:
        """Nothing is ever too fast."""

    def unregisterProducer(self) -> None:
        """Nothing to do."""

    def write(self, data: bytes) -> None:
        """Keep it.

        :raises Refused: it is too much.
        """
        self.data += data
        if len(self.data) > LONGEST:
            raise _unusable("there is no end to it")


async def _collected(body: Any) -> bytes:
    collector = _Collector()
    produced: Deferred[None] = body.startProducing(collector)
    await produced
    return bytes(collector.data)
