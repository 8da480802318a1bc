"""The voice assistant: sessions and connections."""

from typing import Any

from zope.interface import Attribute, Interface


class IVoiceSession(Interface):
    """One conversation with the assistant, on one connection or several.  It is a Twisted
    ``MultiService``: what belongs to it ends with it."""

    session_id: str = Attribute("A UUID; it stands in every frame.")
    user_id: str = Attribute("Who talks, as it stands on the wire.")
    person: str | None = Attribute(
        "Canonical e-mail address, by which the rest of the house knows the same person; None for "
        "guests."
    )
    is_guest: bool = Attribute("Whether nobody vouches for who it is.")
    ended: bool = Attribute("Whether it is over.")

    def send(message: Any) -> int:
        """Send *message* to every connection; to how many."""

    def connection(peer: Any) -> Any:
        """The :class:`mentra.voice.connections.Connection` of *peer*."""


class IVoiceSessions(Interface):
    """All conversations of this process.  Adapt the services to it."""

    def get(session_id: str) -> Any:
        """The :class:`IVoiceSession` of that id, or None."""

    def all() -> Any:
        """All of them, a tuple, in order of their start."""

    def answering() -> bool:
        """Whether any of them is in the midst of an answer."""

    def opened(speaker: Any, peer: Any, wanted: str | None) -> Any:
        """A client is there: its session, joined or made; an awaitable.

        :param speaker: a :class:`mentra.identity.Speaker`.
        :param wanted: id of the session to join, if it is the same user's.
        :raises mentra.errors.Refused: code ``AUTH_INVALID`` or ``SESSION_CREATE_FAILED``.
        """

    def closed(session: Any, peer: Any) -> None:
        """*peer* is gone; the last one starts the session's grace."""

    def end(session: Any, reason: str) -> None:
        """End *session* now, and whatever belongs to it; its clients are told and closed."""


class IVoiceConnections(Interface):
    """All connections to the assistant, by id.  Adapt the services to it."""

    def get(connection_id: str) -> Any:
        """The :class:`mentra.voice.connections.Connection`, or None."""

    def of_session(session_id: str) -> Any:
        """Those of one session, a tuple."""

    def send(connection_id: str, message: Any) -> bool:
        """Send to one connection; False if it is not open, or not known."""

    def broadcast(session_id: str, message: Any) -> int:
        """Send to all connections of one session; to how many."""
