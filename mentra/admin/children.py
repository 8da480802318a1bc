"""Programs that run beside a command and end with it."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import sysconfig
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from mentra.errors import MentraError

STOP_SECONDS = 15.0
"""How long a child has to end by itself once it was asked to."""

LAST_LINES = 5


class ChildFailed(MentraError):
    """A program ended that should not have, or with a bad status; the text has its last words."""


def program(name: str) -> str:
    """The path of a program that was installed with this interpreter.

    :raises MentraError: it is nowhere.
    """
    beside = (Path(sys.executable).parent, Path(sysconfig.get_path("scripts")))
    for folder in beside:
        if os.access(folder / name, os.X_OK):
            return str(folder / name)
    found = shutil.which(name)
    if found is None:
        raise MentraError(f"{name}: no such program beside {sys.executable}; install mentra again")
    return found


class Child:
    """A running program; what it writes goes to a file.

    :ivar name: what people call it.
    """

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log
        self._last_words: str | None = None

    async def ended(self) -> None:
        """Wait until it has ended by itself, which it should not.

        :raises ChildFailed: always.
        """
        await self._process.wait()
        raise ChildFailed(f"{self.name} ended: {self.last_words()}")

    def last_words(self) -> str:
        """The last lines it wrote before it was asked to end."""
        if self._last_words is not None:
            return self._last_words
        lines = self._log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-LAST_LINES:]) or "it wrote nothing"

    async def stop(self) -> None:
        """Ask it to end, and see that it does."""
        self._last_words = self.last_words()
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def child(
    name: str, *command: str, folder: Path, environ: Mapping[str, str]
) -> AsyncIterator[Child]:
    """A program that runs while the block does, in a group of its own: Ctrl-C is for us alone.

    :param folder: its working directory; its output goes to a file there.
    """
    log = folder / f"{name.replace(' ', '-')}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            cwd=folder,
            env=environ,
            start_new_session=True,
        )
    running = Child(name, process, log)
    try:
        yield running
    finally:
        await asyncio.shield(running.stop())


async def output_of(*command: str, folder: Path, environ: Mapping[str, str]) -> str:
    """What a program prints, without the line break at its end.

    :raises ChildFailed: it failed; the text has its last line.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env=environ,
    )
    try:
        out, errors = await process.communicate()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    if process.returncode:
        last = errors.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        raise ChildFailed(f"{' '.join(command[:3])} failed: {last[0]}")
    return out.decode().strip()
