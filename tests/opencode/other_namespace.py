"""Run where ``unshare`` gives a network of its own: who reaches the bridge from another machine?

A second network, joined to the first by a cable, is that machine.  It prints, as JSON, whether the
second reaches a port of the first that listens everywhere, and whether it reaches the bridge's.

    python -m tests.opencode.other_namespace CONFIG STATE_DIR
"""

import json
import socket
import subprocess
import sys
from pathlib import Path

from tests.server.conftest import PATIENCE, program, wait_until

HERE, THERE = "198.51.100.1", "198.51.100.2"

TRY = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 10).close()
except OSError as problem:
    print(type(problem).__name__)
else:
    print("reached")
"""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def join(other: int) -> None:
    """A cable to the network of the process *other*."""
    into = ["nsenter", "--target", str(other), "--net", "ip"]
    ip("link", "set", "lo", "up")
    ip("link", "add", "here", "type", "veth", "peer", "name", "there", "netns", str(other))
    ip("address", "add", f"{HERE}/24", "dev", "here")
    ip("link", "set", "here", "up")
    subprocess.run([*into, "address", "add", f"{THERE}/24", "dev", "there"], check=True)
    subprocess.run([*into, "link", "set", "there", "up"], check=True)


def reaches(other: int, port: int) -> str:
    """``reached``, or what became of it."""
    words = ["nsenter", "--target", str(other), "--net", sys.executable, "-c", TRY, HERE, str(port)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=True)
    return done.stdout.strip()


def main() -> None:
    config, state = sys.argv[1:]
    words = ["opencode", "serve", "--config", config, "--state-dir", state]
    handout = Path(state, "opencode.json")
    # it stays there until its input ends
    other = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "echo; exec cat"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    bridge = subprocess.Popen([program("mentra"), *words], stdout=subprocess.DEVNULL)
    try:
        assert other.stdout is not None
        other.stdout.readline()
        join(other.pid)
        wait_until(handout.exists, "the bridge")
        with socket.create_server(("", 0)) as everywhere:
            port = json.loads(handout.read_text())["port"]
            near = socket.create_connection(("127.0.0.1", port), PATIENCE)
            near.close()
            found = {
                "everywhere": reaches(other.pid, everywhere.getsockname()[1]),
                "bridge": reaches(other.pid, port),
            }
        json.dump(found, sys.stdout)
    finally:
        for one in (bridge, other):
            one.kill()
            one.wait()


if __name__ == "__main__":
    main()
