"""The real OpenCode, as npm brings it; fetched once and kept."""

import fcntl
import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

VERSION = "1.18.33"
PACKAGES = {
    ("Linux", "x86_64"): "opencode-linux-x64",
    ("Linux", "aarch64"): "opencode-linux-arm64",
    ("Darwin", "x86_64"): "opencode-darwin-x64",
    ("Darwin", "arm64"): "opencode-darwin-arm64",
}
"""The program by system and machine: the package without them only looks for these."""


def binary() -> Path:
    """The program; whoever asks is skipped where it cannot be had."""
    name = PACKAGES.get((platform.system(), platform.machine()))
    if name is None:
        pytest.skip(f"OpenCode has no program for {platform.system()} {platform.machine()}")
    folder = npm_install(f"{name}@{VERSION}")
    return folder / "node_modules" / name / "bin" / "opencode"


def npm_install(*packages: str) -> Path:
    """A folder with these packages in its ``node_modules``; no scripts of theirs are run."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not here")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    label = "-".join(package.replace("@", "-").replace("/", "-") for package in packages)
    folder = cache / "mentra-tests" / label
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]
            command += ["--ignore-scripts", "--prefix", str(folder), *packages]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"npm cannot fetch {packages} here: {done.stderr[-300:]}")
            (folder / "complete").touch()
    return folder
