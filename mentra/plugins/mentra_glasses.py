"""The glasses wing's plugins: one line per subject."""

from mentra.glasses.entrance import connection_init, glasses_path
from mentra.glasses.session import glasses_section, sessions
