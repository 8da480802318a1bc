"""Tokens that clients make themselves: they prove nothing, and name somebody without a name.

Source: docs/protocol/voice, "tokens".
"""

import re

from mentra.errors import Refused
from mentra.identity import Speaker

PREFIX = "guest_"

AHEAD = 300.0
"""Seconds that a client's clock may be ahead of ours."""

_GUEST = re.compile(
    r"guest_([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})_([0-9]{1,16})",
    re.IGNORECASE | re.ASCII,
)


def guest_of(token: str, now: float, lifetime: float) -> Speaker:
    """The guest of a token ``guest_UUID_MS``.

    :param now: POSIX seconds.
    :param lifetime: seconds that it is good.
    :raises Refused: ``AUTH_EXPIRED`` or ``AUTH_INVALID``.
    """
    found = _GUEST.fullmatch(token) if token.startswith(PREFIX) else None
    if found is None:
        raise Refused("AUTH_INVALID", "Invalid authentication token")
    made_at = int(found[2]) / 1000
    if made_at - now > AHEAD:
        raise Refused("AUTH_INVALID", "Invalid authentication token")
    if now - made_at > lifetime:
        raise Refused("AUTH_EXPIRED", "Authentication token expired")
    return Speaker(f"guest-{found[1].lower()}", is_guest=True)
