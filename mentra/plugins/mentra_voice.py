"""The voice assistant's plugins."""

from mentra.voice.connections import voice_connections
from mentra.voice.entrance import voice_path
from mentra.voice.handlers import not_an_envelope, ping, pong, unknown
from mentra.voice.sessions import voice_sessions
from mentra.voice.settings import voice_section
