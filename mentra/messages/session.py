"""Connection handshakes and liveness.  Source: docs/protocol."""

from typing import Any, ClassVar

from mentra.messages import GivesWay, Message


class ConnectionInit(Message, frozen=True, kw_only=True, tag="connection_init"):
    """First frame of older phones.

    :ivar core_token: the user's token, if it was not in the upgrade.
    """

    core_token: str | None = None


class ConnectionAck(Message, frozen=True, kw_only=True, tag="connection_ack"):
    """The glasses' session stands.

    :ivar session_id: the user id.
    :ivar udp_host: where sound may be sent in datagrams; with ``udp_port``.
    :ivar udp_encryption: ``key`` (base64) and ``algorithm``, if datagrams are encrypted.
    :ivar livekit: ``url``, ``roomName`` and ``token``.
    :ivar user_session: what older phones read: running apps, subscriptions.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    session_id: str
    env: str | None = None
    udp_host: str | None = None
    udp_port: int | None = None
    udp_encryption: dict[str, str] | None = None
    livekit: dict[str, str] | None = None
    user_session: dict[str, Any]


class AppConnectionInit(Message, frozen=True, kw_only=True, tag="tpa_connection_init"):
    """An app's handshake: the first frame of every ``@mentra/sdk`` session.

    :ivar session_id: ``<userId>-<packageName>``.
    :ivar api_key: the app's key in the clear.
    """

    session_id: str
    package_name: str
    api_key: str


class AppConnectionAck(Message, frozen=True, kw_only=True, tag="tpa_connection_ack"):
    """An app may begin.

    :ivar settings: one entry per declared setting, each with its ``value``.
    :ivar mentraos_settings: the user's settings; sent twice, for older SDKs look elsewhere.
    :ivar capabilities: profile of the connected glasses, or None.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    session_id: str
    settings: list[dict[str, Any]]
    mentraos_settings: dict[str, Any]
    augmentos_settings: dict[str, Any]
    config: dict[str, Any] | None = None
    capabilities: dict[str, Any] | None


class Ping(Message, frozen=True, kw_only=True, tag="ping"):
    """Application-level ping, answered by ``pong``."""


class Pong(Message, frozen=True, kw_only=True, tag="pong"):
    """Answer to ``ping``."""

    sent_to: ClassVar[tuple[str, ...]] = ("glasses", "app")
    gives_way: ClassVar[GivesWay] = GivesWay.KEEP_NEWEST


class KeepAlive(Message, frozen=True, kw_only=True, tag="keep_alive"):
    """Generic keep-alive from glasses."""


class KeepAliveAck(Message, frozen=True, kw_only=True, tag="keep_alive_ack"):
    """Answer to ``keep_alive``."""

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    gives_way: ClassVar[GivesWay] = GivesWay.KEEP_NEWEST
    session_id: str


class OwnershipRelease(Message, frozen=True, kw_only=True, tag="ownership_release"):
    """The app's next close is meant: neither grace nor restart.

    :ivar reason: ``switching_clouds``, ``clean_shutdown``, ``user_logout``, or any text.
    """

    reason: str = ""
