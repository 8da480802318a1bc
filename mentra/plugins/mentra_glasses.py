"""The glasses wing's plugins: one line per subject."""

from mentra.glasses.entrance import connection_init, glasses_path
from mentra.glasses.microphone import (
    app_stop_for_microphone,
    device_for_microphone,
    glasses_for_microphone,
    microphone_manager,
    microphone_section,
    subscriptions_for_microphone,
)
from mentra.glasses.relay import (
    audio_chunk,
    keep_alive,
    local_transcription,
    ping_from_app,
    ping_from_glasses,
    pong_from_app,
    pong_from_glasses,
    relay_manager,
    stream_event,
    touch_event,
    unknown_from_app,
    unknown_from_glasses,
)
from mentra.glasses.session import glasses_section, sessions
from mentra.glasses.subscriptions import subscription_update, subscriptions_manager
