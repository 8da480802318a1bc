"""What a handler is given besides the message."""

from typing import TYPE_CHECKING

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
