"""WAV files of all kinds become the sound that the house wants."""

import io
import math
import struct
import wave
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.interfaces import IReactorThreads
from zope.interface import directlyProvides

from mentra.errors import Refused
from mentra.speech import resampling
from mentra.speech.resampling import Resampler
from mentra.speech.sound_files import wav_of as sound_of
from mentra.speech.wav import Wav, pcm_of_wav, read_wav


def tone(rate, seconds=0.5, hertz=440, loudness=8000):
    samples = (
        int(loudness * math.sin(math.tau * hertz * n / rate)) for n in range(int(rate * seconds))
    )
    return array("h", samples).tobytes()


def wav_of(pcm, rate=16_000, channels=1, *, size=None, kind=1, bits=16, before=b""):
    block = channels * bits // 8
    fmt = struct.pack("<HHIIHH", kind, channels, rate, rate * block, block, bits)
    size = len(pcm) if size is None else size
    body = b"WAVEfmt " + struct.pack("<I", 16) + fmt + before + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", 36 + len(before) + len(pcm)) + body + pcm


@given(st.binary(max_size=400).map(lambda data: data[: len(data) & ~1]))
def test_what_is_written_can_be_read_by_us_and_by_others(pcm):
    data = sound_of(pcm, rate=22_050)

    assert read_wav(data) == Wav(22_050, 1, pcm)
    with wave.open(io.BytesIO(data)) as other:
        assert (other.getframerate(), other.readframes(other.getnframes())) == (22_050, pcm)


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFF000, 10_000])
def test_a_length_that_is_longer_than_the_file_is_not_believed(size):
    assert read_wav(wav_of(b"abcdef", size=size)).pcm == b"abcdef"


def test_a_file_that_was_cut_off_ends_with_a_whole_sample():
    assert read_wav(wav_of(b"abcde")).pcm == b"abcd"
    assert read_wav(wav_of(b"abcdefg", channels=2)).pcm == b"abcd"


def test_what_stands_between_is_passed_over():
    note = b"LIST" + struct.pack("<I", 3) + b"abc\0"

    assert read_wav(wav_of(b"abcd", before=note)).pcm == b"abcd"


def test_the_long_way_to_say_plain_samples_is_understood():
    fmt = struct.pack("<HHIIHH", 0xFFFE, 1, 16_000, 32_000, 2, 16)
    fmt += struct.pack("<HHIH", 22, 16, 0, 1) + bytes(14)
    data = b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data\x02\0\0\0ab"

    assert read_wav(data) == Wav(16_000, 1, b"ab")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ID3 this is no wav file at all",
        wav_of(b"ab", kind=3),
        wav_of(b"ab", bits=8),
        wav_of(b"ab", channels=0),
        wav_of(b"ab", rate=100),
        wav_of(b"ab")[:30],
        b"RIFF\0\0\0\0WAVEdata\x02\0\0\0ab",
    ],
)
def test_what_cannot_be_used_is_refused(data):
    with pytest.raises(Refused) as refused:
        read_wav(data)

    assert refused.value.code == "UNUSABLE_SPEECH"


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(rest):
    try:
        found = read_wav(b"RIFF\0\0\0\0WAVE" + rest)
    except Refused as refusal:
        found = None
        code = refusal.code

    assert found is not None or code == "UNUSABLE_SPEECH"


def test_sound_of_the_right_rate_stays_as_it_is():
    pcm = tone(16_000)

    assert pcm_of_wav(sound_of(pcm)) == pcm


def test_two_channels_are_mixed():
    sides = array("h", [100, 300, -100, -300, 7, 8]).tobytes()

    assert array("h", pcm_of_wav(wav_of(sides, channels=2))).tolist() == [200, -200, 7]


def level(pcm, hertz):
    """How much of a tone is in it, 1 is all there was."""
    samples = array("h", pcm)
    turns = [math.tau * hertz * n / 16_000 for n in range(len(samples))]
    real = sum(one * math.cos(turn) for one, turn in zip(samples, turns, strict=True))
    imaginary = sum(one * math.sin(turn) for one, turn in zip(samples, turns, strict=True))
    return math.hypot(real, imaginary) / len(samples) * 2 / 8000


@pytest.mark.parametrize("rate", [8000, 22_050, 24_000, 48_000])
def test_another_rate_becomes_ours(rate):
    pcm = pcm_of_wav(sound_of(tone(rate), rate=rate))

    assert abs(len(pcm) - 16_000) <= 4
    assert level(pcm, 440) == pytest.approx(1, abs=0.02)


def test_what_our_rate_cannot_hold_is_gone_and_not_folded_back():
    # 10 kHz would come back as 6 kHz
    pcm = pcm_of_wav(sound_of(tone(24_000, hertz=10_000), rate=24_000))

    assert level(pcm, 6000) < 0.01


def test_a_stream_comes_out_as_the_whole_does():
    sound = tone(24_000)
    whole = Resampler(24_000).write(sound, is_last=True)

    stream = Resampler(24_000)
    pieces = [stream.write(sound[at : at + 1000]) for at in range(0, len(sound), 1000)]

    found = array("h", b"".join([*pieces, stream.write(b"", is_last=True)]))
    assert len(found) == len(whole) // 2
    # the filter rounds by chance, up or down
    assert max(abs(a - b) for a, b in zip(found, array("h", whole), strict=True)) <= 3


def test_a_filter_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(resampling.__dict__, "importlib", NoModules())

    with pytest.raises(Refused, match=r"mentra\[speech\]"):
        pcm_of_wav(sound_of(tone(8000), rate=8000))


class NoModules:
    """Nothing is installed."""

    def import_module(self, name):
        raise ImportError(name)


class Threads:
    """A reactor that does at once what is for a thread."""

    def callInThread(self, work, *args):  # noqa: N802 - Twisted's name
        work(*args)


def test_the_filter_is_loaded_by_a_thread(monkeypatch):
    reactor, asked = Threads(), []
    directlyProvides(reactor, IReactorThreads)
    monkeypatch.setattr(resampling, "_load", lambda: asked.append("load"))

    resampling.prepare(reactor)
    resampling.prepare(None)

    assert asked == ["load"]
