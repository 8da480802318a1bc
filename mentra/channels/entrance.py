"""The path of browser channels: who may come in, and what is said at the door."""

import hmac
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.plugin import IPlugin
from zope.interface import implementer

from mentra.channels.section import ChannelsSettings
from mentra.errors import ConfigError, Denied, Dismissed, Refused
from mentra.extension import Answer, ComponentFactory, Door, Limits, Places, handler
from mentra.identity import Identity, canonical_user_id
from mentra.interfaces.channels import IChannelDoor, IChannels
from mentra.interfaces.messaging import IContext, IPath, IPlaces, IUpgrade, IWindowed
from mentra.interfaces.services import IAuthRules, ISecretFiles, IServices, ITokens
from mentra.interfaces.stores import IUserStore
from mentra.messages import Fault, Message, Unknown
from mentra.messages.channels import (
    PATH,
    RATE_LIMITED,
    SYSTEM,
    UNAUTHORIZED,
    UNKNOWN_CHANNEL,
    Connected,
    Problem,
    Reason,
    Reply,
    Response,
    ServerConnected,
    ServerShutdown,
    SystemAuth,
)
from mentra.messages.channels.frames import names_in
from mentra.origins import may_come

PORTS = 10
"""Ports that are tried, one after another."""

TOKEN_WITHIN = 30.0
"""Seconds for a page to show its token."""

WRONG_TOKEN = 4001
"""The close code that tells a page not to come back with the same token."""

NOBODY = Identity("")
"""Whoever came with a wrong token in the URL: a page cannot see how an upgrade was refused."""

OVER = 20
"""How many times the allowed rate is answered; whoever sends more is closed with 1008."""


@implementer(IChannelDoor)
class ChannelDoor:
    """Knows the token of the port that channels have of their own.

    :raises ConfigError: others could reach it without one, or the file cannot be read.
    """

    def __init__(self, services: IServices) -> None:
        settings = services.settings(ChannelsSettings)
        self.user_id = canonical_user_id(settings.user)
        self._token: bytes | None = None
        if settings.token_file:
            text = ISecretFiles(services).read(settings.token_file, "[channels] token_file")
            self._token = text.encode()
        elif settings.own_port and not settings.is_near:
            raise ConfigError(
                f"[channels] host = {settings.host!r} can be reached from other machines: "
                "set [channels] token_file to a file with a token"
            )
        self.port: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether anybody may come."""
        return self._token is None

    def fits(self, token: str) -> bool:
        """Whether this is the token."""
        return self._token is None or hmac.compare_digest(
            token.encode("utf-8", "replace"), self._token
        )


channel_door = ComponentFactory(IChannelDoor, ChannelDoor)


@implementer(IPlugin, IPath, IPlaces, IWindowed)
class ChannelsPath:
    """A port of their own, and ``/channels`` of the server's.  The server speaks first."""

    name = PATH
    urls = ("/channels",)
    dialect = "channels"
    handshake = (SystemAuth,)

    _log = Logger()

    def limits(self, services: IServices) -> Limits:
        """As configured in [channels]."""
        settings = services.settings(ChannelsSettings)
        return Limits(
            max_frame=settings.max_frame,
            max_queue=settings.max_queue,
            max_rate=OVER * settings.rate / settings.rate_window,
            max_waiting=settings.max_waiting,
            handshake_within=TOKEN_WITHIN,
            # the answers to pings keep a quiet page connected, but none is owed
            pong_matters=False,
            side_by_side=settings.side_by_side,
            window=(settings.rate, settings.rate_window),
            counts_users=False,
        )

    def places(self, services: IServices) -> Places:
        """As configured in [channels]."""
        settings = services.settings(ChannelsSettings)
        IChannelDoor(services)
        door = Door(
            setting="[channels] port",
            port=settings.port,
            tries=PORTS if settings.port else 1,
            hosts=settings.hosts,
            loopback_only=settings.is_near,
        )
        return Places(
            urls=self.urls if settings.main_port else (),
            door=door if settings.own_port else None,
        )

    def listening(self, port: int, services: IServices) -> None:
        """Its own port is open."""
        IChannelDoor(services).port = port

    def admit(self, upgrade: IUpgrade, services: IServices) -> Identity | None:
        """Whose page it is, by the token in the URL (at the server's port in the header as well);
        None: its first request will tell.

        :raises Denied: 403, a page of a web site that is not on the list.
        """
        self._look_at_origin(upgrade, services)
        token = upgrade.query("token") or None
        if upgrade.at_door:
            door = IChannelDoor(services)
            if door.is_open:
                return Identity(door.user_id)
        else:
            token = _bearer(upgrade) or token
        if token is None:
            return None
        return _identity_of(token, upgrade.at_door, services) or NOBODY

    def opened(self, context: IContext) -> Answer:
        """Say who the server thinks this is, and let in whoever may come."""
        identity = context.peer.identity
        channels: Any = IChannels(context.services)
        client = channels.opened(context.peer)
        now = int(context.services.now() * 1000)
        hello = ServerConnected(payload=Connected(client_id=client.client_id, server_time=now))
        context.peer.send(hello)
        if identity is NOBODY:
            raise Dismissed(WRONG_TOKEN, "wrong token", code=UNAUTHORIZED)
        if identity is not None:
            self.enter(context, identity)
        return None

    def enter(self, context: IContext, identity: Identity) -> None:
        """Let a page in."""
        channels: Any = IChannels(context.services)
        client = channels.stranger(context.peer)
        self._remember(identity.user_id, context.services)
        context.enter(client, identity)
        channels.let_in(client, identity.user_id)

    def premature(self, message: Message, context: IContext) -> Answer:
        """Without a token there is nothing to say but ``system:auth``."""
        return Fault(
            code=UNAUTHORIZED,
            message="show the token first: ?token= in the URL, or a request on system:auth",
            where="cloud",
            retryable=False,
        )

    def too_many(self, payload: bytes, retry_after: float, context: IContext) -> Answer:
        """A frame that came too soon is answered, and not run."""
        details: dict[str, Any] = {"retryAfterMs": max(1, round(retry_after * 1000))}
        request_id, _ = names_in(payload)
        if request_id is not None:
            details["requestId"] = request_id
        return Response(
            id=RATE_LIMITED.lower(),
            channel=SYSTEM,
            error=Problem(code=RATE_LIMITED, message="Too many requests", details=details),
            timestamp=int(context.services.now() * 1000),
        )

    def farewell(self, context: IContext) -> Answer:
        """The server stops."""
        return ServerShutdown(payload=Reason(reason="Server stopping"))

    def closed(self, context: IContext, code: int, reason: str) -> None:
        """The page is gone."""
        channels: Any = IChannels(context.services)
        channels.closed(context.peer)

    def _look_at_origin(self, upgrade: IUpgrade, services: IServices) -> None:
        origin = upgrade.header("origin")
        if may_come(origin, services.settings(ChannelsSettings).origins):
            return
        # the server's own pages; at a port without a token a name that was made to mean this
        # machine would pass for one
        if not upgrade.at_door and urlsplit(origin or "").netloc == upgrade.header("host"):
            return
        message = "pages of this site may not connect; see [channels] origins"
        raise Denied(403, {"error": "Forbidden", "message": message})

    def _remember(self, user_id: str, services: IServices) -> None:
        """See that what they keep has an owner."""
        door = IChannelDoor(services)
        if user_id != door.user_id and not IAuthRules(services).create_users:
            return
        # writes of one person keep their order, so this comes before any of this page's
        known: Deferred[Any] = IUserStore(services).create(user_id)
        known.addErrback(lambda failure: self._log.failure("no user for a page", failure))


channels_path = ChannelsPath()


@handler(PATH, SystemAuth)
def system_auth(message: SystemAuth, context: IContext) -> Answer:
    """Let the page in, or send it away."""
    if context.session is not None:
        return Reply(payload=True)
    at_door = context.peer.at_door
    identity = _identity_of(message.token, at_door, context.services)
    if identity is None:
        refusal = Problem(code=UNAUTHORIZED, message="wrong token")
        context.peer.send(
            Response(
                id=context.request_id,
                channel=SystemAuth.tag(),
                error=refusal,
                timestamp=int(context.services.now() * 1000),
            )
        )
        raise Dismissed(WRONG_TOKEN, "wrong token")
    channels_path.enter(context, identity)
    return Reply(payload=True)


@handler(PATH, Unknown)
def unknown_channel(message: Unknown, context: IContext) -> Answer:
    """Nobody handles it."""
    return Fault(
        code=UNKNOWN_CHANNEL,
        message=f"No handler for: {message.type_name}",
        where="cloud",
        retryable=False,
    )


def _identity_of(token: str, at_door: bool, services: IServices) -> Identity | None:
    """Whose token it is; None: nobody's."""
    if at_door:
        door = IChannelDoor(services)
        return Identity(door.user_id) if door.fits(token) else None
    try:
        return Identity(ITokens(services).verify_user(token))
    except Refused:
        return None


def _bearer(upgrade: IUpgrade) -> str | None:
    scheme, _, token = (upgrade.header("authorization") or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
