"""The work folder: what the benchmark compiles, installs and writes, outside the repository."""

import fcntl
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEER_FILES = ("package.json", "rooms.js", "node_relay.js", "bun_relay.js",
              "node_channels.js")  # fmt: skip


class Unavailable(Exception):
    """Something the benchmark needs is not on this machine; the text says what to install."""


@contextmanager
def work_folder() -> Iterator[Path]:
    """``$BENCH_WORK``, or one of this user's in the system's temporary folder; made if missing.

    It is ours alone until the block ends: whoever comes second waits, for two benchmarks at once
    would measure each other.
    """
    named = os.environ.get("BENCH_WORK")
    folder = Path(named or Path(tempfile.gettempdir()) / f"mentra-bench-{os.getuid()}")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Another benchmark works in {folder}; waiting for its end.", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def load_generator(folder: Path) -> Path:
    """The compiled load generator, built anew when its source has changed.

    :raises Unavailable: there is no C compiler.
    """
    source, program, built_from = HERE / "loadgen.c", folder / "loadgen", folder / "loadgen.c"
    if program.exists() and built_from.exists() and filecmp.cmp(source, built_from, shallow=False):
        return program
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise Unavailable("The load generator needs a C compiler; on Debian: apt install gcc")
    shutil.copyfile(source, built_from)
    subprocess.run([compiler, "-O2", "-o", str(program), str(built_from)], check=True)
    return program


def javascript_peers(folder: Path) -> Path:
    """The folder with the JavaScript relays and the packages they run on.

    :raises Unavailable: node or npm is missing, or the packages cannot be fetched.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Unavailable("The Node relay needs node and npm; on Debian: apt install nodejs npm")
    peers = folder / "peers"
    peers.mkdir(exist_ok=True)
    installed = peers / "node_modules"
    wanted, have = HERE / "peers" / "package.json", peers / "package.json"
    same = have.exists() and filecmp.cmp(wanted, have, shallow=False)
    for name in PEER_FILES:
        shutil.copyfile(HERE / "peers" / name, peers / name)
    if not (same and (installed / "ws").exists()):
        command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=peers, capture_output=True, text=True, check=False)
        if done.returncode:
            have.unlink()
            raise Unavailable(f"npm install failed: {done.stderr.strip()[-400:]}")
    return peers


def bun(peers: Path) -> Path:
    """The Bun program that npm installed.

    :raises Unavailable: there is none for this machine.
    """
    program = peers / "node_modules" / ".bin" / "bun"
    try:
        subprocess.run([program, "--version"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        raise Unavailable("npm has no Bun that runs on this machine") from None
    return program
