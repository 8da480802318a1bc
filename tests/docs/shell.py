"""Does what a page says, in a folder of its own: writes its files, runs its commands."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from mentra.config.legacy import LEGACY
from tests.docs.manual import ROOT, Block, Page

PATIENCE = 60.0
"""Seconds that a command may take; generous, for the machine may be busy."""

PRELUDE = """\
set -euo pipefail
make() { command make --no-print-directory -C "$CHECKOUT" VENV="$CHECKOUT_VENV" "$@"; }
trap 'pwd > "$WHERE"' EXIT
"""


class Shell:
    """One page at work.

    Ports named in the page are replaced by free ones, so that pages do not disturb each other.
    """

    def __init__(self, page: Page, folder: Path) -> None:
        self._page = page
        self._folder = folder / "home"
        self._where = folder / "where"
        self._ports = {"8002": str(free_port()), "7010": str(free_port())}
        self._background: list[tuple[Block, subprocess.Popen[bytes]]] = []
        self._logs: list[Path] = []
        self._folder.mkdir()
        self._where.write_text(str(self._folder))
        self._environ = self._environment(_venv_like(folder / "venv"))

    def follow(self) -> None:
        """Do all of it."""
        for block in self._page.blocks:
            if "not run here" in block.notes:
                continue
            if "file" in block.notes:
                self._write(block.notes["file"], block.text, "w")
            elif "add to" in block.notes:
                self._write(block.notes["add to"], f"\n{block.text}", "a")
            if "restart" in block.notes:
                self._restart(block.notes["restart"])
            if "in the background until" in block.notes:
                self._start(block)
            elif block.is_run:
                self._run(block)

    def complaints(self) -> list[str]:
        """What was said in the background, wherever something went wrong there."""
        said = [log.read_text("utf-8") for log in self._logs]
        return [text for text in said if "Traceback" in text]

    def end(self) -> None:
        """End what runs in the background."""
        for _, process in self._background:
            _end(process)

    def with_ports(self, text: str) -> str:
        """*text* with the ports that are used here."""
        for written, free in self._ports.items():
            text = re.sub(rf"\b{written}\b", free, text)
        return text

    def _write(self, name: str, text: str, mode: str) -> None:
        file = self._folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open(mode, encoding="utf-8") as opened:
            opened.write(self.with_ports(text) + "\n")

    def _run(self, block: Block) -> None:
        process = self._popen(block, self._folder / "output", PRELUDE)
        try:
            status = process.wait(PATIENCE)
        finally:
            _end(process)
        output = (self._folder / "output").read_text("utf-8")
        place = f"{self._page.name}:{block.line}"
        assert status == 0, f"{place} ended with {status}:\n{output}"
        missing = first_missing([self.with_ports(one) for one in block.printed], output)
        assert missing is None, f"{place} does not print {missing!r} but:\n{output}"

    def _start(self, block: Block) -> None:
        log = self._folder / f"background{len(self._logs)}"
        self._logs.append(log)
        process = self._popen(block, log, "set -eu\n")
        self._background.append((block, process))
        url = self.with_ports(block.notes["in the background until"])
        deadline = time.monotonic() + PATIENCE
        while not _answers(url):
            said = log.read_text("utf-8")
            assert process.poll() is None, f"{block.commands} ended: {said}"
            assert time.monotonic() < deadline, f"{url} does not answer: {said}"
            threading.Event().wait(0.05)

    def _restart(self, command: str) -> None:
        for number, (block, process) in enumerate(self._background):
            if block.commands == [command]:
                _end(process)
                del self._background[number]
                self._start(block)
                return
        raise AssertionError(f"{command!r} does not run in the background")

    def _popen(self, block: Block, output: Path, prelude: str) -> "subprocess.Popen[bytes]":
        script = prelude + "\n".join(self.with_ports(one) for one in block.commands)
        with output.open("wb") as file:
            return subprocess.Popen(
                ["bash", "-c", script],
                cwd=self._where.read_text().strip(),
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                # so that what it starts can be ended with it
                start_new_session=True,
            )

    def _environment(self, venv: Path) -> dict[str, str]:
        ours = {one.variable for one in LEGACY} | {"STATE_DIRECTORY", "NOTIFY_SOCKET"}
        kept = {
            name: value
            for name, value in os.environ.items()
            # what a make above us exports would reach into ours
            if name not in ours and "MAKE" not in name and not name.startswith("MENTRA_")
        }
        return kept | {
            "PATH": f"{Path(sys.executable).parent}:{kept.get('PATH', '')}",
            "HOME": str(self._folder),
            "WHERE": str(self._where),
            "CHECKOUT": str(ROOT),
            "CHECKOUT_VENV": str(venv),
            "PYTHONPATH": str(self._folder / "site"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "MENTRA__SERVER__LISTEN": f"tcp:{self._ports['8002']}:interface=127.0.0.1",
            "TERM": "dumb",
            "LC_ALL": "C.UTF-8",
        }


def first_missing(printed: list[str], output: str) -> str | None:
    """The first line that does not come, in this order; ``...`` is anything.

    Columns may be wider here than in the manual, so one blank is as good as many.
    """
    lines = iter([" ".join(line.split()) for line in output.splitlines()])
    for expected in printed:
        if expected.strip() == "...":
            continue
        pattern = ".*".join(re.escape(part) for part in " ".join(expected.split()).split("..."))
        if not any(re.fullmatch(pattern, line) for line in lines):
            return expected
    return None


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def programs_of(page: Page) -> set[str]:
    """The programs that the page's commands begin with and that are neither ours nor bash's."""
    words = {
        command.split()[0] for block in page.blocks if block.is_run for command in block.commands
    }
    return {word for word in words if word in ("curl", "make", "sqlite3", "dot")}


def _venv_like(folder: Path) -> Path:
    """What make takes for an environment with everything installed: the one we run in."""
    folder.mkdir()
    for part in Path(sys.prefix).iterdir():
        if part.name != ".installed":
            (folder / part.name).symlink_to(part)
    (folder / ".installed").touch()
    return folder


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End it and what it started: its own session, and nobody else's."""
    for number, seconds in ((signal.SIGTERM, 15.0), (signal.SIGKILL, None)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
        break
    process.wait()


def is_here(program: str) -> bool:
    """Whether the program is installed."""
    return shutil.which(program) is not None
