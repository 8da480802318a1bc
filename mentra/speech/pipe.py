"""What a server and its worker processes say to each other, and how it is spelt on a pipe.

A frame is its length, four bytes big endian, and a MessagePack array: the message's name and its
fields.  Neither side trusts the other with its memory: a frame has a longest.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

MOST_BYTES = 1_048_576
"""Of one frame's MessagePack; more is a fault."""


class BrokenPipeline(Exception):
    """What came is no message; the text says why, without what was in it."""


class _Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base of all of them.

    :ivar number: of the utterance, as the server counts them.
    """


# -- to the worker


class Begin(_Message, frozen=True):
    """An utterance begins.

    :ivar grammar: JSGF: nothing else is said; empty: anything.
    :ivar interim: whether guesses are wanted before it ends.
    :ivar manner: what the worker told last of how this wearer sounds; empty: nothing.
    """

    number: int
    grammar: str
    interim: bool
    manner: str


class Sound(_Message, frozen=True):
    """More of it.  Answered with :class:`Taken`.

    :ivar look: whether it is worth the while to say what it sounds like by now; where much more
        waits it is not.
    """

    number: int
    pcm: bytes
    look: bool = True


class End(_Message, frozen=True):
    """That was all.  Answered with :class:`Done`."""

    number: int


class Drop(_Message, frozen=True):
    """Nobody wants to know any more.  Not answered."""

    number: int


# -- from the worker


class Guess(msgspec.Struct, frozen=True, array_like=True):
    """What it sounds like.

    :ivar words: each with where it begins and ends, milliseconds of this utterance's sound, and
        how sure that is (0 to 1, or less than 0: unknown).
    """

    text: str
    words: tuple[tuple[str, int, int, float], ...] = ()


class Ready(_Message, frozen=True):
    """The worker is loaded."""


class Unusable(_Message, frozen=True):
    """It cannot be loaded, and ends.

    :ivar reason: a sentence: what is missing or wrong, and what to do.
    """

    reason: str


class Taken(_Message, frozen=True):
    """One :class:`Sound` was decoded.

    :ivar guess: None: as before.
    """

    number: int
    guess: Guess | None


class Done(_Message, frozen=True):
    """The utterance is over.

    :ivar guess: None: there was nothing to understand.
    :ivar manner: for the next :class:`Begin` of this wearer.
    :ivar refusal: why it was not even tried, a sentence; empty: it was.
    """

    number: int
    guess: Guess | None
    manner: str
    refusal: str = ""


ToWorker = Begin | Sound | End | Drop
FromWorker = Ready | Unusable | Taken | Done

_encoder = msgspec.msgpack.Encoder()


def encode(message: ToWorker | FromWorker) -> bytes:
    """The frame of *message*."""
    body = _encoder.encode(message)
    return len(body).to_bytes(4, "big") + body


class Frames:
    """Reads the messages of one kind out of bytes that come in any pieces.

    :param kind: :data:`ToWorker` or :data:`FromWorker`.
    """

    def __init__(self, kind: Any, most: int = MOST_BYTES) -> None:
        self._decoder = msgspec.msgpack.Decoder(kind)
        self._most = most
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[Any]:
        """The messages that *data* completes.

        :raises BrokenPipeline: it is none of them, or longer than the longest.
        """
        self._data += data
        while len(self._data) >= 4:
            size = int.from_bytes(self._data[:4], "big")
            if size > self._most:
                raise BrokenPipeline(f"a frame of {size} bytes")
            if len(self._data) < 4 + size:
                return
            body = bytes(self._data[4 : 4 + size])
            del self._data[: 4 + size]
            try:
                message = self._decoder.decode(body)
            except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
                raise BrokenPipeline("a frame that is no message") from problem
            yield message
