"""How one app stands in one session: what is known of it, and who waits for what."""

from typing import Any, Literal, Protocol

import attrs
import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from mentra.glasses.apps.errands import Errands
from mentra.interfaces.messaging import IPeer
from mentra.messages import Message
from mentra.records import App

Stage = Literal["WEBHOOK", "CONNECTION", "AUTHENTICATION", "TIMEOUT", "HARDWARE_CHECK"]
How = Literal["started", "reconnected", "replaced"]


class StartError(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an app did not start."""

    stage: Stage
    message: str
    details: dict[str, Any] | None = None


class StartResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a start.

    :ivar error: None if the app runs.
    """

    error: StartError | None = None

    @property
    def success(self) -> bool:
        """Whether the app runs."""
        return self.error is None

    @classmethod
    def failed(
        cls, stage: Stage, message: str, details: dict[str, Any] | None = None
    ) -> "StartResult":
        """A failure."""
        return cls(StartError(stage, message, details))


STARTED = StartResult()


class AppLife(Protocol):
    """What can happen to an app."""

    def start(self, waiter: "Deferred[StartResult]") -> None:
        """Somebody wants it to run; *waiter* hears what becomes of that."""

    def stop(self, waiter: "Deferred[None]") -> None:
        """Somebody wants it stopped; *waiter* hears when it is."""

    def came(self, peer: IPeer, greeting: "Greeting") -> None:
        """A socket proved its key.

        :raises Dismissed: nobody waits for it.
        """

    def left(self) -> None:
        """The current socket closed, or turned out to be dead."""

    def released(self) -> None:
        """The current socket closed after ``ownership_release``."""

    def failed(self, result: StartResult) -> None:
        """The start came to nothing."""

    def grace_over(self) -> None:
        """It stayed away while the glasses are there."""

    def abandoned(self) -> None:
        """It stayed away, and the glasses are away too."""

    def woken(self, waiter: "Deferred[StartResult]") -> None:
        """The glasses are back."""

    def halted(self) -> None:
        """What a stop has to wait for is done."""

    def ended(self) -> None:
        """The session ends."""


class Effects(Protocol):
    """What follows a change of state."""

    def prepare(self, standing: "Standing", renew: bool) -> None:
        """Start it; with *renew*, do first what a stop does, for it may be half alive."""

    def welcome(self, standing: "Standing", greeting: "Greeting", how: How) -> None:
        """``standing.peer`` is its socket now."""

    def away(self, standing: "Standing") -> None:
        """Its socket is gone; wait for another."""

    def dismiss(self, standing: "Standing") -> None:
        """Call the stop webhook, then say ``halted``."""

    def over(self, standing: "Standing", error: StartError | None, forget: bool) -> None:
        """It is stopped.

        :param error: why its start failed, None after an ordinary end.
        :param forget: do not start it with the user's next session.
        """

    def start_again(self, standing: "Standing") -> None:
        """Start it anew for those in ``standing.queued``."""

    def end(self, standing: "Standing") -> None:
        """It ends with its session."""


@attrs.frozen
class Greeting:
    """What an app is sent when it comes: put together before anything changes.

    :ivar messages: in order.
    """

    messages: tuple[Message, ...]


@attrs.define(eq=False)
class Standing:
    """How an app stands.

    :ivar life: its machine.
    :ivar peer: its current socket.
    :ivar was_running: whether it had been connected since its start.
    :ivar leaving: it said ``ownership_release``.
    :ivar recovering: its server was asked to connect anew: closing the old socket is no goodbye.
    :ivar renewed: the start under way is a resurrection.
    :ivar app: the record it was started by last.
    :ivar known: listeners take it for starting, running or away.
    :ivar called: they have heard of the start under way.
    :ivar starts: who waits for the start under way.
    :ivar stops: who waits for the stop under way.
    :ivar queued: who wants it started once it has stopped.
    :ivar timer: the one that matters in this state.
    :ivar work: what this state waits for.
    :ivar webhook: the start webhook, whose answer may come long after the socket.
    """

    package_name: str
    effects: Effects
    life: AppLife = attrs.field(init=False)
    state: str = "stopped"
    peer: IPeer | None = None
    was_running: bool = False
    leaving: bool = False
    recovering: bool = False
    renewed: bool = False
    app: App | None = None
    known: bool = False
    called: bool = False
    starts: "list[Deferred[StartResult]]" = attrs.field(factory=list)
    stops: "list[Deferred[None]]" = attrs.field(factory=list)
    queued: "list[Deferred[StartResult]]" = attrs.field(factory=list)
    timer: IDelayedCall | None = None
    work: Errands = attrs.field(factory=lambda: Errands("starting or stopping an app"))
    webhook: Errands = attrs.field(factory=lambda: Errands("the start webhook"))

    def settle(self) -> None:
        """Stop waiting for whatever the last state waited for; an answer to the start webhook may
        still come."""
        if self.timer is not None and self.timer.active():
            self.timer.cancel()
        self.timer = None
        self.work.cancel()

    def drop(self) -> None:
        """Stop waiting for anything."""
        self.settle()
        self.webhook.cancel()

    def tell_starters(self, result: StartResult) -> None:
        """The start is decided."""
        _fire(self.starts, result)

    def tell_queued(self, result: StartResult) -> None:
        """The start that was to follow the stop is decided."""
        _fire(self.queued, result)

    def tell_stoppers(self) -> None:
        """It has stopped."""
        _fire(self.stops, None)


def _fire(waiters: "list[Deferred[Any]]", result: Any) -> None:
    # a waiter may well start or stop the app again
    fired, waiters[:] = waiters[:], []
    for waiter in fired:
        waiter.callback(result)
