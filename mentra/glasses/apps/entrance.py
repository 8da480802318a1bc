"""The path of the apps: two handshakes, and the way out.  Source: docs/protocol, "app socket"."""

import attrs
from twisted.logger import Logger
from twisted.plugin import IPlugin
from zope.interface import implementer

from mentra.errors import Denied, Dismissed, Refused
from mentra.extension import Answer, Limits, handler
from mentra.glasses.apps.settings import AppsSettings
from mentra.identity import Identity, canonical_user_id, user_of_app_session
from mentra.interfaces.glasses import IApps
from mentra.interfaces.messaging import IContext, IPath, IUpgrade
from mentra.interfaces.services import IPublicAddress, IServices, ITokens
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IAppStore
from mentra.messages import Fault, Message
from mentra.messages.session import AppConnectionInit, OwnershipRelease
from mentra.messages.stamps import iso

_log = Logger()


@attrs.frozen
class Claim(Identity):
    """Who an app says it is, in the headers of its upgrade; its key is yet to be looked at."""

    api_key: str = attrs.field(default="", repr=False)


@implementer(IPlugin, IPath)
class AppPath:
    """``/app-ws``.  An app proves its key in its first frame, or with a token in its headers."""

    name = "app"
    urls = ("/app-ws", "/ws/miniapp")
    dialect = "mentraos"
    handshake = (AppConnectionInit,)

    def limits(self, services: IServices) -> Limits:
        """As configured in [apps].  An app's missing pong is no reason to close."""
        settings: AppsSettings = services.settings(AppsSettings)
        return Limits(
            max_frame=settings.max_frame,
            max_queue=settings.max_queue,
            max_rate=settings.max_rate,
            max_waiting=settings.max_waiting,
            handshake_within=settings.connect_timeout,
            pong_matters=False,
        )

    def admit(self, upgrade: IUpgrade, services: IServices) -> Identity | None:
        """What the headers claim; None without an ``Authorization`` header.

        :raises Denied: 401: the token is bad, or does not say whose session is meant.
        """
        written = upgrade.header("authorization")
        if written is None:
            return None
        user_id = canonical_user_id(upgrade.header("x-user-id") or "")
        try:
            package_name, api_key = ITokens(services).verify_app(_bearer(written))
        except Refused as refusal:
            raise _unauthorized("JWT_INVALID", "Invalid token", services) from refusal
        if upgrade.header("x-package-name") not in (None, package_name):
            raise _unauthorized("JWT_INVALID", "The token is another package's", services)
        if not user_id:
            raise _unauthorized("MISSING_HEADERS", "Missing header x-user-id", services)
        return Claim(user_id, package_name, api_key)

    def opened(self, context: IContext) -> None:
        """Who came with a token need not say anything.

        :raises Dismissed: the handshake failed.
        """
        claim = context.peer.identity
        if isinstance(claim, Claim):
            _enter(context, claim)

    def premature(self, message: Message, context: IContext) -> Answer:
        """Nothing can be asked of no session; the handshake may still come."""
        return Fault(
            code="SESSION_NOT_FOUND",
            message="Session not found",
            where="app",
            retryable=False,
            correlation_id=context.correlation_id,
        )

    def farewell(self, context: IContext) -> Answer:
        """The close frame says it all: the app is to try again, so nothing tells it to stop."""
        return None

    def closed(self, context: IContext, code: int, reason: str) -> None:
        """The app is away, unless it had another socket already."""
        session, identity = context.session, context.peer.identity
        if session is not None and not session.ending:
            IApps(session).detach(identity.package_name, context.peer)


app_path = AppPath()


@handler("app", AppConnectionInit)
def app_connection_init(message: AppConnectionInit, context: IContext) -> None:
    """Let an app in.  On a socket that has been let in it only asks for another acknowledgement:
    what it says of ids and keys then is ignored.

    :raises Dismissed: the handshake failed.
    """
    if context.session is not None:
        IApps(context.session).attach(context.peer.identity.package_name, context.peer)
        return
    user_id = user_of_app_session(message.session_id, message.package_name)
    if user_id is None:
        raise Dismissed(1008, "Invalid session ID format")
    _enter(context, Claim(user_id, message.package_name, message.api_key))


@handler("app", OwnershipRelease)
def ownership_release(message: OwnershipRelease, context: IContext) -> None:
    """The close to come is meant."""
    package_name = context.peer.identity.package_name
    IApps(context.session).release(package_name, context.peer, message.reason)


def _enter(context: IContext, claim: Claim) -> None:
    try:
        _admitted(context, claim)
    except Dismissed:
        raise
    except Exception as problem:
        _log.failure("the handshake of {package} failed", package=claim.package_name)
        text = "Internal server error"
        raise Dismissed(1011, text, code="INTERNAL_ERROR", message=text) from problem


def _admitted(context: IContext, claim: Claim) -> None:
    package_name = claim.package_name or ""
    session = ISessions(context.services).get(claim.user_id)
    if session is None:
        raise Dismissed(1008, "Session not found", code="SESSION_NOT_FOUND")
    if session.ending:
        raise Dismissed(1008, "Session ended")
    if not _is_proved(context, package_name, claim.api_key):
        IApps(session).key_refused(package_name)
        raise Dismissed(1008, "Invalid API key", code="INVALID_API_KEY")
    context.enter(session, Identity(claim.user_id, package_name))
    IApps(session).attach(package_name, context.peer)


def _is_proved(context: IContext, package_name: str, api_key: str) -> bool:
    store = IAppStore(context.services)
    if not store.key_is_valid(package_name, api_key):
        return False
    app = store.get(package_name)
    if app is not None and app.system:
        # besides the key, never instead of it
        address = context.peer.address
        if not IPublicAddress(context.services).is_system_address(address):
            _log.warn("{package} is a system app, and {address} is in no system network",
                      package=package_name, address=address)  # fmt: skip
            return False
    return True


def _bearer(written: str) -> str:
    scheme, _, token = written.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _unauthorized(code: str, message: str, services: IServices) -> Denied:
    body: dict[str, object] = {
        "type": "tpa_connection_error",
        "code": code,
        "message": message,
        "timestamp": iso(services.now()),
    }
    return Denied(401, body)
