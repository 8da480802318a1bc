"""Whether a session's glasses are there, and for how long they may be away."""

from collections.abc import Callable
from typing import Protocol

import attrs
from automat import TypeMachineBuilder
from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Presence(Protocol):
    """What can happen to a session's glasses."""

    def glasses_came(self) -> None:
        """A socket took over."""

    def glasses_left(self) -> None:
        """The current socket closed."""

    def grace_over(self) -> None:
        """They stayed away too long."""

    def ended(self) -> None:
        """The session ends for another reason."""


@attrs.define
class Grace:
    """How long to wait.

    :ivar seconds: of absence until *expired* is called.
    :ivar enabled: False waits for ever.
    """

    clock: IReactorTime
    seconds: float
    expired: Callable[[], None]
    enabled: bool = True
    timer: IDelayedCall | None = None

    def cancel(self) -> None:
        """Stop waiting."""
        if self.timer is not None and self.timer.active():
            self.timer.cancel()
        self.timer = None


_builder = TypeMachineBuilder(Presence, Grace)
away = _builder.state("away")
present = _builder.state("present")
over = _builder.state("over")

away.upon(Presence.glasses_left).loop().returns(None)
present.upon(Presence.glasses_came).loop().returns(None)
over.upon(Presence.glasses_left).loop().returns(None)
over.upon(Presence.ended).loop().returns(None)


@away.upon(Presence.glasses_came).to(present)
def welcome_back(presence: Presence, grace: Grace) -> None:
    """Glasses are there; nothing is waited for."""
    grace.cancel()


@present.upon(Presence.glasses_left).to(away)
def start_grace(presence: Presence, grace: Grace) -> None:
    """Wait for them, as long as the configuration says."""
    if grace.enabled:
        grace.timer = grace.clock.callLater(grace.seconds, presence.grace_over)


@away.upon(Presence.grace_over).to(over)
def give_up(presence: Presence, grace: Grace) -> None:
    """Nobody came."""
    grace.timer = None
    grace.expired()


@away.upon(Presence.ended).to(over)
def end_while_away(presence: Presence, grace: Grace) -> None:
    """Ended before anybody came back."""
    grace.cancel()


@present.upon(Presence.ended).to(over)
def end_while_present(presence: Presence, grace: Grace) -> None:
    """Ended with glasses on."""
    grace.cancel()


presence_machine = _builder.build()
