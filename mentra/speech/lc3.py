"""LC3 by liblc3, which the package lc3py brings along (``pip install mentra[lc3]``).

The functions of the library are called directly: lc3py's own ``Decoder`` never gives its memory
back, and looks for the C library by running a program.
"""

import ctypes
from collections.abc import Callable
from typing import Any

from twisted.logger import Logger
from zope.interface import implementer

from mentra.extension import ComponentFactory
from mentra.interfaces.engines import ILc3
from mentra.interfaces.services import IServices

RATE = 16_000
"""Samples a second."""

FRAME_US = 10_000
"""Microseconds of one frame."""

FRAME_PCM = 320
"""Bytes of PCM in one frame."""

_PCM_S16 = 0


class _Stream:
    """What one decoder remembers from frame to frame."""

    def __init__(self, library: Any, frame_bytes: int) -> None:
        self._library = library
        self._frame_bytes = frame_bytes
        size = library.lc3_hr_decoder_size(False, FRAME_US, RATE)
        self._memory = ctypes.create_string_buffer(size)
        self._state = library.lc3_hr_setup_decoder(False, FRAME_US, RATE, RATE, self._memory)

    def decode(self, packet: bytes) -> bytes:
        """The PCM in *packet*; a frame that is damaged sounds much like the one before."""
        size = self._frame_bytes
        frames = len(packet) // size
        data = ctypes.create_string_buffer(packet, len(packet))
        pcm = ctypes.create_string_buffer(frames * FRAME_PCM)
        decode, state = self._library.lc3_decode, self._state
        source, target = ctypes.addressof(data), ctypes.addressof(pcm)
        for _ in range(frames):
            decode(state, source, size, _PCM_S16, target, 1)
            source += size
            target += FRAME_PCM
        return pcm.raw


@implementer(ILc3)
class Lc3:
    """The codec; :meth:`decoder` is None if it is not installed."""

    _log = Logger()

    def __init__(self, services: IServices) -> None:
        self._library = self._load()

    def decoder(self, frame_bytes: int) -> Callable[[bytes], bytes] | None:
        """A new stream's decoder."""
        return None if self._library is None else _Stream(self._library, frame_bytes).decode

    def _load(self) -> Any:
        try:
            import lc3
        except ImportError:
            return None
        try:
            # declares what the functions take
            return lc3.Decoder(FRAME_US, RATE).lib
        except (lc3.BaseError, OSError) as problem:
            self._log.warn("LC3 cannot be used: {problem}", problem=problem)
            return None


lc3_codec = ComponentFactory(ILc3, Lc3)
