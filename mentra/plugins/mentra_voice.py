"""The voice assistant's plugins."""

from mentra.voice.connections import voice_connections
from mentra.voice.entrance import voice_path
from mentra.voice.handlers import (
    audio_chunk,
    end_utterance,
    interruption,
    not_an_envelope,
    ping,
    pong,
    retry_asr,
    text,
    unknown,
)
from mentra.voice.own_tools import clock, show_on_glasses
from mentra.voice.sessions import voice_sessions
from mentra.voice.settings import voice_section
