"""Where somebody begins to speak and where they end, in a stream of sound.

Nothing in here waits, keeps time or knows an engine: it is told what speech is by a function, and
counts in samples.  Sound is mono PCM, int16 little endian, 16 kHz.
"""

from collections import deque
from collections.abc import Callable

import attrs

from mentra.speech.pieces import Pieces

FRAME_MS = 20
"""Milliseconds that are looked at as one."""

FRAME_BYTES = 640
"""Bytes of them."""

BYTES_PER_MS = 32
"""Bytes of a millisecond."""

ONSET = 5
"""So many frames with speech make a beginning, if they are among the last ``ONSET_WITHIN``:
detectors take the first four frames of any noise for speech."""

ONSET_WITHIN = 6

LULL_MS = 200
"""Milliseconds without speech that end an utterance that is about to be too long."""


@attrs.frozen
class SpeechStarted:
    """Somebody began to speak.

    :ivar at_ms: where the sound that follows begins, milliseconds since the first sample: some
        time before the first speech.
    """

    at_ms: int


@attrs.frozen
class SpeechSound:
    """Sound of an utterance, pauses and all, in order and without gaps."""

    pcm: bytes


@attrs.frozen
class SpeechEnded:
    """The utterance is over.

    :ivar at_ms: milliseconds since the first sample: where the silence was long enough.
    :ivar last_speech_ms: where somebody spoke last.
    """

    at_ms: int
    last_speech_ms: int


Event = SpeechStarted | SpeechSound | SpeechEnded


class Endpointer:
    """Cuts one wearer's sound into utterances.

    Between a start and its end there is all sound from the one to the other; what is not speech
    for longer than the pauses in an utterance is told to nobody.

    :param is_speech: whether somebody speaks in 20 ms of sound, as of
        :class:`mentra.interfaces.speech.IVoiceDetector`.
    :param silence_ms: how long a silence ends an utterance.
    :param pre_roll_ms: how much sound before the first speech belongs to it.
    :param most_ms: the longest utterance; one that gets there ends in a lull, or at last in the
        middle of a word, and the next one follows without a gap.
    """

    def __init__(
        self,
        is_speech: Callable[[bytes], bool],
        *,
        silence_ms: int = 800,
        pre_roll_ms: int = 300,
        most_ms: int = 20_000,
    ) -> None:
        self._is_speech = is_speech
        self._silence = max(1, silence_ms // FRAME_MS)
        self._lull = min(self._silence, LULL_MS // FRAME_MS)
        self._most = max(ONSET_WITHIN + self._lull, most_ms // FRAME_MS)
        self._before: deque[bytes] = deque(maxlen=ONSET_WITHIN + pre_roll_ms // FRAME_MS)
        self._lately: deque[bool] = deque(maxlen=ONSET_WITHIN)
        self._pieces = Pieces(FRAME_BYTES)
        self._frames = self._apart = 0
        self._started: int | None = None
        self._spoke = 0

    @property
    def is_speaking(self) -> bool:
        """Whether an utterance has begun and not ended."""
        return self._started is not None

    def feed(self, pcm: bytes) -> list[Event]:
        """What happens in *pcm*, which follows what came before; chunks may be of any length."""
        events: list[Event] = []
        for frame in self._pieces.cut(pcm):
            self._frames += 1
            if self._started is None:
                self._listen(frame, events)
            else:
                self._follow(frame, events)
        return events

    def flush(self) -> list[Event]:
        """End the utterance, if there is one, with all sound that came."""
        events: list[Event] = []
        if self._started is not None:
            rest = self._pieces.rest()
            if rest:
                _add(events, rest)
                # what follows begins a frame of its own
                self._apart += len(rest)
            self._end(events)
        return events

    def _ms(self, frame: int) -> int:
        return (frame * FRAME_BYTES + self._apart) // BYTES_PER_MS

    def _listen(self, frame: bytes, events: list[Event]) -> None:
        self._before.append(frame)
        self._lately.append(self._is_speech(frame))
        if self._lately.count(True) < ONSET:
            return
        self._start(self._frames - len(self._before), events)
        _add(events, b"".join(self._before))
        self._before.clear()

    def _follow(self, frame: bytes, events: list[Event]) -> None:
        _add(events, frame)
        if self._is_speech(frame):
            self._spoke = self._frames
        quiet = self._frames - self._spoke
        long = self._frames - (self._started or 0)
        is_late = long >= self._most * 3 // 4
        if quiet >= (self._lull if is_late else self._silence):
            self._end(events)
        elif long >= self._most:
            self._end(events)
            self._start(self._frames, events)

    def _start(self, frame: int, events: list[Event]) -> None:
        self._started = frame
        self._spoke = self._frames
        events.append(SpeechStarted(self._ms(frame)))

    def _end(self, events: list[Event]) -> None:
        self._started = None
        self._lately.clear()
        events.append(SpeechEnded(self._ms(self._frames), self._ms(self._spoke)))


def _add(events: list[Event], pcm: bytes) -> None:
    """*pcm* follows; sound of one chunk is one event."""
    if events and isinstance(events[-1], SpeechSound):
        pcm = events.pop().pcm + pcm  # type: ignore[union-attr] # it is sound, see above
    events.append(SpeechSound(pcm))
