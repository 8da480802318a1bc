"""The user's and the apps' settings.  Source: docs/protocol."""

from typing import Any

from mentra.messages import Message


class RequestSettings(Message, frozen=True, kw_only=True, tag="request_settings"):
    """An older phone asks for the user's settings."""


class UserSettings(Message, frozen=True, kw_only=True, tag="settings_update"):
    """The user's settings, for an older phone."""

    session_id: str
    settings: dict[str, Any]
