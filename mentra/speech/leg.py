"""The part of the way that one engine goes with a wearer's speech."""

from collections.abc import Iterable
from typing import Protocol

import attrs
from zope.interface import implementer

from mentra.errors import Refused
from mentra.hearing import Heard, Recognition
from mentra.interfaces.speech import (
    IOwingStream,
    IRecogniser,
    IRecogniserListener,
    IRecogniserStream,
)
from mentra.speech.circuits import Breaker


@attrs.define(eq=False)
class Engine:
    """A recogniser as all streams know it.

    :ivar gives_interims: whether it was ever seen to answer while somebody speaks.
    :ivar streams: how many it has now.
    """

    name: str
    recogniser: IRecogniser
    breaker: Breaker
    gives_interims: bool = False
    streams: int = 0


class Owner(Protocol):
    """Whose speech it is."""

    def leg_heard(self, leg: "Leg", result: Heard) -> None:
        """The engine of *leg* recognised something."""

    def leg_failed(self, leg: "Leg") -> None:
        """The engine of *leg* failed."""


@implementer(IRecogniserListener)
class Leg:
    """The part of the way that one engine goes.

    :ivar since: position of the first byte it is given.
    :ivar problem: why it ended by itself.
    """

    def __init__(self, owner: "Owner", engine: Engine, since: int) -> None:
        self.engine = engine
        self.since = since
        self.problem: Refused | None = None
        self.spoke = False
        self.is_beginning = True
        self._owner: Owner | None = owner
        self._stream: IRecogniserStream | None = None

    def begin(self, wanted: Recognition, sound: Iterable[bytes], *, is_complete: bool) -> None:
        """Give the engine *sound* to begin with; a failure is in ``problem``."""
        self.engine.streams += 1
        try:
            self._stream = self.engine.recogniser.open(wanted, self)
        except Refused as problem:
            self.problem = problem
        for pcm in sound:
            self.write(pcm)
        if is_complete:
            self.finalize()
        self.is_beginning = False

    def write(self, pcm: bytes) -> None:
        """Sound for the engine, unless it has failed."""
        if self.problem is None and self._stream is not None:
            self._stream.write(pcm)

    def finalize(self) -> None:
        """Nobody speaks any more."""
        if self.problem is None and self._stream is not None:
            self._stream.finalize()

    def owes(self) -> bool:
        """Whether the engine says that it has yet to answer something."""
        owing = IOwingStream(self._stream, None)
        return self.problem is None and owing is not None and owing.owes()

    def waiting(self) -> float:
        """Seconds of speech that the engine says wait for it."""
        owing = IOwingStream(self._stream, None)
        return owing.waiting() if self.problem is None and owing is not None else 0.0

    def close(self) -> None:
        """It is over."""
        if self._owner is None:
            return
        self._owner = None
        self.engine.streams -= 1
        if not self.spoke and self.problem is None:
            self.engine.breaker.abandoned()
        stream, self._stream = self._stream, None
        if stream is not None and self.problem is None:
            stream.close()

    def heard(self, result: Heard) -> None:
        """The engine recognised something."""
        if self._owner is not None and self.problem is None:
            self._owner.leg_heard(self, result)

    def failed(self, problem: Refused) -> None:
        """The engine's stream is over."""
        if self._owner is not None and self.problem is None:
            self.problem = problem
            if not self.is_beginning:
                self._owner.leg_failed(self)
