"""Sound as a file."""

import io
import wave

import attrs
from zope.interface import implementer

from mentra.interfaces.engines import ISpeech

WAV = "audio/wav"


@implementer(ISpeech)
@attrs.frozen
class SoundFile:
    """Something said, all of it."""

    body: bytes
    content_type: str = WAV


def wav_of(pcm: bytes, *, rate: int = 16_000, width: int = 2, channels: int = 1) -> bytes:
    """*pcm* as a WAV file.

    :param width: bytes of a sample.
    """
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        writer.writeframes(pcm)
    return file.getvalue()
