"""Providers of models: which can be used, and their credentials."""

from typing import Any

from mentra.errors import Refused
from mentra.extension import handler
from mentra.interfaces.messaging import IContext
from mentra.interfaces.opencode import IOpencode
from mentra.messages.opencode import AuthInfo, GetAuth, GetProviderStatus, ProviderStatus, SetAuth
from mentra.opencode.path import PATH


@handler(PATH, GetProviderStatus)
async def get_provider_status(message: GetProviderStatus, context: IContext) -> ProviderStatus:
    """Those with a credential that can serve."""
    found = await IOpencode(context.services).api.providers()
    return ProviderStatus(connected=found.connected)


@handler(PATH, SetAuth)
async def set_auth(message: SetAuth, context: IContext) -> None:
    """Have a credential remembered; it counts at once.

    :raises Refused: ``INVALID_REQUEST``: there is none, or it is empty.
    """
    bridge = IOpencode(context.services)
    body = body_of(message.auth)
    bridge.confidential.remember(*(value for value in body.values() if isinstance(value, str)))
    await bridge.api.set_auth(message.provider_id, body)


@handler(PATH, GetAuth)
async def get_auth(message: GetAuth, context: IContext) -> AuthInfo:
    """The credential that is remembered.

    :raises Refused: ``NOT_FOUND``, ``NOT_IMPLEMENTED``, ``PARSE_ERROR`` or ``INVALID_REQUEST``.
    """
    if not message.provider_id:
        raise Refused("INVALID_REQUEST", "provider_id is missing", where="app")
    found: AuthInfo = await IOpencode(context.services).credentials.find(message.provider_id)
    return found


def body_of(auth: AuthInfo | None) -> dict[str, Any]:
    """What the server is sent.

    :raises Refused: ``INVALID_REQUEST``.
    """
    if auth is not None and auth.api_key is not None:
        if not auth.api_key.key:
            raise Refused("INVALID_REQUEST", "the key is empty", where="app")
        return {"type": "api", "key": auth.api_key.key}
    if auth is not None and auth.oauth is not None:
        given = auth.oauth
        if not given.access_token or not given.refresh_token or given.expires_at < 0:
            sentence = "oauth needs access_token, refresh_token and expires_at, 0 or more"
            raise Refused("INVALID_REQUEST", sentence, where="app")
        return {
            "type": "oauth",
            "access": given.access_token,
            "refresh": given.refresh_token,
            "expires": given.expires_at,
        }
    raise Refused("INVALID_REQUEST", "auth is missing", where="app")
