"""One worker process, as its server sees it."""

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from mentra.errors import Refused
from mentra.speech.job import Job
from mentra.speech.pipe import (
    BrokenPipeline,
    Done,
    Drop,
    End,
    Frames,
    FromWorker,
    Ready,
    Sound,
    Taken,
    ToWorker,
    Unusable,
    encode,
)

if TYPE_CHECKING:
    from mentra.speech.workers import Workers

LATE = 32_000
"""Bytes of sound behind which a worker says nothing of what it hears but in the end: a second."""

AHEAD = 16_000
"""Bytes of sound that a worker has before it says that it took them: half a second."""

LOAD_WITHIN = 60.0
"""Seconds in which a model is to be loaded."""

KILL_AFTER = 3.0
"""Seconds a process has to end once its input has."""

MOST_LINES = 20
"""Lines of its standard error that are logged."""

MOST_LINE = 300
"""Characters of one."""


class WorkerProcess(ProcessProtocol):
    """Gives a worker its job bit by bit, and ends it when it hangs."""

    _log = Logger()

    def __init__(self, owner: "Workers") -> None:
        self._owner = owner
        self.job: Job | None = None
        self.is_loading = True
        self._frames = Frames(FromWorker)
        self._ahead: list[int] = []
        self._ended_job = self._is_gone = self._is_stopping = False
        self._deadline: IDelayedCall | None = None
        self._kill: IDelayedCall | None = None
        self._waiting: list[Deferred[None]] = []
        self._lines = 0
        self._status = ""

    @property
    def is_idle(self) -> bool:
        """Whether it can take a job."""
        return not (self.is_loading or self._is_stopping or self._is_gone or self.job)

    @property
    def is_listening(self) -> bool:
        """Whether it has done all there is of its job, and waits for more."""
        job = self.job
        is_at_it = not (self._is_stopping or self._is_gone or self._ahead)
        return is_at_it and job is not None and not job.is_over and not job.waiting

    @property
    def given(self) -> int:
        """Bytes of its job that it has had."""
        return 0 if self.job is None else self.job.given

    def connectionMade(self) -> None:
        """It runs, and loads."""
        self._expect(LOAD_WITHIN)

    @property
    def was_stopped(self) -> bool:
        """Whether it was told to end, and not because of anything that it did."""
        return self._is_stopping and not self._status

    # -- what it is to do

    def take(self, job: Job) -> None:
        """Begin *job*."""
        self.job = job
        self._ended_job = False
        self._ahead.clear()
        job.tries += 1
        self._say(job.begin)
        self.give()

    def give(self) -> None:
        """Give it of its job as much as it may have."""
        job = self.job
        if job is None or self._ended_job:
            return
        while sum(self._ahead) < AHEAD and (piece := job.take()) is not None:
            self._ahead.append(len(piece))
            self._say(Sound(job.number, piece, job.waiting < LATE))
        if job.is_given:
            self._ended_job = True
            self._say(End(job.number))
        if (self._ahead or self._ended_job) and self._deadline is None:
            self._expect(self._owner.patience)

    def drop(self) -> None:
        """Let its job be; what it still answers is for nobody."""
        if self.job is not None:
            self._say(Drop(self.job.number))
            self._rest()

    def leave(self) -> Job | None:
        """Let its job be, which is to be begun anew by whoever has time for it."""
        job = self.job
        if job is not None:
            self.drop()
            job.again()
            # it is not to blame
            job.tries -= 1
        return job

    def _rest(self) -> None:
        self.job = None
        self._ahead.clear()
        self._expect(None)

    def _say(self, message: ToWorker) -> None:
        transport: Any = self.transport
        transport.write(encode(message))

    # -- what it says

    def outReceived(self, data: bytes) -> None:
        """It answers."""
        try:
            for message in self._frames.feed(data):
                self._heard(message)
        except BrokenPipeline as problem:
            self._end(f"it sent {problem}")

    def _heard(self, message: FromWorker) -> None:
        if isinstance(message, Ready):
            self.is_loading = False
            self._expect(None)
            self._owner.idle(self)
        elif isinstance(message, Unusable):
            self._owner.said_unusable(message.reason)
        elif self.job is not None and message.number == self.job.number:
            self._answered(message, self.job)

    def _answered(self, message: Taken | Done, job: Job) -> None:
        self._owner.succeeded()
        self._expect(None)
        if isinstance(message, Done):
            self._rest()
            self._finished(message, job)
            self._owner.idle(self)
            return
        if self._ahead:
            del self._ahead[0]
        self.give()
        if message.guess is not None:
            job.guessed(message.guess)
        if self.is_listening:
            self._owner.listening()

    def _finished(self, message: Done, job: Job) -> None:
        if message.refusal:
            job.failed(Refused("BAD_GRAMMAR", message.refusal, where="app"))
        else:
            job.done(message.guess, message.manner)

    def errReceived(self, data: bytes) -> None:
        """It complains; a little of that is logged."""
        for line in data.decode("utf-8", "replace").splitlines():
            self._lines += 1
            if line.strip() and self._lines <= MOST_LINES:
                self._log.warn(
                    "a worker of {name} says: {line}",
                    name=self._owner.label,
                    line=line[:MOST_LINE],
                )

    # -- its end

    def stop(self) -> "Deferred[None]":
        """End it, gently at first; fires when it is gone."""
        waiter: Deferred[None] = Deferred()
        if self._is_gone:
            waiter.callback(None)
            return waiter
        self._waiting.append(waiter)
        if not self._is_stopping:
            self._is_stopping = True
            self._expect(None)
            self._kill = self._owner.clock.callLater(KILL_AFTER, self._killed)
            transport: Any = self.transport
            transport.closeStdin()
        return waiter

    def processEnded(self, reason: Failure) -> None:
        """It is no more."""
        self._is_gone = True
        self._expect(None)
        if self._kill is not None:
            self._kill.cancel()
            self._kill = None
        job, self.job = self.job, None
        self._owner.gone(self, job, self._status or reason.getErrorMessage())
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.callback(None)

    def _expect(self, seconds: float | None) -> None:
        """An answer within *seconds*; None: nothing is waited for."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None
        if seconds is not None:
            self._deadline = self._owner.clock.callLater(seconds, self._hangs)

    def _hangs(self) -> None:
        self._deadline = None
        self._end("it did not answer in time")

    def _end(self, status: str) -> None:
        self._status = status
        self._is_stopping = True
        self._signal("KILL")

    def _killed(self) -> None:
        self._kill = None
        self._signal("KILL")

    def _signal(self, name: str) -> None:
        transport: Any = self.transport
        try:
            transport.signalProcess(name)
        except ProcessExitedAlready:
            return  # processEnded is on its way
