"""Circuit breakers: an engine that fails is left alone for a while.

``closed`` lets everybody through, ``open`` nobody, ``half_open`` lets one stream through to try,
and is ``trying`` until that one knows.
"""

from typing import Protocol

import attrs
from automat import TypeMachineBuilder
from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Circuit(Protocol):
    """What can happen to an engine's circuit."""

    def admit(self) -> bool:
        """Somebody asks whether to use the engine."""

    def worked(self) -> None:
        """The engine gave a result."""

    def trip(self) -> None:
        """The engine is not to be used for a while."""

    def cooled(self) -> None:
        """The while is over."""

    def abandoned(self) -> None:
        """The stream that tried has ended, and nobody knows more."""

    def stop(self) -> None:
        """Nothing is waited for any more."""


@attrs.define
class Heat:
    """How long a circuit stays open.

    :ivar is_open: whether nobody may use the engine now.
    """

    clock: IReactorTime
    cool_down: float
    is_open: bool = False
    timer: IDelayedCall | None = None

    def cool(self, circuit: Circuit) -> None:
        """Wait anew."""
        self.end()
        self.is_open = True
        self.timer = self.clock.callLater(self.cool_down, circuit.cooled)

    def end(self) -> None:
        """Wait no longer."""
        if self.timer is not None and self.timer.active():
            self.timer.cancel()
        self.timer = None


_builder = TypeMachineBuilder(Circuit, Heat)
closed = _builder.state("closed")
open_ = _builder.state("open")
half_open = _builder.state("half_open")
trying = _builder.state("trying")

closed.upon(Circuit.admit).loop().returns(True)
open_.upon(Circuit.admit).loop().returns(False)
half_open.upon(Circuit.admit).to(trying).returns(True)
trying.upon(Circuit.admit).loop().returns(False)

closed.upon(Circuit.worked).loop().returns(None)
# somebody began before it opened, and goes on well: that says little of whoever begins now
open_.upon(Circuit.worked).loop().returns(None)
half_open.upon(Circuit.worked).to(closed).returns(None)
trying.upon(Circuit.worked).to(closed).returns(None)

closed.upon(Circuit.abandoned).loop().returns(None)
open_.upon(Circuit.abandoned).loop().returns(None)
half_open.upon(Circuit.abandoned).loop().returns(None)
trying.upon(Circuit.abandoned).to(half_open).returns(None)

open_.upon(Circuit.trip).loop().returns(None)


@closed.upon(Circuit.trip).to(open_)
@half_open.upon(Circuit.trip).to(open_)
@trying.upon(Circuit.trip).to(open_)
def leave_alone(circuit: Circuit, heat: Heat) -> None:
    """It is used again after a while."""
    heat.cool(circuit)


@open_.upon(Circuit.cooled).to(half_open)
def try_again(circuit: Circuit, heat: Heat) -> None:
    """The next one who asks may try."""
    heat.is_open = False
    heat.end()


@closed.upon(Circuit.stop).loop()
@open_.upon(Circuit.stop).loop()
@half_open.upon(Circuit.stop).loop()
@trying.upon(Circuit.stop).loop()
def forget(circuit: Circuit, heat: Heat) -> None:
    """The server stops."""
    heat.end()


circuit_machine = _builder.build()


class Breaker:
    """An engine's circuit, which so many failures in a row open.

    :param most: failures in a row.
    :param cool_down: seconds until one stream may try.
    """

    def __init__(self, clock: IReactorTime, most: int, cool_down: float) -> None:
        self._heat = Heat(clock, cool_down)
        self._circuit = circuit_machine(self._heat)
        self._most = most
        self._failures = 0

    @property
    def is_open(self) -> bool:
        """Whether the engine is left alone now."""
        return self._heat.is_open

    def admit(self) -> bool:
        """Whether a stream may be opened; who was let through says what came of it."""
        return self._circuit.admit()

    def worked(self) -> None:
        """A result came."""
        self._failures = 0
        self._circuit.worked()

    def failed(self, *, for_good: bool = False) -> None:
        """The engine failed, or a try did.

        :param for_good: once is enough.
        """
        self._failures += 1
        if for_good or self._failures >= self._most:
            self._circuit.trip()

    def abandoned(self) -> None:
        """A stream has ended, and nothing came of it either way."""
        self._circuit.abandoned()

    def stop(self) -> None:
        """Nothing is waited for any more."""
        self._circuit.stop()
