"""How long engines work for guests, who prove nothing about who they are.

Source: docs/voice, "who may talk".
"""

from ipaddress import IPv6Address, ip_address, ip_network

import attrs
from twisted.internet.interfaces import IReactorTime

HOUR = 3600.0

MOST = 4096
"""Guests whose use is remembered; of more, those that came longest ago are forgotten."""

HOUSEHOLD = 64
"""Bits of an IPv6 address that are the same for everything in one place."""


class Allowance:
    """Time that is used, and grows by itself.

    :param per_hour: seconds of engines' work an hour; so much may be used at once as well.
    """

    def __init__(self, clock: IReactorTime, per_hour: float) -> None:
        self._clock = clock
        self._per_hour = per_hour
        self._left = per_hour
        self._seen = clock.seconds()

    def is_left(self) -> bool:
        """Whether engines may work for one more turn."""
        return self._now_left() > 0

    def is_whole(self) -> bool:
        """Whether nothing of it is used."""
        return self._now_left() >= self._per_hour

    def spend(self, seconds: float) -> None:
        """A turn took so much; it may be more than was left."""
        self._left -= seconds

    def _now_left(self) -> float:
        now = self._clock.seconds()
        self._left = min(self._per_hour, self._left + (now - self._seen) * self._per_hour / HOUR)
        self._seen = now
        return self._left


@attrs.frozen
class Share:
    """What one guest may use: of its own, and of what there is for all of them.

    :ivar place: where the guest is, as far as anybody knows; guests of one place share.
    """

    _time: "GuestTime"
    place: str

    def is_left(self) -> bool:
        """Whether engines may work for one more turn of this guest."""
        return self._time.everybody.is_left() and self._time.own(self.place).is_left()

    def spend(self, seconds: float) -> None:
        """A turn took so much."""
        self._time.everybody.spend(seconds)
        self._time.own(self.place).spend(seconds)


class GuestTime:
    """Time for all guests, and for each of them.

    A guest is an address here: whoever wants another name makes another token.

    :param together: seconds an hour for all of them.
    :param each: seconds an hour for one.
    :ivar everybody: what is left for all.
    """

    def __init__(self, clock: IReactorTime, together: float, each: float) -> None:
        self._clock = clock
        self._each = each
        self.everybody = Allowance(clock, together)
        self._own: dict[str, Allowance] = {}

    def share(self, address: str) -> Share:
        """That of a guest at *address*."""
        return Share(self, _place_of(address))

    def own(self, whose: str) -> Allowance:
        """What one of them has left."""
        own = self._own.get(whose)
        if own is None:
            if len(self._own) >= MOST:
                self._forget()
            own = self._own[whose] = Allowance(self._clock, self._each)
        return own

    def _forget(self) -> None:
        self._own = {name: one for name, one in self._own.items() if not one.is_whole()}
        while len(self._own) >= MOST:
            del self._own[next(iter(self._own))]


def _place_of(address: str) -> str:
    """Of *address* what its owner cannot change at will."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    inner = found.ipv4_mapped
    return str(ip_network((found, HOUSEHOLD), strict=False) if inner is None else inner)
