"""The user's and the apps' settings.  Source: docs/protocol/settings.rst."""

from typing import Any, ClassVar

import msgspec

from mentra.messages import GivesWay, Message, Relayed


class RequestSettings(Message, frozen=True, kw_only=True, tag="request_settings"):
    """An older phone asks for the user's settings."""


class UserSettings(Message, frozen=True, kw_only=True, tag="settings_update"):
    """The user's settings, for an older phone."""

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    session_id: str
    settings: dict[str, Any]


class SettingsUpdateRequest(Relayed, frozen=True, kw_only=True, tag="settings_update_request"):
    """An older phone changes the user's settings.

    :ivar settings: what to change; without it the fields beside it count.
    """

    settings: dict[str, Any] | None = None


class SettingsChanged(Message, frozen=True, kw_only=True, tag="settings_update"):
    """The answer to ``settings_update_request``.

    :ivar settings: all of them.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    success: bool = msgspec.field(default_factory=lambda: True)
    message: str
    settings: dict[str, Any]


class SettingsNotChanged(Message, frozen=True, kw_only=True, tag="augmentos_settings_update_error"):
    """The other answer."""

    sent_to: ClassVar[tuple[str, ...]] = ("glasses",)
    message: str


class CoreStatusUpdate(Relayed, frozen=True, kw_only=True, tag="core_status_update"):
    """An older phone reports everything about itself.

    :ivar status: an object, or one as JSON text; some phones wrap it in another ``status``.
    """

    status: Any = None


class AppSettingsUpdate(Message, frozen=True, kw_only=True, tag="settings_update"):
    """The user's settings of an app are different now.

    :ivar settings: all of them, resolved.
    """

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    package_name: str
    session_id: str
    settings: list[dict[str, Any]]


class MentraosSettingsUpdate(Message, frozen=True, kw_only=True, tag="augmentos_settings_update"):
    """Tells an app the user's settings, always all of them: SDKs take a missing key for removed."""

    sent_to: ClassVar[tuple[str, ...]] = ("app",)
    gives_way: ClassVar[GivesWay] = GivesWay.KEEP_NEWEST
    session_id: str
    settings: dict[str, Any]
