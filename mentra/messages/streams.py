"""The streams an app may subscribe to, by name, and what each one takes.  Source: docs/protocol."""

STREAM_TYPES = frozenset(
    {
        # hardware
        "button_press",
        "head_position",
        "touch_event",
        "glasses_battery_update",
        "phone_battery_update",
        "glasses_connection_state",
        "location_update",
        "location_stream",
        "vps_coordinates",
        "video",
        "photo_request",
        "photo_response",
        "rtmp_stream_status",
        "managed_stream_status",
        "photo_taken",
        # audio
        "transcription",
        "translation",
        "VAD",
        "audio_chunk",
        # phone
        "phone_notification",
        "phone_notification_dismissed",
        "calendar_event",
        # system
        "start_app",
        "stop_app",
        "open_dashboard",
        "core_status_update",
        "settings_update_request",
        "custom_message",
    }
)
"""Names of things that happen; the wildcards are none."""

WILDCARDS = frozenset({"all", "*"})
"""Subscriptions to everything that is an event (audio frames are none)."""

STREAM_ALIASES = {
    "notification_dismissed": "phone_notification_dismissed",
    "stream_status": "rtmp_stream_status",
}
"""Older and newer names, still understood, to those of today."""

GESTURES = frozenset(
    {
        "single_tap",
        "double_tap",
        "triple_tap",
        "long_press",
        "forward_swipe",
        "backward_swipe",
        "up_swipe",
        "down_swipe",
    }
)
"""What may follow ``touch_event:``."""

LOCATION_RATES = (
    "reduced",
    "threeKilometers",
    "kilometer",
    "hundredMeters",
    "tenMeters",
    "standard",
    "high",
    "realtime",
)
"""How exact a location is wanted, from the least to the most."""

LOCATION_STREAMS = frozenset({"location_update", "location_stream"})
"""The two names an app may want locations under."""

MICROPHONE_STREAMS = frozenset({"audio_chunk", "transcription", "translation"})
"""What the phone's microphone is switched on for; ``VAD`` and the wildcards alone are not."""

SETTINGS_PREFIX = "augmentos"
"""What stands before the colon in a subscription to a setting, e.g. ``augmentos:brightness``."""

PERMISSIONS = {
    "audio_chunk": "MICROPHONE",
    "transcription": "MICROPHONE",
    "translation": "MICROPHONE",
    "VAD": "MICROPHONE",
    "location_update": "LOCATION",
    "location_stream": "LOCATION",
    "calendar_event": "CALENDAR",
    "phone_notification": "READ_NOTIFICATIONS",
    "phone_notification_dismissed": "READ_NOTIFICATIONS",
}
"""Stream to the permission it takes; the others take none."""


def kind_of(stream: str) -> str:
    """The stream type inside a subscription string: what stands before the colon, under the name
    of today; ``transcription`` for ``transcription:en-US?hints=ja``."""
    kind = stream.partition(":")[0]
    return STREAM_ALIASES.get(kind, kind)


def permission_for(stream: str) -> str | None:
    """The permission that *stream*, a type or a subscription string, takes; None for none.

    A wildcard takes none: what it brings is judged by its own type.
    """
    return PERMISSIONS.get(kind_of(stream))
