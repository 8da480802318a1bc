"""Runs artifacts in processes of their own, a few at a time."""

import sys
from pathlib import Path
from typing import Any

import msgspec
from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IDelayedCall, IReactorProcess
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mentra.channels.artifacts.checking import Mode, mode_of
from mentra.channels.section import ChannelsSettings
from mentra.channels.unfit import Unfit
from mentra.errors import Refused
from mentra.extension import ComponentFactory
from mentra.interfaces.channel_stores import IArtifacts
from mentra.interfaces.channels import IArtifactRunner
from mentra.interfaces.services import IServices
from mentra.messages.channels import Wrong
from mentra.messages.channels.artifact import Artifact

LAUNCHER = Path(__file__).with_name("launcher.py")

START = 10.0
"""Seconds that an interpreter may take to begin, besides the artifact's own time."""

LONGEST_ANSWER = 1024 * 1024
"""Bytes that an artifact may give."""


class Answer(msgspec.Struct):
    """The line that the launcher writes."""

    output: Any = None
    error: str | None = None
    code: str = "FAILED"
    path: str = ""


_decode = msgspec.json.Decoder(Answer).decode


class Running(ProcessProtocol):
    """One process: its job goes in, its line comes out.

    :ivar done: fires with what it wrote once it has ended.
    """

    def __init__(self, job: bytes) -> None:
        self._job = job
        self._written: list[bytes] = []
        self._size = 0
        self.done: Deferred[bytes] = Deferred(lambda _: self.kill())

    def connectionMade(self) -> None:
        """Hand the job over."""
        transport: Any = self.transport
        transport.write(self._job)
        transport.closeStdin()

    def childDataReceived(self, childFD: int, data: bytes) -> None:  # noqa: N802, N803 - twisted's
        """It writes; what goes to standard error is nobody's."""
        if childFD != 1:
            return
        self._size += len(data)
        if self._size > 2 * LONGEST_ANSWER:
            self.kill()
        else:
            self._written.append(data)

    def processEnded(self, reason: Failure) -> None:
        """It is over, however it ended: a line that is not there says it all."""
        if not self.done.called:
            self.done.callback(b"".join(self._written))

    def kill(self) -> None:
        """End it."""
        transport: Any = self.transport
        try:
            transport.signalProcess("KILL")
        except ProcessExitedAlready:
            return


@implementer(IArtifactRunner)
class ArtifactRunner:
    """Runs artifacts."""

    _log = Logger()

    def __init__(self, services: IServices) -> None:
        self._services = services
        self._settings = services.settings(ChannelsSettings)
        self._turns = DeferredSemaphore(self._settings.artifacts_at_a_time)

    async def run(self, user_id: str, artifact: Artifact, given: Any) -> Any:
        """What the artifact gives.

        :raises Unfit: the input does not fit.
        :raises Refused: it may not run, it fails, takes too long, or gives what it must not.
        """
        # the configuration may allow less than when it was installed
        mode = mode_of(artifact.type, artifact.entry, self._settings)
        await self._turns.acquire()
        try:
            folder = await IArtifacts(self._services).unpack(user_id, artifact.id)
            try:
                return await self._run_in(folder, mode, artifact, given)
            finally:
                self._discard(folder)
        finally:
            self._turns.release()

    async def _run_in(self, folder: Path, mode: Mode, artifact: Artifact, given: Any) -> Any:
        running = Running(self._job(folder, mode, artifact, given))
        arguments = [sys.executable, "-I", str(LAUNCHER)]
        processes: Any = IReactorProcess(self._services)
        processes.spawnProcess(running, sys.executable, arguments, env={}, path=str(folder))
        written = await self._in_time(running, artifact.timeout / 1000)
        try:
            answer = _decode(written)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise Refused("FAILED", "it was ended: it took too much time or memory") from None
        if answer.error is not None and answer.code == "INVALID_INPUT":
            raise Unfit(Wrong(path=answer.path or "input", message=answer.error))
        if answer.error is not None:
            raise Refused(answer.code, answer.error)
        return answer.output

    async def _in_time(self, running: Running, seconds: float) -> bytes:
        late: list[bool] = []

        def end() -> None:
            late.append(True)
            running.kill()

        timer: IDelayedCall = self._services.clock.callLater(seconds + START, end)
        try:
            written = await running.done
        except CancelledError:
            running.kill()
            raise
        finally:
            if timer.active():
                timer.cancel()
        if late:
            raise Refused("TOO_SLOW", f"it took more than {seconds:g} s")
        return written

    def _job(self, folder: Path, mode: Mode, artifact: Artifact, given: Any) -> bytes:
        settings = self._settings
        job = {
            "mode": mode,
            "folder": str(folder),
            "entry": artifact.entry,
            "schema": artifact.input if isinstance(artifact.input, dict) else None,
            "outputSchema": artifact.output if isinstance(artifact.output, dict) else None,
            "input": given,
            "limits": {
                "seconds": artifact.timeout / 1000,
                "output": LONGEST_ANSWER,
                "memory": settings.artifact_memory,
                "fuel": settings.artifact_fuel,
            },
        }
        return msgspec.json.encode(job)

    def _discard(self, folder: Path) -> None:
        gone: Deferred[None] = IArtifacts(self._services).discard(folder)
        gone.addErrback(lambda failure: self._log.failure("a folder is left over", failure))


artifact_runner = ComponentFactory(IArtifactRunner, ArtifactRunner)
