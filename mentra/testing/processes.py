"""Other programs, never started."""

from collections.abc import Mapping
from typing import Any

import attrs
from twisted.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from twisted.internet.interfaces import IReactorProcess
from twisted.python.failure import Failure
from zope.interface import implementer


@attrs.define(eq=False)
class FakeProcess:
    """A program that would run.

    :ivar signals: names of the signals it was sent.
    :ivar written: what went to its standard input.
    :ivar has_all: whether its standard input was closed.
    :ivar is_deaf: whether it goes on after a ``TERM``.
    """

    protocol: Any
    executable: str
    args: tuple[str, ...]
    env: Mapping[str, str] | None
    fds: Mapping[int, Any] | None = None
    signals: list[str] = attrs.field(factory=list)
    is_deaf: bool = False
    is_running: bool = True
    written: bytearray = attrs.field(factory=bytearray)
    has_all: bool = False

    def write(self, data: bytes) -> None:
        """Keep it."""
        self.written += data

    def closeStdin(self) -> None:
        """There is no more."""
        self.has_all = True

    def say(self, data: bytes) -> None:
        """It writes *data* to its standard output."""
        self.protocol.childDataReceived(1, data)

    def complain(self, data: bytes) -> None:
        """It writes *data* to its standard error."""
        self.protocol.childDataReceived(2, data)

    def signalProcess(self, name: str) -> None:
        """Keep it; ``TERM`` and ``KILL`` end the program.

        :raises ProcessExitedAlready: it has ended.
        """
        if not self.is_running:
            raise ProcessExitedAlready
        self.signals.append(name)
        if name == "KILL" or (name == "TERM" and not self.is_deaf):
            self.exit(1)

    def exit(self, status: int) -> None:
        """It ends with *status*."""
        self.is_running = False
        reason = ProcessDone(0) if status == 0 else ProcessTerminated(exitCode=status)
        self.protocol.processEnded(Failure(reason))


@implementer(IReactorProcess)
class FakeProcesses:
    """Keeps what it should have started.

    :ivar started: in order.
    :ivar broken: whether nothing can be started.
    """

    def __init__(self) -> None:
        self.started: list[FakeProcess] = []
        self.broken = False

    @property
    def running(self) -> list[FakeProcess]:
        """Those that have not ended."""
        return [one for one in self.started if one.is_running]

    def spawnProcess(
        self,
        processProtocol: Any,  # noqa: N803 - Twisted's name
        executable: Any,
        args: Any = (),
        env: Any = None,
        path: Any = None,
        uid: int | None = None,
        gid: int | None = None,
        usePTY: bool = False,  # noqa: N803 - Twisted's name
        childFDs: Any = None,  # noqa: N803 - Twisted's name
    ) -> Any:
        """Keep it.

        :raises OSError: ``broken`` is set.
        """
        if self.broken:
            raise OSError("no more processes")
        process = FakeProcess(processProtocol, executable, tuple(args), env, childFDs)
        self.started.append(process)
        processProtocol.makeConnection(process)
        return process
