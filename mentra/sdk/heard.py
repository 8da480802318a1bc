"""What an app hears from the cloud.  Source: docs/protocol.

Read leniently: clouds differ in what they send, an app goes on with what there is.
"""

from typing import Any

import msgspec

from mentra.messages import Message
from mentra.messages.apps import AppStopped
from mentra.messages.speaker import AudioPlayResponse, AudioStreamReady
from mentra.sdk.frames import Vocabulary


class Acknowledged(Message, frozen=True, kw_only=True, tag="tpa_connection_ack"):
    """The app may begin.

    :ivar settings: one entry per setting.
    :ivar augmentos_settings: what older clouds send in place of ``mentraos_settings``.
    """

    settings: tuple[dict[str, Any], ...] = ()
    mentraos_settings: dict[str, Any] | None = None
    augmentos_settings: dict[str, Any] | None = None
    capabilities: dict[str, Any] | None = None


class ConnectionProblem(Message, frozen=True, kw_only=True, tag="tpa_connection_error"):
    """Something the app asked for was refused."""

    code: str | None = None
    message: str = ""


class Stream(Message, frozen=True, kw_only=True, tag="data_stream"):
    """One event of a stream.

    :ivar stream_type: character for character what the app subscribed with.
    :ivar data: the event, JSON.
    """

    stream_type: str
    data: msgspec.Raw = msgspec.Raw(b"null")


class SettingsChanged(Message, frozen=True, kw_only=True, tag="settings_update"):
    """The app's settings, all of them."""

    settings: tuple[dict[str, Any], ...]


class UserSettingsChanged(Message, frozen=True, kw_only=True, tag="augmentos_settings_update"):
    """The user's own settings."""

    settings: dict[str, Any]


class DeviceState(Message, frozen=True, kw_only=True, tag="device_state_update"):
    """What is new about the glasses; everything if it is a full snapshot."""

    state: dict[str, Any]
    full_snapshot: bool = False


class Capabilities(Message, frozen=True, kw_only=True, tag="capabilities_update"):
    """What the glasses can do; None when nobody knows."""

    capabilities: dict[str, Any] | None = None


class PermissionProblem(Message, frozen=True, kw_only=True, tag="permission_error"):
    """Some subscriptions were left out."""

    message: str = ""
    details: tuple[dict[str, Any], ...] = ()


class PhotoAnswer(Message, frozen=True, kw_only=True, tag="photo_response"):
    """What became of a request for a picture.

    :ivar photo_url: where it is, if it did not come by itself.
    :ivar error: ``{"code", "message"}``.
    """

    request_id: str
    success: bool
    photo_url: str | None = None
    error: Any = None

    @property
    def code(self) -> str:
        """Why not, for programs."""
        return self._said("code") or "UNKNOWN_ERROR"

    @property
    def text(self) -> str:
        """Why not, for people."""
        return self._said("message") or "no photo"

    def _said(self, name: str) -> str:
        found = self.error.get(name) if isinstance(self.error, dict) else None
        return found if isinstance(found, str) else ""


class Transcription(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Speech as text.

    :ivar is_final: False while the words may still change.
    :ivar transcribe_language: e.g. ``en-US``.
    :ivar start_time: of the words, milliseconds; so is ``end_time``.
    """

    text: str
    is_final: bool = True
    transcribe_language: str = ""
    start_time: float = 0
    end_time: float = 0
    speaker_id: str | int | None = None


vocabulary = Vocabulary(
    Acknowledged,
    AppStopped,
    AudioPlayResponse,
    AudioStreamReady,
    Capabilities,
    ConnectionProblem,
    DeviceState,
    PermissionProblem,
    PhotoAnswer,
    SettingsChanged,
    Stream,
    UserSettingsChanged,
)
