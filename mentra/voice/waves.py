"""What a synthesiser made, as the sound that is sent."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from mentra.errors import Refused
from mentra.interfaces.engines import ISpeech
from mentra.speech.wav import pcm_of_wav

LONGEST = 20 * 1024 * 1024
"""Bytes that a sentence may be."""


async def pcm_of(speech: ISpeech) -> bytes:
    """Mono PCM, int16, 16 kHz.

    :raises Refused: it is no WAV with such samples, at any rate.
    """
    if not str(speech.content_type).partition(";")[0].strip().endswith(("wav", "wave")):
        raise _unusable(f"it makes {speech.content_type}")
    body = speech.body
    data = await _collected(body) if IBodyProducer.providedBy(body) else bytes(body)
    return pcm_of_wav(data)


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
