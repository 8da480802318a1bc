"""Where the wearer is.  Source: docs/protocol/location.rst."""

from typing import Any, ClassVar

from mentra.messages import GivesWay, Message, Relayed


class LocationUpdate(Relayed, frozen=True, kw_only=True, tag="location_update"):
    """The phone says where it is, or answers a poll.

    :ivar lat: degrees north.
    :ivar lng: degrees east.
    :ivar accuracy: metres.
    :ivar correlation_id: of the poll it answers.
    :ivar location: the same fields once more, where phones put them into an object of their own.
    """

    lat: float | None = None
    lng: float | None = None
    accuracy: float | None = None
    correlation_id: str | None = None
    location: dict[str, Any] | None = None


class LocationPollRequest(Message, frozen=True, kw_only=True, tag="location_poll_request"):
    """An app wants to know where the wearer is.

    :ivar accuracy: one of ``LOCATION_RATES``; anything else is ``reduced``.
    """

    accuracy: Any = None
    correlation_id: str


class SetLocationTier(Message, frozen=True, kw_only=True, tag="set_location_tier"):
    """Tell the phone how exactly its location is wanted."""

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    gives_way: ClassVar[GivesWay] = GivesWay.KEEP_NEWEST
    session_id: str
    tier: str


class RequestSingleLocation(Message, frozen=True, kw_only=True, tag="request_single_location"):
    """Ask the phone where it is."""

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    accuracy: str
    correlation_id: str
