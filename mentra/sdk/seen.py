"""What glasses hear from the cloud, and what they say.  Source: docs/protocol."""

from typing import Any

import msgspec

from mentra.messages import Message
from mentra.messages.session import Ping
from mentra.sdk.frames import Vocabulary

# -- heard


class Acknowledged(Message, frozen=True, kw_only=True, tag="connection_ack"):
    """The session stands."""

    session_id: str = ""


class ConnectionProblem(Message, frozen=True, kw_only=True, tag="connection_error"):
    """Something was refused."""

    code: str | None = None
    message: str = ""


class Draw(Message, frozen=True, kw_only=True, tag="display_event"):
    """Draw this, in place of what the view shows."""

    package_name: str = ""
    view: str = "main"
    layout: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def text(self) -> str:
        """Every text of the layout, one below another."""
        return "\n".join(
            value
            for name, value in self.layout.items()
            if isinstance(value, str) and name not in ("layoutType", "data")
        )


class Microphone(Message, frozen=True, kw_only=True, tag="microphone_state_change"):
    """Whether audio is wanted.

    :ivar required_data: empty while it is not.
    """

    required_data: list[str] | None = None
    is_microphone_enabled: bool = False


class TakePhoto(Message, frozen=True, kw_only=True, tag="photo_request"):
    """Take a picture, and carry it there."""

    request_id: str
    app_id: str
    webhook_url: str = ""
    auth_token: str | None = None


class Play(Message, frozen=True, kw_only=True, tag="audio_play_request"):
    """Play a sound."""

    request_id: str
    package_name: str = ""
    audio_url: str
    volume: float | None = None
    track_id: int | None = None


class StopPlaying(Message, frozen=True, kw_only=True, tag="audio_stop_request"):
    """Play no more."""

    app_id: str = "an app"
    track_id: int | None = None


class Light(Message, frozen=True, kw_only=True, tag="rgb_led_control"):
    """Switch the light.

    :ivar action: ``on`` or ``off``.
    :ivar ontime: milliseconds.
    :ivar count: how many times it is on.
    """

    request_id: str
    app_id: str = "an app"
    action: str = "on"
    color: str | None = None
    ontime: float | None = None
    count: int | None = None


class StartVideo(Message, frozen=True, kw_only=True, tag="start_rtmp_stream"):
    """Send live video there."""

    stream_id: str
    app_id: str = "an app"
    rtmp_url: str = ""


class StopVideo(Message, frozen=True, kw_only=True, tag="stop_rtmp_stream"):
    """Send it no more."""

    stream_id: str = ""
    app_id: str = "an app"


class Tier(Message, frozen=True, kw_only=True, tag="set_location_tier"):
    """Tell the location as exactly as this."""

    tier: str


class Locate(Message, frozen=True, kw_only=True, tag="request_single_location"):
    """Tell the location once."""

    accuracy: str = "reduced"
    correlation_id: str


class AppsChanged(Message, frozen=True, kw_only=True, tag="app_state_change"):
    """Some app started, stopped or wants something else."""


vocabulary = Vocabulary(
    Acknowledged,
    AppsChanged,
    ConnectionProblem,
    Draw,
    Locate,
    Microphone,
    Ping,
    Play,
    TakePhoto,
    Tier,
)

# -- said; every field has its place on the wire, so none has a default


class ButtonPress(Message, frozen=True, kw_only=True, tag="button_press"):
    """:ivar press_type: ``short`` or ``long``."""

    button_id: str
    press_type: str


class HeadPosition(Message, frozen=True, kw_only=True, tag="head_position"):
    """:ivar position: ``up`` or ``down``."""

    position: str


class Moved(Message, frozen=True, kw_only=True, tag="location_update"):
    """Where the phone is.

    :ivar correlation_id: of the question that this answers, or None.
    """

    lat: float
    lng: float
    accuracy: float | None
    correlation_id: str | None = None


class Battery(Message, frozen=True, kw_only=True, tag="glasses_battery_update"):
    """:ivar level: percent, 0 to 100."""

    level: int
    charging: bool


class ConnectionState(Message, frozen=True, kw_only=True, tag="glasses_connection_state"):
    """:ivar status: ``CONNECTED`` or ``DISCONNECTED``."""

    model_name: str
    status: str


class Speech(Message, frozen=True, kw_only=True, tag="local_transcription"):
    """Speech that was recognised here.

    :ivar start_time: of the words since the session began, milliseconds; so is ``end_time``.
    """

    text: str
    is_final: bool
    start_time: int
    end_time: int
    speaker_id: int
    transcribe_language: str
    provider: str
