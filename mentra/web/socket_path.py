"""Where the control socket of a state directory is: for the server and for the command."""

import hashlib
import os
from pathlib import Path

LONGEST = 100
"""Bytes; the kernel takes 107 on Linux, 103 elsewhere."""


def socket_of(state_dir: Path) -> Path:
    """``control.sock`` in the state directory, or in a folder of its own if that is too long."""
    path = state_dir.absolute() / "control.sock"
    if len(os.fsencode(path)) <= LONGEST:
        return path
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    # not tempfile's choice: server and command may differ in TMPDIR
    return Path("/tmp") / f"mentra-{digest}" / "control.sock"
