"""Rooms of a LiveKit server for phones that send their sound there.

Only what opens the room is made here; a bridge (its identity in the room is
``cloud-agent:<userId>``) would have to bring the sound back.  Source: docs/protocol/glasses,
"LiveKit".
"""

from typing import Annotated, Any

import jwt
import msgspec
from msgspec import Meta
from zope.interface import implementer

from mentra.errors import ConfigError, Denied
from mentra.extension import Access, ComponentFactory, ConfigSection, Section, handler, route
from mentra.interfaces.messaging import IContext
from mentra.interfaces.services import ISecretFiles, IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.transports import ILivekit
from mentra.interfaces.web import ICall
from mentra.messages.transports import LivekitInfo, LivekitInit


class LivekitSettings(Section, frozen=True, kw_only=True):
    """[livekit]: a LiveKit server for phones to send sound to; none without a url."""

    url: Annotated[str, Meta(description="Where phones reach it, e.g. wss://livekit.example.")] = ""
    api_key: Annotated[str, Meta(description="Name of the key that tokens are made with.")] = ""
    api_secret_file: Annotated[
        str,
        Meta(description="File with the key's secret, readable by its owner alone."),
    ] = ""
    api_secret: Annotated[
        str,
        Meta(
            description="The secret itself, where the environment has it.", extra={"secret": True}
        ),
    ] = ""
    token_lifetime: Annotated[
        float, Meta(gt=0, le=86_400, description="Seconds that a token opens a room.")
    ] = 300.0


livekit_section = ConfigSection("livekit", LivekitSettings)


@implementer(ILivekit)
class Livekit:
    """Makes tokens.

    :raises ConfigError: there is a url, but no key or no secret.
    """

    def __init__(self, services: IServices) -> None:
        self._settings: LivekitSettings = services.settings(LivekitSettings)
        self._secret = _secret(self._settings, services)
        self._now = services.now

    def grant(self, user_id: str, subscribe: bool = False) -> dict[str, str] | None:
        """Where the user's room is and what opens it; the room is named after them."""
        settings = self._settings
        if not settings.url:
            return None
        now = int(self._now())
        claims = {
            "iss": settings.api_key,
            "sub": user_id,
            "nbf": now,
            "exp": now + int(settings.token_lifetime),
            "video": {
                "room": user_id,
                "roomJoin": True,
                "canPublish": True,
                "canSubscribe": subscribe,
            },
        }
        token = jwt.encode(claims, self._secret, algorithm="HS256")
        return {"url": settings.url, "room": user_id, "identity": user_id, "token": token}

    def offer(self, session: IUserSession) -> dict[str, Any]:
        """What an acknowledgement says of it, if the glasses asked."""
        glasses = session.glasses
        if glasses is None or not glasses.identity or "livekit" not in glasses.identity.asked_for:
            return {}
        grant = self.grant(session.user_id)
        if grant is None:
            return {}
        return {
            "livekit": {"url": grant["url"], "roomName": grant["room"], "token": grant["token"]}
        }


def _secret(settings: LivekitSettings, services: IServices) -> str:
    secret = settings.api_secret
    if settings.url and not secret and settings.api_secret_file:
        secret = ISecretFiles(services).read(settings.api_secret_file, "LiveKit's API secret")
    if settings.url and not (settings.api_key and secret):
        raise ConfigError(
            "[livekit] url is set, which takes api_key and api_secret_file besides, or "
            "LIVEKIT_API_KEY and LIVEKIT_API_SECRET"
        )
    return secret


livekit = ComponentFactory(ILivekit, Livekit)


@handler("glasses", LivekitInit)
def livekit_init(message: LivekitInit, context: IContext) -> LivekitInfo | None:
    """Open a room, if there is one."""
    subscribe = message.mode == "subscribe"
    grant = ILivekit(context.services).grant(context.session.user_id, subscribe)
    if grant is None:
        return None
    return LivekitInfo(url=grant["url"], room_name=grant["room"], token=grant["token"])


class LivekitGrant(msgspec.Struct, frozen=True, kw_only=True):
    """Where a room is.

    :ivar token: opens it for five minutes.
    """

    url: str
    token: str
    room: str
    identity: str


class LivekitAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An opened room."""

    data: LivekitGrant
    success: bool = True


@route(
    "GET",
    "/api/client/livekit/token",
    access=Access.USER,
    answer=LivekitAnswer,
    errors={501: "No LiveKit server is configured."},
)
def livekit_token(call: ICall) -> LivekitAnswer:
    """What opens the caller's room on the LiveKit server."""
    grant = ILivekit(call.services).grant(call.user_id or "")
    if grant is None:
        raise Denied(501, {"success": False, "error": "LiveKit is not configured on this server"})
    return LivekitAnswer(data=LivekitGrant(**grant))
