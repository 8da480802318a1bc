"""The path of the glasses: who may enter, the acknowledgement, and the way out."""

from collections.abc import Awaitable
from typing import Any

from twisted.plugin import IPlugin
from zope.interface import implementer

from mentra.errors import Denied, Dismissed, Refused
from mentra.events import GlassesAttached
from mentra.extension import Answer, Limits, handler
from mentra.glasses.session import GlassesSettings
from mentra.glasses.stream_names import PLAIN_LANGUAGE
from mentra.identity import Identity
from mentra.interfaces.glasses import IApps, IMicrophone, ISubscriptions
from mentra.interfaces.messaging import IContext, IPath, IUpgrade
from mentra.interfaces.services import IAuthRules, IServices, ITokens
from mentra.interfaces.session import ISessions, IUserSession
from mentra.interfaces.transports import ILivekit, IUdpPort
from mentra.messages import Message
from mentra.messages.session import ConnectionAck, ConnectionInit
from mentra.messages.stamps import iso

FIRST_MESSAGE_WITHIN = 5.0
"""Seconds for a client without a token to send it in its first message."""

TOKEN_TEXTS = {"NO_USER_ID": "Invalid core token - no user ID"}
NO_TOKEN = "No core token provided"
BAD_TOKEN = "Invalid core token"


@implementer(IPlugin, IPath)
class GlassesPath:
    """``/glasses-ws``.  The server speaks first: it does not wait for a message."""

    name = "glasses"
    urls = ("/glasses-ws", "/ws/client")
    dialect = "mentraos"
    handshake = (ConnectionInit,)

    def limits(self, services: IServices) -> Limits:
        """As configured in [glasses]."""
        settings = services.settings(GlassesSettings)
        return Limits(
            max_frame=settings.max_frame,
            max_queue=settings.max_queue,
            max_rate=settings.max_rate,
            max_waiting=settings.max_waiting,
            handshake_within=FIRST_MESSAGE_WITHIN,
        )

    def admit(self, upgrade: IUpgrade, services: IServices) -> Identity | None:
        """The user of the token in the ``Authorization`` header, or else in the query.

        :raises Denied: 401; the three texts are those that clients of the protocol know.
        """
        token = _token_of(upgrade)
        if token is None:
            if IAuthRules(services).first_message:
                return None
            raise _unauthorized(NO_TOKEN, services)
        try:
            return Identity(ITokens(services).verify_user(token), asked_for=_asked_for(upgrade))
        except Refused as refusal:
            raise _unauthorized(TOKEN_TEXTS.get(refusal.code, BAD_TOKEN), services) from refusal

    def opened(self, context: IContext) -> Any:
        """Acknowledge at once, if it is known who this is."""
        if context.peer.identity is None:
            return None
        return _enter(context, context.peer.identity)

    def premature(self, message: Message, context: IContext) -> Answer:
        """Without a token there is nothing to say but ``connection_init``."""
        raise Dismissed(1008, NO_TOKEN, code="INVALID_TOKEN", message=NO_TOKEN)

    def farewell(self, context: IContext) -> Answer:
        """The close frame says it all."""
        return None

    def closed(self, context: IContext, code: int, reason: str) -> None:
        """The session's grace begins, if this was its current socket."""
        if context.session is not None:
            ISessions(context.services).glasses_closed(context.session, context.peer)


glasses_path = GlassesPath()


@handler("glasses", ConnectionInit)
def connection_init(message: ConnectionInit, context: IContext) -> Any:
    """Acknowledge again; or, where configured, take the token of a client that had none yet."""
    if context.session is not None:
        return acknowledgement(context.session, context.services)
    if not message.core_token:
        raise Dismissed(1008, NO_TOKEN, code="INVALID_TOKEN", message=NO_TOKEN)
    try:
        user_id = ITokens(context.services).verify_user(message.core_token)
    except Refused as refusal:
        text = TOKEN_TEXTS.get(refusal.code, BAD_TOKEN)
        raise Dismissed(1008, text, code="INVALID_TOKEN", message=text) from refusal
    return _enter(context, Identity(user_id))


def acknowledgement(session: IUserSession, services: IServices) -> ConnectionAck:
    """``connection_ack``, with other ways for sound, and with what older phones read in
    ``userSession``."""
    apps = IApps(session, None)
    # where nobody asked for these yet there is nothing to tell, and many connect who never will
    subscriptions, microphone = session.built(ISubscriptions), session.built(IMicrophone)
    wanted = subscriptions.everyone() if subscriptions else {}
    ways: dict[str, Any] = {}
    for way in (IUdpPort(services, None), ILivekit(services, None)):
        ways |= way.offer(session) if way is not None else {}
    return ConnectionAck(
        **ways,
        session_id=session.user_id,
        user_session={
            "userId": session.user_id,
            "startTime": iso(session.started_at),
            "activeAppSessions": list(apps.running()) if apps else [],
            "loadingApps": list(apps.loading()) if apps else [],
            "appSubscriptions": {app: sorted(streams) for app, streams in wanted.items()},
            "requiresAudio": bool(microphone and microphone.is_on),
            "minimumTranscriptionLanguages": _languages(wanted),
            "isTranscribing": False,
        },
    )


def _enter(context: IContext, identity: Identity) -> Awaitable[None] | None:
    # when a network comes back everybody returns at the same moment: there is nothing to wait for
    session = ISessions(context.services).glasses_returned(identity.user_id, context.peer)
    if session is None:
        return _begin(context, identity)
    _welcome(context, session, identity)
    return None


async def _begin(context: IContext, identity: Identity) -> None:
    sessions = ISessions(context.services)
    try:
        session = await sessions.glasses_opened(identity.user_id, context.peer)
    except Refused as refusal:
        raise Dismissed(
            1013 if refusal.retryable else 1008,
            refusal.message,
            code="SESSION_ERROR",
            message=refusal.message,
        ) from refusal
    _welcome(context, session, identity)


def _welcome(context: IContext, session: IUserSession, identity: Identity) -> None:
    try:
        context.enter(session, identity)
    except Dismissed:
        ISessions(context.services).glasses_closed(session, context.peer)
        raise
    # before anything that the arrival sets going
    context.peer.send(acknowledgement(session, context.services))
    session.announce(GlassesAttached(reconnected=session.arrivals > 1))


def _token_of(upgrade: IUpgrade) -> str | None:
    words = (upgrade.header("authorization") or "").split()
    return words[1] if len(words) > 1 else upgrade.query("token") or None


def _asked_for(upgrade: IUpgrade) -> frozenset[str]:
    """What the glasses want besides being let in."""
    flags = {
        "livekit": "true" in (upgrade.query("livekit"), upgrade.header("livekit")),
        "udpEncryption": upgrade.query("udpEncryption") == "true",
    }
    return frozenset(flag for flag, is_set in flags.items() if is_set)


def _unauthorized(message: str, services: IServices) -> Denied:
    body: dict[str, object] = {
        "type": "connection_error",
        "message": message,
        "timestamp": iso(services.now()),
    }
    return Denied(401, body)


def _languages(wanted: dict[str, frozenset[str]]) -> list[str]:
    """Languages that somebody wants transcribed."""
    kinds = (one.partition("?")[0].partition(":") for streams in wanted.values() for one in streams)
    languages = (one for kind, _, one in kinds if kind == "transcription")
    return sorted({one or PLAIN_LANGUAGE for one in languages})
