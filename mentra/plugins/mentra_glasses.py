"""The glasses wing's plugins: one line per subject."""

from mentra.glasses.session import glasses_section, sessions
