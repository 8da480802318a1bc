"""The plugins of browser channels: one line per subject."""

from mentra.channels.clients import clients
from mentra.channels.entrance import channel_door, channels_path, system_auth, unknown_channel
from mentra.channels.section import channels_section
