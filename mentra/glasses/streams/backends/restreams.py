"""Restreams by ffmpeg, one process each."""

import secrets
import shutil
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IDelayedCall, IReactorProcess, IReactorTime
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from mentra.errors import Refused

KILL_AFTER = 5.0
"""Seconds a process has to end once it was told to."""


class Ffmpegs:
    """Starts processes, within a bound; knows those that run.

    :param program: name or path; empty is none.
    :param most: how many at a time.
    :param which: finds the path of a program, or None.
    """

    def __init__(
        self,
        processes: IReactorProcess,
        clock: IReactorTime,
        program: str,
        most: int,
        which: Callable[[str], str | None] = shutil.which,
    ) -> None:
        self._processes = processes
        self.clock = clock
        self._program = program
        self._most = most
        self._which = which
        self._running: set[_Process] = set()

    def check(self, more: int = 1) -> str:
        """The path of the program, if *more* of it may be started.

        :raises Refused: ``RESTREAM_UNAVAILABLE``.
        """
        path = self._which(self._program) if self._program else None
        if path is None:
            reason = "Restreams need ffmpeg, which this server does not have"
            raise Refused("RESTREAM_UNAVAILABLE", reason)
        if len(self._running) + more > self._most:
            reason = "This server makes as many restreams as it may"
            raise Refused("RESTREAM_UNAVAILABLE", reason, retryable=True)
        return path

    def start(self, source: str, url: str, ended: Callable[[str], None]) -> "_Process":
        """Copy the stream at *source* to *url*.

        :param ended: called with a sentence if it ended by itself.
        :raises Refused: ``RESTREAM_UNAVAILABLE``.
        """
        path = self.check()
        process = _Process(self, ended)
        words = [path, "-nostdin", "-hide_banner", "-loglevel", "error", "-i", source]
        words += ["-c", "copy", "-f", "flv", url]
        self._running.add(process)
        try:
            # an environment of our own may hold secrets
            self._processes.spawnProcess(process, path, words, env={})
        except OSError as problem:
            self._running.discard(process)
            raise Refused("RESTREAM_UNAVAILABLE", "ffmpeg cannot be started") from problem
        return process

    def gone(self, process: "_Process") -> None:
        """*process* is no more."""
        self._running.discard(process)

    async def stop(self) -> None:
        """End all of them; done when they are gone."""
        for process in tuple(self._running):
            process.stop()
        for process in tuple(self._running):
            await process.done()


class _Process(ProcessProtocol):
    """One ffmpeg; nothing it prints is read, for it prints addresses with keys in them."""

    _log = Logger()

    def __init__(self, owner: Ffmpegs, ended: Callable[[str], None]) -> None:
        self._owner = owner
        self._ended = ended
        self._stopping = self._is_gone = False
        self._kill: IDelayedCall | None = None
        self._waiting: list[Deferred[None]] = []

    def done(self) -> "Deferred[None]":
        """Fires when it is gone."""
        waiter: Deferred[None] = Deferred()
        if self._is_gone:
            waiter.callback(None)
        else:
            self._waiting.append(waiter)
        return waiter

    def stop(self) -> None:
        """End it, gently at first."""
        if self._stopping or self._is_gone:
            return
        self._stopping = True
        self._kill = self._owner.clock.callLater(KILL_AFTER, self._signal, "KILL")
        self._signal("TERM")

    def _signal(self, name: str) -> None:
        if name == "KILL":
            self._kill = None
        transport: Any = self.transport
        try:
            transport.signalProcess(name)
        except ProcessExitedAlready:
            return  # processEnded is on its way

    def processEnded(self, reason: Failure) -> None:
        """It is no more."""
        self._is_gone = True
        if self._kill is not None:
            self._kill.cancel()
            self._kill = None
        self._owner.gone(self)
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.callback(None)
        if not self._stopping:
            status = getattr(reason.value, "exitCode", None)
            self._log.warn("a restream's ffmpeg ended with status {status}", status=status)
            self._ended(f"ffmpeg ended with status {status}")


class Restreams:
    """The restreams of one stream: they run while it is live.

    :param source: where the stream is found.
    :param changed: called when one ended by itself.
    """

    def __init__(self, ffmpegs: Ffmpegs, source: str, changed: Callable[[], None]) -> None:
        self._ffmpegs = ffmpegs
        self._source = source
        self._changed = changed
        self._is_live = False
        self._urls: dict[str, str] = {}
        self._processes: dict[str, _Process] = {}
        self._errors: dict[str, str] = {}

    def add(self, url: str) -> str:
        """One more; its id.

        :raises Refused: ``RESTREAM_UNAVAILABLE``.
        """
        self._ffmpegs.check()
        output_id = secrets.token_hex(8)
        self._urls[output_id] = url
        if self._is_live:
            self._start(output_id)
        return output_id

    def remove(self, output_id: str) -> None:
        """One less."""
        self._urls.pop(output_id, None)
        self._errors.pop(output_id, None)
        process = self._processes.pop(output_id, None)
        if process is not None:
            process.stop()

    def state(self, output_id: str) -> tuple[str, str | None]:
        """Its status, and why with ``error``."""
        error = self._errors.get(output_id)
        if error is not None:
            return "error", error
        return ("active" if output_id in self._processes else "stopped"), None

    def went_live(self) -> None:
        """Start what does not run."""
        self._is_live = True
        for output_id in self._urls:
            if output_id not in self._processes:
                self._start(output_id)

    def close(self) -> None:
        """End all."""
        self._is_live = False
        for output_id in tuple(self._urls):
            self.remove(output_id)

    def _start(self, output_id: str) -> None:
        self._errors.pop(output_id, None)
        try:
            self._processes[output_id] = self._ffmpegs.start(
                self._source, self._urls[output_id], lambda why: self._ended(output_id, why)
            )
        except Refused as refusal:
            self._errors[output_id] = refusal.message

    def _ended(self, output_id: str, why: str) -> None:
        if self._processes.pop(output_id, None) is not None:
            self._errors[output_id] = why
            self._changed()
