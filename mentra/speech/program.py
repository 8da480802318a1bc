"""A program that is run once: text in, sound out, within a time and a length."""

import os
import tempfile
from collections.abc import Sequence
from typing import Any, BinaryIO

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IDelayedCall, IReactorProcess, IReactorTime
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from mentra.errors import Refused

MOST_BYTES = 32 * 1024 * 1024
"""Of what it makes."""

MOST_COMPLAINT = 300
"""Characters of its standard error that are logged."""

FILE = "/dev/fd/3"
"""What a program is to call the file that it writes, if it does not write to a pipe."""


class Run(ProcessProtocol):
    """One run; ``done`` fires once the program is gone.

    :param label: what to call it in sentences.
    :param file: where it writes; None: to its standard output.
    """

    _log = Logger()

    def __init__(self, label: str, text: bytes, file: BinaryIO | None, most: int) -> None:
        self.done: Deferred[bytes] = Deferred(lambda done: self.end(CancelledError()))
        self.alarm: IDelayedCall | None = None
        self._label = label
        self._text = text
        self._file = file
        self._most = most
        self._out = bytearray()
        self._complaint = ""
        self._problem: Exception | None = None

    def connectionMade(self) -> None:
        """It runs: give it its text."""
        transport: Any = self.transport
        transport.write(self._text)
        transport.closeStdin()

    def outReceived(self, data: bytes) -> None:
        """Sound."""
        self._out += data
        if len(self._out) > self._most:
            self.end(self._refused("makes too much of it"))

    def errReceived(self, data: bytes) -> None:
        """It complains."""
        self._complaint = (self._complaint + data.decode("utf-8", "replace"))[:MOST_COMPLAINT]

    def late(self) -> None:
        """Its time is over."""
        self.alarm = None
        self.end(self._refused("took too long"))

    def end(self, problem: Exception) -> None:
        """Kill it: it has nothing to tidy up."""
        self._problem = self._problem or problem
        self._out.clear()
        transport: Any = self.transport
        try:
            transport.signalProcess("KILL")
        except ProcessExitedAlready:
            return  # processEnded is on its way

    def processEnded(self, reason: Failure) -> None:
        """It is gone."""
        if self.alarm is not None:
            self.alarm.cancel()
        status = getattr(reason.value, "exitCode", None)
        if self._problem is None and status != 0:
            self._log.warn(
                "{program} ended with status {status}: {complaint}",
                program=self._label,
                status=status,
                complaint=" ".join(self._complaint.split()),
            )
            self._problem = self._refused("failed")
        made = self._made()
        if self._problem is not None:
            self.done.errback(self._problem)
        else:
            self.done.callback(made)

    def _made(self) -> bytes:
        if self._file is None:
            return bytes(self._out)
        with self._file:
            if os.fstat(self._file.fileno()).st_size > self._most:
                self._problem = self._problem or self._refused("makes too much of it")
            return b"" if self._problem else os.pread(self._file.fileno(), self._most, 0)

    def _refused(self, what: str) -> Refused:
        sentence = f"The program {self._label} {what}"
        return Refused("SPEECH_FAILED", sentence, where="provider", retryable=True)


def run(
    processes: IReactorProcess,
    clock: IReactorTime,
    command: Sequence[str],
    text: str,
    *,
    label: str,
    seconds: float,
    most: int = MOST_BYTES,
) -> Deferred[bytes]:
    """What *command* makes of *text*, which it reads from its standard input.

    It writes to its standard output or, where :data:`FILE` is among its words, to that.  Cancelling
    kills it; the Deferred fires when it is gone.

    :param seconds: after them it is killed.
    :param most: bytes it may make.
    :raises Refused: code ``SPEECH_FAILED``.
    """
    file = unnamed_file() if FILE in command else None
    run = Run(label, text.encode("utf-8", "replace"), file, most)
    fds: dict[int, Any] = {0: "w", 1: "r", 2: "r"}
    if file is not None:
        fds[3] = file.fileno()
    run.alarm = clock.callLater(seconds, run.late)
    try:
        # an environment of our own may hold secrets
        processes.spawnProcess(run, command[0], command, env={"LC_ALL": "C.UTF-8"}, childFDs=fds)
    except OSError:
        run.alarm.cancel()
        if file is not None:
            file.close()
        sentence = f"The program {label} cannot be started"
        raise Refused("SPEECH_FAILED", sentence, where="provider", retryable=True) from None
    return run.done


def unnamed_file() -> BinaryIO:
    """A file for a program to write into, which is gone when it is closed."""
    if hasattr(os, "memfd_create"):
        # in memory: nothing waits for a disk, and nothing is left behind
        return os.fdopen(os.memfd_create("speech"), "rb")
    return tempfile.TemporaryFile()
