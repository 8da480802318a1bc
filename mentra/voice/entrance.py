"""The path of the voice assistant: everybody gets a socket, and is told there who may stay.

Source: docs/protocol/voice, "connecting".
"""

from typing import Any

import attrs
from twisted.plugin import IPlugin
from zope.interface import implementer

from mentra.errors import Dismissed, Refused
from mentra.extension import Admitted, Answer, Limits
from mentra.identity import Identity, Speaker
from mentra.interfaces.messaging import IContext, IPath, IUpgrade, IWindowed, IWorking
from mentra.interfaces.services import IAssistantTokens, IServices
from mentra.interfaces.voice import IVoiceSession, IVoiceSessions
from mentra.messages import Message
from mentra.messages.assistant import AuthError, AuthErrorData, CreatedData, SessionCreated
from mentra.voice.abilities import abilities
from mentra.voice.guests import PREFIX, guest_of
from mentra.voice.settings import VoiceSettings
from mentra.voice.speaking import error

TOKEN_PROTOCOL = "token."
"""What a subprotocol that is a token begins with: browsers can send no header."""

WINDOW = 10.0
"""Seconds over which messages are counted."""

FLOOD = 5
"""So many times the rate that is refused closes the connection."""


@attrs.frozen
class _Asked:
    """What came with the upgrade.

    :ivar who: the speaker, or why there is none.
    :ivar session_id: of the session to join.
    """

    who: Speaker | Refused
    session_id: str | None


@implementer(IPlugin, IPath, IWindowed, IWorking)
class VoicePath:
    """``/socket.io/``, which is no Socket.IO: old clients know the assistant by this address."""

    name = "voice"
    urls = ("/socket.io/", "/socket.io")
    dialect = "envelope"
    handshake: tuple[type[Message], ...] = ()

    def limits(self, services: IServices) -> Limits:
        """As configured in [voice]; signs of life are asked for in envelopes, not in pings."""
        settings = services.settings(VoiceSettings)
        return Limits(
            max_frame=settings.max_frame,
            max_queue=settings.max_queue,
            max_rate=settings.max_rate * FLOOD,
            max_waiting=64,
            pong_matters=False,
            window=(int(settings.max_rate * WINDOW), WINDOW),
        )

    def admit(self, upgrade: IUpgrade, services: IServices) -> Admitted:
        """Everybody, for a browser can read no answer to an upgrade; whether they may stay is
        looked at here and told in ``opened``."""
        who = _speaker(_token_of(upgrade), services)
        return Admitted(
            subprotocol=_chosen(upgrade.subprotocols),
            kept=_Asked(who, upgrade.query("sessionId")),
        )

    def opened(self, context: IContext) -> Any:
        """Let the client in, or tell it why not."""
        asked: _Asked = context.peer.admitted.kept
        if isinstance(asked.who, Refused):
            return _refuse(context, asked.who)
        return _enter(context, asked.who, asked.session_id)

    def premature(self, message: Message, context: IContext) -> Answer:
        """What comes from somebody who is not let in is not looked at."""
        return None

    def too_many(self, payload: bytes, retry_after: float, context: IContext) -> Answer:
        """Say so once; the rest of the window is passed over in silence."""
        session: Any = context.session
        if session is None:
            return None
        connection, now = session.connection(context.peer), context.services.clock.seconds()
        if not connection.is_to_be_told(now, retry_after):
            return None
        return error(session, "RATE_LIMITED", "Too many messages: say less, or more slowly")

    def working(self, services: IServices) -> bool:
        """While somebody is being answered."""
        return bool(IVoiceSessions(services).answering())

    def farewell(self, context: IContext) -> Answer:
        """The close frame says it all."""
        return None

    def closed(self, context: IContext, code: int, reason: str) -> None:
        """The session has one connection less."""
        session: Any = context.session
        if session is not None:
            IVoiceSessions(context.services).closed(session, context.peer)


voice_path = VoicePath()


def _token_of(upgrade: IUpgrade) -> str | None:
    """The token, from the first place that has one."""
    words = (upgrade.header("authorization") or "").split()
    bearer = words[1] if len(words) == 2 and words[0].lower() == "bearer" else None
    offered = (
        one.removeprefix(TOKEN_PROTOCOL)
        for one in upgrade.subprotocols
        if one.startswith(TOKEN_PROTOCOL)
    )
    return upgrade.query("token") or bearer or next(offered, None)


def _chosen(offered: tuple[str, ...]) -> str | None:
    """The subprotocol to answer with: a browser gives up without one of those that it offers."""
    plain = (one for one in offered if not one.startswith(TOKEN_PROTOCOL))
    return next(plain, offered[0] if offered else None)


def _speaker(token: str | None, services: IServices) -> Speaker | Refused:
    if not token:
        return Refused("AUTH_REQUIRED", "Authentication token required")
    settings = services.settings(VoiceSettings)
    try:
        if not token.startswith(PREFIX):
            speaker: Speaker = IAssistantTokens(services).verify(token)
            return speaker
        if not settings.guests:
            raise Refused("AUTH_INVALID", "Invalid authentication token")
        return guest_of(token, services.now(), settings.guest_lifetime)
    except Refused as refusal:
        return refusal


def _refuse(context: IContext, refusal: Refused) -> None:
    stamp = int(context.services.now() * 1000)
    context.peer.send(
        AuthError(data=AuthErrorData(code=refusal.code, message=refusal.message, timestamp=stamp))
    )
    context.peer.close(4001, refusal.message)


async def _enter(context: IContext, speaker: Speaker, wanted: str | None) -> None:
    sessions = IVoiceSessions(context.services)
    try:
        session = await sessions.opened(speaker, context.peer, wanted)
    except Refused as refusal:
        _refuse(context, refusal)
        return
    try:
        context.enter(session, Identity(speaker.user_id))
    except Dismissed:
        sessions.closed(session, context.peer)
        _refuse(context, Refused("SESSION_CREATE_FAILED", "Session creation failed"))
        return
    context.peer.send(_created(session, context.services))


def _created(session: IVoiceSession, services: IServices) -> SessionCreated:
    able = abilities(services)
    return SessionCreated(
        session_id=session.session_id,
        data=CreatedData(
            session_id=session.session_id,
            user_id=session.user_id,
            is_guest=session.is_guest,
            timestamp=int(services.now() * 1000),
            hears=able.hears,
            speaks=able.speaks,
            notice=able.notice,
        ),
    )
