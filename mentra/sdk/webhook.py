"""What the cloud posts to an app's server.  Source: docs/protocol."""

import msgspec


class SessionRequest(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag="session_request",
    tag_field="type",
    rename="camel",
):
    """A user starts the app: connect.

    :ivar session_id: ``<userId>-<packageName>``.
    """

    session_id: str
    user_id: str
    mentraos_url: str | None = msgspec.field(default=None, name="mentraOSWebsocketUrl")
    augmentos_url: str | None = msgspec.field(default=None, name="augmentOSWebsocketUrl")

    @property
    def url(self) -> str:
        """Where to connect; older clouds know only the older name; empty if neither is there."""
        return self.mentraos_url or self.augmentos_url or ""


class StopRequest(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag="stop_request",
    tag_field="type",
    rename="camel",
):
    """A user stops the app.

    :ivar reason: e.g. ``user_disabled``.
    """

    session_id: str
    user_id: str = ""
    reason: str = ""


class SettingsPost(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A user changed the app's settings: all of them, as they are now."""

    user_id_for_settings: str
    settings: list[dict[str, object]]


requests = msgspec.json.Decoder(SessionRequest | StopRequest)
settings_posts = msgspec.json.Decoder(SettingsPost)
