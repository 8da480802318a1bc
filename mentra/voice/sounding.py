"""Pieces of speech as clients send them, made into the sound that recognisers take."""

from collections.abc import Callable

from mentra.errors import Refused
from mentra.interfaces.engines import ILc3
from mentra.interfaces.services import IServices
from mentra.messages.voice import SpeechData
from mentra.speech.resampling import RATE, Resampler
from mentra.voice.settings import VoiceSettings

PCM = frozenset({"pcm16", "pcm", "pcm_s16le"})
"""What clients call PCM, int16 little endian, mono."""

LC3 = "lc3"

RATES = (8000, 16_000, 24_000, 44_100, 48_000)

RESTART_AFTER = 8
"""A number of 0 or 1 that comes so much later than it should is a client that counts anew."""


class Sounding:
    """One utterance's pieces, in their order.

    :ivar gaps: how many pieces did not come.
    """

    def __init__(self, services: IServices) -> None:
        self._services = services
        self._settings: VoiceSettings = services.settings(VoiceSettings)
        self._last: int | None = None
        self._lc3: Callable[[bytes], bytes] | None = None
        self._resampler: Resampler | None = None
        self._rate = RATE
        self.gaps = 0

    def check(self, piece: SpeechData) -> None:
        """Whether pieces like this one can be understood here.

        :raises Refused: ``INVALID_MESSAGE``: they cannot.
        """
        self._decoder(piece)

    def pcm(self, piece: SpeechData) -> bytes | None:
        """Its sound: mono PCM, int16, 16 kHz; None for a piece that came before.

        :raises Refused: ``INVALID_MESSAGE``: it is none that can be understood here.
        """
        decode = self._decoder(piece)
        if not self._is_new(piece.sequence_number):
            return None
        return decode(piece.audio_data)

    def _is_new(self, number: int) -> bool:
        last = self._last
        if last is not None and number <= last and not self._counts_anew(number, last):
            return False
        if last is not None and number > last + 1:
            self.gaps += number - last - 1
        self._last = number
        return True

    def _counts_anew(self, number: int, last: int) -> bool:
        return number <= 1 and last - number >= RESTART_AFTER

    def _decoder(self, piece: SpeechData) -> Callable[[bytes], bytes]:
        name = (piece.format or "pcm16").lower()
        rate = RATE if piece.sample_rate is None else piece.sample_rate
        if name == LC3:
            return self._decoder_of_lc3(piece, rate)
        if name not in PCM:
            raise _invalid("the format is neither pcm16 nor lc3")
        if len(piece.audio_data) % 2:
            raise _invalid("pcm16 has two bytes a sample, and half a sample is left over")
        if rate not in RATES:
            raise _invalid(f"the sampleRate is none of {', '.join(map(str, RATES))}")
        if rate == RATE:
            return _as_it_is
        if self._resampler is None or rate != self._rate:
            self._resampler, self._rate = Resampler(rate), rate
        return self._resampler.write

    def _decoder_of_lc3(self, piece: SpeechData, rate: int) -> Callable[[bytes], bytes]:
        size = self._settings.lc3_frame
        if rate != RATE:
            raise _invalid(f"lc3 is taken at {RATE} samples a second alone")
        if len(piece.audio_data) % size:
            raise _invalid(f"lc3 comes in frames of {size} bytes")
        if self._lc3 is None:
            codec: ILc3 | None = ILc3(self._services, None)
            self._lc3 = None if codec is None else codec.decoder(size)
        if self._lc3 is None:
            raise _invalid("lc3 cannot be decoded here: pip install 'mentra[lc3]'")
        return self._lc3


def _as_it_is(pcm: bytes) -> bytes:
    return pcm


def _invalid(why: str) -> Refused:
    return Refused("INVALID_MESSAGE", f"This speech cannot be understood: {why}", retryable=True)
