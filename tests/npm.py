"""Packages from npm that tests run: fetched once, and kept for the next run."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

MANIFESTS = ("package.json", "package-lock.json")


def fetched(source: Path, name: str) -> Path:
    """A folder with the ``node_modules`` that the manifest in *source* asks for, those of its lock
    where it has one; tests are skipped where there is no npm, or it cannot fetch them.

    :param name: tells the folder from others, for people.
    """
    for needed in ("node", "npm"):
        if shutil.which(needed) is None:
            pytest.skip(f"{needed} is not here")
    wanted = {one: (source / one).read_bytes() for one in MANIFESTS if (source / one).exists()}
    digest = hashlib.sha256(b"".join(wanted.values())).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "mentra-tests" / f"{name}-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            for one, content in wanted.items():
                (folder / one).write_bytes(content)
            command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"npm cannot fetch {name} here: {done.stderr[-300:]}")
            (folder / "complete").touch()
    return folder
