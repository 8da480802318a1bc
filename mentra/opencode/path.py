"""The bridge's path: who may come to its port, and the handshake.

Source: docs/protocol/opencode, "The handshake".
"""

from typing import Any

from twisted.plugin import IPlugin
from zope.interface import implementer

from mentra.errors import Denied, Dismissed, Refused
from mentra.extension import Answer, Door, Limits, Places, handler
from mentra.identity import Identity
from mentra.interfaces.messaging import IContext, IPath, IPlaces, IUpgrade
from mentra.interfaces.opencode import IOpencode
from mentra.interfaces.services import IServices
from mentra.messages import Message, Unknown
from mentra.messages.opencode import (
    Addressed,
    AuthHandshake,
    AuthHandshakeResponse,
    BrokenFrame,
    ErrorResponse,
    TextFrame,
)
from mentra.opencode.client import Client
from mentra.opencode.settings import OpencodeSettings
from mentra.origins import may_come

PATH = "opencode"

TRIES = 10
"""Ports that are tried, one after another."""

MAX_FRAME = 16_777_216
"""Bytes of a request."""

MAX_QUEUE = 67_108_864
"""Bytes that wait for a client that does not read; one answer may have 16 MiB and more."""

SIDE_BY_SIDE = 200
"""Requests of one client at a time, runs among them."""


@implementer(IPlugin, IPath, IPlaces)
class OpencodePath:
    """Programs on this machine, each with the token."""

    name = PATH
    urls = ("/",)
    dialect = "protobuf"
    handshake = (AuthHandshake,)

    def limits(self, services: IServices) -> Limits:
        """Wide enough for a person's programs, and not for one that has gone wild."""
        return Limits(
            MAX_FRAME,
            MAX_QUEUE,
            max_rate=1000.0,
            max_waiting=200,
            handshake_within=10.0,
            pong_matters=False,
            side_by_side=SIDE_BY_SIDE,
            counts_users=False,
        )

    def places(self, services: IServices) -> Places:
        """A port of its own, if it is enabled; never any but this machine's."""
        settings: OpencodeSettings = services.settings(OpencodeSettings)
        if not settings.enabled:
            return Places()
        # it is there before its first client, and says so if it is configured wrongly
        IOpencode(services)
        tries = TRIES if settings.port else 1
        return Places(door=Door(setting="[opencode] port", port=settings.port, tries=tries))

    def listening(self, port: int, services: IServices) -> None:
        """Hand it out."""
        IOpencode(services).listening(port)

    def admit(self, upgrade: IUpgrade, services: IServices) -> Identity | None:
        """Any program; of web pages those of this machine and of configured origins.

        :raises Denied: 403.
        """
        settings: OpencodeSettings = services.settings(OpencodeSettings)
        if not may_come(upgrade.header("origin"), settings.origins):
            raise Denied(403, {"error": "web pages of this origin may not connect"})
        return None

    def opened(self, context: IContext) -> Answer:
        """The client has the first word."""
        return None

    def premature(self, message: Message, context: IContext) -> Answer:
        """The handshake comes first.

        :raises Dismissed: 1003, 1007 or 1008.
        """
        if isinstance(message, TextFrame):
            raise Dismissed(1003, "binary frames only")
        if isinstance(message, BrokenFrame):
            raise Dismissed(1007, "not a ClientMessage")
        raise _turned_away(context, "the first message must be auth_handshake")

    def farewell(self, context: IContext) -> Answer:
        """The close frame says it."""
        return None

    def closed(self, context: IContext, code: int, reason: str) -> None:
        """What it had going is cancelled with its requests."""


opencode_path = OpencodePath()


@handler(PATH, AuthHandshake)
def auth_handshake(message: AuthHandshake, context: IContext) -> AuthHandshakeResponse:
    """Whoever has the token is in.

    :raises Dismissed: 1008: it is not the token.
    :raises Refused: ``UNKNOWN_REQUEST``: once is enough.
    """
    if context.session is not None:
        raise Refused("UNKNOWN_REQUEST", "the handshake is done already", where="app")
    if not IOpencode(context.services).is_token(message.token):
        raise _turned_away(context, "Invalid token")
    context.enter(Client(), Identity(context.peer.peer_id))
    return AuthHandshakeResponse(success=True)


@handler(PATH, Unknown)
def unknown_request(message: Unknown, context: IContext) -> Answer:
    """A payload that nobody handles, or none.

    :raises Refused: ``UNKNOWN_REQUEST``.
    """
    raise Refused("UNKNOWN_REQUEST", f"no such request: {message.type_name[:100]}", where="app")


@handler(PATH, TextFrame)
def text_frame(message: TextFrame, context: IContext) -> Answer:
    """There is no text here.

    :raises Dismissed: 1003.
    """
    raise Dismissed(1003, "binary frames only")


@handler(PATH, BrokenFrame)
def broken_frame(message: BrokenFrame, context: IContext) -> ErrorResponse:
    """It answers no request, for there is none."""
    return ErrorResponse(code="INVALID_REQUEST", message="these bytes are no ClientMessage")


def _turned_away(context: Any, why: str) -> Dismissed:
    """Tell the client *why*; what to raise then."""
    answer = AuthHandshakeResponse(success=False, error=why)
    context.peer.send(Addressed(request_id=context.request_id or 0, payload=answer))
    return Dismissed(1008, why)
