"""Where the wearer is."""

from typing import Any

from zope.interface import Interface


class ILocation(Interface):
    """Asks the phone as exactly as apps want to know.  Source: docs/protocol/location.rst."""

    def position() -> Any:
        """The last known :class:`mentra.records.Position`, or None."""

    def tier() -> str:
        """How exactly the phone is to tell: one of ``messages.streams.LOCATION_RATES``."""

    def update(position: Any, raw: bytes = b"") -> None:
        """The phone moved: keep the position and tell the subscribers.

        :param raw: the phone's own message (JSON) to pass on; empty: made from *position*.
        """

    def poll(package_name: str, accuracy: str, correlation_id: str) -> None:
        """An app wants to know now; it is told as soon as there is an answer.

        :raises mentra.errors.Refused: ``PERMISSION_DENIED``, ``TOO_MANY_POLLS``, ``INVALID_POLL``.
        """

    def answer(correlation_id: str, position: Any) -> bool:
        """The phone's answer to a poll; False if nobody waits for it (any more)."""

    def subscriptions_changed(package_name: str, fresh: Any) -> None:
        """The app's rate may be another.

        :param fresh: subscription strings for locations that are new; they are told what is known.
        """

    def forget(package_name: str) -> None:
        """The app stopped: nobody waits for its polls."""

    def phone_came(reconnected: bool) -> None:
        """A phone is there that may not know what was asked of it."""
