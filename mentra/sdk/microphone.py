"""What a microphone hears, sent as fast as time goes by."""

import asyncio
from collections.abc import Callable

MILLISECOND = 32
"""Bytes of one: 16 samples of two."""

PAUSE_MS = 1200
"""Silence after which everybody takes a sentence to be over."""


class Pace:
    """Moments that follow each other at one distance; a late one makes the next no later.

    :param seconds: the distance; 0: none is waited for.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._clock = asyncio.get_running_loop().time
        self._due = self._clock()

    async def wait(self) -> None:
        """Wait for the next one."""
        if self._seconds:
            self._due += self._seconds
            await asyncio.sleep(self._due - self._clock())


class Microphone:
    """Sends sound in pieces of one length, each when it would have been heard.

    :param send: takes a piece; False if it goes nowhere.
    :param chunk_ms: milliseconds of each.
    :param encode: what is done to a piece before it is sent, e.g. LC3.
    """

    def __init__(
        self,
        send: Callable[[bytes], bool],
        *,
        chunk_ms: int = 100,
        encode: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self._send = send
        self._chunk_ms = chunk_ms
        self._encode = encode

    async def hear(self, pcm: bytes, pause_ms: int = PAUSE_MS) -> bool:
        """Send *pcm* (mono, int16 little endian, 16 kHz) and then silence; whether all of it went
        out.  It takes as long as the sound."""
        size = self._chunk_ms * MILLISECOND
        sound = pcm + bytes(pause_ms * MILLISECOND)
        pace = Pace(self._chunk_ms / 1000)
        all_went = True
        for start in range(0, len(sound), size):
            piece = sound[start : start + size]
            # an encoder wants whole frames
            piece += bytes(size - len(piece))
            all_went = self._send(self._encode(piece)) and all_went
            await pace.wait()
        return all_went
