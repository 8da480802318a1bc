"""LC3 out of packets, no more of it than somebody can say."""

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from mentra.glasses.audio.recent import SECOND

MOST_AT_ONCE = SECOND
"""Bytes of sound in one packet; packets have 10 to 100 ms."""

CATCHING_UP = 2.0
"""Seconds of sound that may be decoded in a second, once the burst is used up."""


class Unpacker:
    """Decodes for one pair of glasses.

    Decoding takes time that others want, so who sends more than a microphone can hear is not
    decoded.

    :param decode: from a packet to PCM.
    :param frame_bytes: of one frame of 10 ms.
    :param burst: seconds of sound that may come at once.
    """

    def __init__(
        self,
        decode: Callable[[bytes], bytes],
        frame_bytes: int,
        clock: IReactorTime,
        burst: float,
    ) -> None:
        self._decode = decode
        self._frame_bytes = frame_bytes
        self._clock = clock
        self._burst = self._credit = burst
        self._since = clock.seconds()

    def unpack(self, packet: bytes) -> bytes:
        """The sound in *packet*; empty if there is too much of it."""
        seconds = len(packet) // self._frame_bytes * 0.01
        now = self._clock.seconds()
        self._credit = min(self._burst, self._credit + (now - self._since) * CATCHING_UP)
        self._since = now
        if seconds > self._credit or seconds * SECOND > MOST_AT_ONCE:
            return b""
        self._credit -= seconds
        return self._decode(packet)
