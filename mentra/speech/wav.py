"""The plain sound in WAV files, whoever made them."""

import struct
import sys
from array import array

import attrs

from mentra.errors import Refused
from mentra.speech.resampling import RATE, Resampler

PCM, EXTENSIBLE = 1, 0xFFFE
"""What ``fmt`` calls plain samples; the second has a longer way to say so."""

LOWEST_RATE, HIGHEST_RATE = 4000, 192_000

_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")


@attrs.frozen
class Wav:
    """What is in a WAV file.

    :ivar rate: samples a second.
    :ivar channels: samples that are heard at once.
    :ivar pcm: int16 little endian, the channels of one moment side by side.
    """

    rate: int
    channels: int
    pcm: bytes


def read_wav(data: bytes) -> Wav:
    """The sound in *data*.

    A length that is longer than the file is not believed: a program that writes into a pipe does
    not know it yet when it writes it.

    :raises Refused: code ``UNUSABLE_SPEECH``: it is no WAV file, or not one of 16-bit samples.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise _unusable("it is no WAV file")
    at, known = 12, None
    while at + _CHUNK.size <= len(data):
        name, size = _CHUNK.unpack_from(data, at)
        at += _CHUNK.size
        if name == b"fmt ":
            known = _format(data[at : at + size])
        elif name == b"data" and known is not None:
            rate, channels = known
            return Wav(rate, channels, _whole(data[at : at + size], 2 * channels))
        # chunks begin at even places
        at += size + size % 2
    raise _unusable("there is no sound in it")


def pcm_of_wav(data: bytes) -> bytes:
    """The sound in *data* as the house wants it: mono PCM, int16 little endian, 16 kHz.

    :raises Refused: code ``UNUSABLE_SPEECH``; or ``ENGINE_UNAVAILABLE``: it has another rate, and
        what changes it is not installed.
    """
    wav = read_wav(data)
    mono = wav.pcm if wav.channels == 1 else _mixed(wav.pcm, wav.channels)
    return mono if wav.rate == RATE else Resampler(wav.rate).write(mono, is_last=True)


def _format(fields: bytes) -> tuple[int, int]:
    """Rate and channels.

    :raises Refused: they are none that can be used.
    """
    if len(fields) < _FORMAT.size:
        raise _unusable("it does not say what is in it")
    kind, channels, rate, _, _, bits = _FORMAT.unpack_from(fields)
    if kind == EXTENSIBLE and len(fields) >= 26:
        kind = int.from_bytes(fields[24:26], "little")
    if kind != PCM or bits != 16:
        raise _unusable("its samples are not plain 16-bit ones")
    if not (1 <= channels <= 8 and LOWEST_RATE <= rate <= HIGHEST_RATE):
        raise _unusable(f"it has {channels} channels of {rate} samples a second")
    return rate, channels


def _whole(data: bytes, size: int) -> bytes:
    return data[: len(data) - len(data) % size]


def _mixed(pcm: bytes, channels: int) -> bytes:
    samples = array("h", pcm)
    if sys.byteorder == "big":
        samples.byteswap()
    sides = [samples[side::channels] for side in range(channels)]
    mono = array("h", (sum(moment) // channels for moment in zip(*sides, strict=True)))
    if sys.byteorder == "big":
        mono.byteswap()
    return mono.tobytes()


def _unusable(why: str) -> Refused:
    return Refused("UNUSABLE_SPEECH", f"This sound cannot be used: {why}", where="provider")
