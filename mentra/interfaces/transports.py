"""Other ways to the server than its sockets.  Adapt the services to them."""

from typing import Any

from zope.interface import Attribute, Interface


class IUdpPort(Interface):
    """Where datagrams with sound arrive."""

    def offer(session: Any) -> Any:
        """What the acknowledgement of *session*'s glasses says of it: fields of
        :class:`mentra.messages.session.ConnectionAck`, a dict; empty where there is none."""

    def register(user_hash: int, link: Any) -> bool:
        """Have datagrams with *user_hash* go to *link*, a :class:`mentra.interfaces.audio.IUdp`;
        False if they go to somebody else's, or nowhere."""

    def unregister(user_hash: int, link: Any) -> None:
        """No longer; only the link they go to counts."""

    def dropped(why: str) -> None:
        """A datagram was not taken; for the figures.

        :param why: one of few words.
        """

    port: int | None = Attribute("The UDP port it listens on, None where it does not.")


class ILivekit(Interface):
    """A LiveKit server that phones may send sound to."""

    def offer(session: Any) -> Any:
        """What the acknowledgement of *session*'s glasses says of it, as with
        :meth:`IUdpPort.offer`."""

    def grant(user_id: str, subscribe: bool = False) -> Any:
        """Where a user's room is and what opens it: ``url``, ``room``, ``identity`` and ``token``,
        a dict; None where none is configured.

        :param subscribe: whether they may hear as well as speak.
        """
