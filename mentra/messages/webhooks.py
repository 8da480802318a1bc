"""What app servers are told over HTTP.  Source: docs/protocol."""

import msgspec


class SessionRequest(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="session_request"
):
    """Connect to this session: the body of a start webhook.

    :ivar session_id: ``<userId>-<packageName>``.
    :ivar timestamp: ISO 8601, UTC.
    :ivar mentraos_url: where to connect; sent under two names, for older SDKs read the other.
    """

    session_id: str = msgspec.field(name="sessionId")
    user_id: str = msgspec.field(name="userId")
    timestamp: str
    mentraos_url: str = msgspec.field(name="mentraOSWebsocketUrl")
    augmentos_url: str = msgspec.field(name="augmentOSWebsocketUrl")


class StopRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="stop_request"):
    """The session is over for this app: the body of a stop webhook."""

    session_id: str = msgspec.field(name="sessionId")
    user_id: str = msgspec.field(name="userId")
    reason: str
    timestamp: str
