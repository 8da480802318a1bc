"""Who waits for the phone to say where it is.  Source: docs/protocol/location.rst."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mentra.errors import Refused

FRESH: Mapping[str, float] = MappingProxyType(
    {
        "realtime": 1.0,
        "high": 10.0,
        "standard": 30.0,
        "tenMeters": 30.0,
        "hundredMeters": 60.0,
        "kilometer": 300.0,
        "threeKilometers": 900.0,
        "reduced": 900.0,
    }
)
"""Accuracy of a poll to how old an answer may be, seconds."""

MAX_OF_AN_APP = 20
"""Polls that one app may have waiting."""


MAX_ID = 200
"""Longest correlation id, characters."""


def check_id(correlation_id: str) -> None:
    """Let an id by that can be sent on.

    :raises Refused: ``INVALID_POLL``.
    """
    if not 0 < len(correlation_id) <= MAX_ID or not correlation_id.isprintable():
        text = f"A poll has a correlationId of 1 to {MAX_ID} characters"
        raise Refused("INVALID_POLL", text, where="app")


@attrs.define(eq=False)
class Poll:
    """A question the phone was asked.

    :ivar askers: the apps that asked under this id.
    """

    correlation_id: str
    accuracy: str
    timer: IDelayedCall
    askers: dict[str, None] = attrs.field(factory=dict)


class Polls:
    """The questions that have no answer yet.

    :param patience: seconds until one is given up.
    """

    def __init__(self, clock: IReactorTime, patience: float) -> None:
        self._clock = clock
        self._patience = patience
        self._waiting: dict[str, Poll] = {}

    def __iter__(self) -> Iterator[Poll]:
        """Every one, the oldest first."""
        return iter(tuple(self._waiting.values()))

    def add(self, package_name: str, accuracy: str, correlation_id: str) -> Poll:
        """*package_name* waits from now on.

        :raises Refused: ``TOO_MANY_POLLS``.
        """
        mine = sum(package_name in poll.askers for poll in self._waiting.values())
        if mine >= MAX_OF_AN_APP:
            text = f"Only {MAX_OF_AN_APP} polls of an app can wait for the phone"
            raise Refused("TOO_MANY_POLLS", text, where="app", retryable=True)
        poll = self._waiting.get(correlation_id)
        if poll is None:
            timer = self._clock.callLater(self._patience, self._give_up, correlation_id)
            poll = self._waiting[correlation_id] = Poll(correlation_id, accuracy, timer)
        poll.askers[package_name] = None
        return poll

    def take(self, correlation_id: str) -> Poll | None:
        """The question of that id: it is answered; None if there is none."""
        poll = self._waiting.pop(correlation_id, None)
        if poll is not None:
            poll.timer.cancel()
        return poll

    def forget(self, package_name: str) -> None:
        """The app does not wait any more."""
        for poll in self:
            poll.askers.pop(package_name, None)
            if not poll.askers:
                self.take(poll.correlation_id)

    def stop(self) -> None:
        """Nobody waits any more."""
        for poll in self:
            self.take(poll.correlation_id)

    def _give_up(self, correlation_id: str) -> None:
        # the app has a time-out of its own
        del self._waiting[correlation_id]
