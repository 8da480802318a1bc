"""The plugins of the OpenCode bridge."""

from mentra.opencode.agents import list_agents
from mentra.opencode.bridge import bridge
from mentra.opencode.chat import cancel, permission_reply, send_message
from mentra.opencode.path import (
    auth_handshake,
    broken_frame,
    opencode_path,
    text_frame,
    unknown_request,
)
from mentra.opencode.providers import get_auth, get_provider_status, set_auth
from mentra.opencode.sessions import create_session, delete_session, list_sessions
from mentra.opencode.settings import opencode_section, opencode_server
