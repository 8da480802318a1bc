"""What a handler is given besides the message."""

from typing import TYPE_CHECKING, Any

import attrs
from zope.interface import implementer

from mentra.identity import Identity
from mentra.interfaces.messaging import IContext
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession

if TYPE_CHECKING:
    from mentra.wire.peer import Peer


@implementer(IContext)
@attrs.define(eq=False)
class Context:
    """One per peer.

    :ivar number: how many of its messages have been handled, the current one included.
    """

    peer: "Peer"
    services: IServices
    session: IUserSession | None = None
    number: int = 0
    request_id: None = None

    @property
    def correlation_id(self) -> str:
        """The peer's id and the number of the message that is being handled."""
        return f"{self.peer.peer_id}.{self.number}"

    def enter(self, session: IUserSession, identity: Identity) -> None:
        """The handshake is done.

        :raises mentra.errors.Dismissed: the user has too many connections.
        """
        self.peer.entered(identity)
        self.session = session


@implementer(IContext)
class RequestContext:
    """One per request, where requests of one peer run side by side.

    :param whole: the peer's.
    """

    __slots__ = ("_number", "_whole", "request_id")

    def __init__(self, whole: Context, request_id: Any) -> None:
        self._whole = whole
        self._number = whole.number
        self.request_id = request_id

    @property
    def peer(self) -> "Peer":
        """The connection."""
        return self._whole.peer

    @property
    def services(self) -> IServices:
        """What the house offers."""
        return self._whole.services

    @property
    def session(self) -> IUserSession | None:
        """The peer's, as it is now."""
        return self._whole.session

    @property
    def correlation_id(self) -> str:
        """The peer's id and the number of the request."""
        return f"{self.peer.peer_id}.{self._number}"

    def enter(self, session: IUserSession, identity: Identity) -> None:
        """The handshake is done.

        :raises mentra.errors.Dismissed: the user has too many connections.
        """
        self._whole.enter(session, identity)
