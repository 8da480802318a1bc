"""One utterance on its way through a worker, with all its sound: another worker can begin anew."""

from collections.abc import Callable
from itertools import islice

import attrs

from mentra.errors import Refused
from mentra.speech.endpointing import BYTES_PER_MS
from mentra.speech.pipe import Begin, Guess

PIECE = 6400
"""Most bytes a worker is given at once: 200 ms."""


@attrs.define(eq=False)
class Job:
    """What a worker is to do.

    :ivar number: its own, among those of this process.
    :ivar starts_ms: where its first sample is in the stream, milliseconds.
    :ivar guessed: called with what it sounds like by now.
    :ivar done: called once, with what was said (None: nothing) and the wearer's manner.
    :ivar failed: called once instead: no worker can do it.
    :ivar is_over: whether the last of its sound is there.
    :ivar tries: workers that it was given to.
    """

    number: int
    starts_ms: int
    grammar: str
    interim: bool
    manner: str
    guessed: Callable[[Guess], None]
    done: Callable[[Guess | None, str], None]
    failed: Callable[[Refused], None]
    is_over: bool = False
    tries: int = 0
    _pieces: list[tuple[int, bytes]] = attrs.field(factory=list)
    _bytes: int = 0
    _given: int = 0
    _waiting: int = 0
    _kept: int = 0
    _new: int = 0
    _is_whole: bool = True

    @property
    def begin(self) -> Begin:
        """What its worker is told first."""
        return Begin(self.number, self.grammar, self.interim, self.manner)

    @property
    def waiting(self) -> int:
        """Bytes that its worker was not given yet."""
        return self._waiting

    @property
    def given(self) -> int:
        """Bytes that its worker was given."""
        return sum(len(piece) for _, piece in self._pieces[: self._given])

    @property
    def new(self) -> int:
        """Bytes that no worker was ever given."""
        return self._new

    @property
    def is_given(self) -> bool:
        """Whether its worker has all there is and will be."""
        return self.is_over and self._given == len(self._pieces)

    @property
    def heard_ms(self) -> int:
        """Where in the stream its sound ends, as far as it came."""
        return self.starts_ms + self._bytes // BYTES_PER_MS

    def add(self, pcm: bytes) -> None:
        """More sound, right after what came before, dropped or not."""
        for at in range(0, len(pcm), PIECE):
            piece = pcm[at : at + PIECE]
            self._pieces.append((self._bytes, piece))
            self._bytes += len(piece)
        self._waiting += len(pcm)
        self._new += len(pcm)

    def take(self) -> bytes | None:
        """The next piece for its worker, of several that wait as many as fit into one; None if
        there is none."""
        taken: list[bytes] = []
        size = 0
        for _, piece in islice(self._pieces, self._given, None):
            size += len(piece)
            if size > PIECE:
                break
            taken.append(piece)
            if self._given >= self._kept:
                self._new -= len(piece)
            self._given += 1
            self._waiting -= len(piece)
        return b"".join(taken) if taken else None

    def drop_oldest(self) -> int:
        """Do without the oldest piece that no worker was ever given; its bytes, 0 if there is
        none.  What one had is needed, should another begin anew."""
        oldest = max(self._given, self._kept)
        if oldest == len(self._pieces):
            return 0
        _, piece = self._pieces.pop(oldest)
        self._waiting -= len(piece)
        self._new -= len(piece)
        self._is_whole = False
        return len(piece)

    def again(self) -> None:
        """Its worker is gone: what comes next is the first piece."""
        self._kept = max(self._kept, self._given)
        self._given = 0
        self._waiting = sum(len(piece) for _, piece in self._pieces)

    def stream_ms(self, ms: int) -> int:
        """Where in the stream something is that its worker heard after *ms* of what it got."""
        if self._is_whole:
            return min(self.starts_ms + ms, self.heard_ms)
        left = ms * BYTES_PER_MS
        for at, piece in self._pieces:
            if left <= len(piece):
                return self.starts_ms + (at + left) // BYTES_PER_MS
            left -= len(piece)
        return self.heard_ms
