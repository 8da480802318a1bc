"""Worker processes that recognise speech, and which of them does what.

An utterance is one worker's from its begin to its end.  A worker that dies or hangs is replaced,
and its utterance begun anew with all sound it has had, so nothing is lost but time.  So it is where
more people speak than there are workers: one that waits for the rest of an utterance leaves it for
another one that is complete, so that whoever makes no pause keeps nobody waiting.
"""

import os
import sys
from collections.abc import Sequence
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import DeferredList
from twisted.internet.interfaces import IDelayedCall, IReactorProcess, IReactorTime
from twisted.logger import Logger

from mentra.errors import Refused
from mentra.interfaces.speech import IEngineFigures
from mentra.speech.job import Job
from mentra.speech.queue import Queue
from mentra.speech.worker_process import WorkerProcess

MOST_TRIES = 3
"""Workers that may break over one utterance."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds until a worker is replaced that did nothing before it died: doubled each time."""

MOST_STILLBORN = 3
"""Workers in a row that may end while they load."""

SURPLUS_FOR = 300.0
"""Seconds after which workers that nobody needed lately end, all but one."""

UNUSABLE_FOR = 60.0
"""Seconds in which nobody tries again to load what could not be loaded."""


class Workers(Service):
    """Starts processes when there is work, up to a bound.

    :param name: of the engine, for logs and figures.
    :param arguments: of ``mentra.speech.worker``: kind and settings.
    :param most: processes at a time.
    :param patience: seconds in which a worker has to answer before it is ended.
    :ivar processes: those that run.
    """

    _log = Logger()

    def __init__(
        self,
        processes: IReactorProcess,
        clock: IReactorTime,
        figures: IEngineFigures,
        *,
        name: str,
        arguments: Sequence[str],
        most: int,
        patience: float,
    ) -> None:
        self._processes = processes
        self.clock = clock
        self.patience = patience
        self.label = name
        self._figures = figures
        self._arguments = arguments
        self._most = most
        self._waiting = Queue()
        self.processes: list[WorkerProcess] = []
        self._pause = 0.0
        self._retry: IDelayedCall | None = None
        self._tidy: IDelayedCall | None = None
        self._unusable: tuple[float, str] | None = None
        self._stillborn = 0

    # -- for streams

    @property
    def unusable(self) -> str | None:
        """Why nothing can be recognised, as the last worker said; None: nothing is known."""
        if self._unusable is None or self.clock.seconds() >= self._unusable[0]:
            return None
        return self._unusable[1]

    def warm(self) -> None:
        """There will be work soon: have a worker ready."""
        if not self.processes and self._retry is None:
            self._start()

    def submit(self, job: Job) -> None:
        """Have *job* done when there is a worker for it."""
        self._waiting.add(job)
        self._dispatch()

    def more(self, job: Job) -> None:
        """*job* has more sound, or all of it."""
        for worker in self.processes:
            if worker.job is job:
                worker.give()
                return
        if job.is_over:
            self._dispatch()

    def drop(self, job: Job) -> None:
        """Nobody wants *job* done any more."""
        self._waiting.remove(job)
        for worker in self.processes:
            if worker.job is job:
                worker.drop()
                self._dispatch()

    # -- for workers

    def idle(self, worker: WorkerProcess) -> None:
        """*worker* can take the next job."""
        self._unusable = None
        self._stillborn = 0
        self._dispatch()
        if len(self.processes) > 1 and worker.is_idle and self._tidy is None:
            self._tidy = self.clock.callLater(SURPLUS_FOR, self._end_surplus)

    def listening(self) -> None:
        """A worker has done all there is of its job, and waits for more."""
        if self._waiting.has_complete:
            self._dispatch()

    def succeeded(self) -> None:
        """A worker did something."""
        self._pause = 0.0

    def said_unusable(self, reason: str) -> None:
        """A worker says that none can work here."""
        self._log.warn("{name} cannot recognise speech: {reason}", name=self.label, reason=reason)
        self._unusable = (self.clock.seconds() + UNUSABLE_FOR, reason)
        waiting, self._waiting = self._waiting, Queue()
        for job in waiting:
            job.failed(Refused("ENGINE_UNAVAILABLE", reason))

    def gone(self, worker: WorkerProcess, job: Job | None, status: str) -> None:
        """*worker* is no more; *job* was not done."""
        self.processes.remove(worker)
        if not self.running or worker.was_stopped:
            return
        self._figures.restarted(self.label)
        self._log.warn("a worker of {name} ended: {status}", name=self.label, status=status)
        self._stillborn += worker.is_loading
        if self._stillborn >= MOST_STILLBORN and self.unusable is None:
            self.said_unusable(f"The recogniser {self.label} ends while it loads its model")
        if job is not None:
            self._begin_anew(job)
        if self.unusable is None:
            self._pause_before_next()

    def _end_surplus(self) -> None:
        self._tidy = None
        idle = [worker for worker in self.processes if worker.is_idle]
        if len(idle) == len(self.processes):
            del idle[0]
        for worker in idle:
            worker.stop()

    def _begin_anew(self, job: Job) -> None:
        if self.unusable is not None:
            job.failed(Refused("ENGINE_UNAVAILABLE", self.unusable))
        elif job.tries >= MOST_TRIES:
            sentence = "The recogniser broke over what was said, several times"
            job.failed(Refused("ENGINE_FAILED", sentence, where="provider", retryable=True))
        else:
            job.again()
            self._waiting.put_first(job)

    def _pause_before_next(self) -> None:
        """The first one is replaced at once."""
        pause, self._pause = self._pause, min(LONGEST_PAUSE, max(FIRST_PAUSE, self._pause * 2))
        if self._retry is None:
            self._retry = self.clock.callLater(pause, self._resume)

    def _resume(self) -> None:
        self._retry = None
        if self._waiting or not self.processes:
            self._start()
        self._dispatch()

    def _dispatch(self) -> None:
        for worker in self.processes:
            if not self._waiting:
                return
            if worker.is_idle:
                worker.take(self._waiting.next())
        loading = sum(worker.is_loading for worker in self.processes)
        if len(self._waiting) > loading and self._retry is None:
            self._start()
        self._lend()

    def _lend(self) -> None:
        """What is complete goes before what is still being said, which is begun anew later: final
        results matter more than interim ones."""
        while self._waiting.has_complete and not any(one.is_loading for one in self.processes):
            # whoever has had the least loses the least
            able = [one for one in self.processes if one.is_listening]
            worker = min(able, key=lambda one: one.given, default=None)
            job = None if worker is None else worker.leave()
            if worker is None or job is None:
                return
            worker.take(self._waiting.next())
            self._waiting.add(job)

    def _start(self) -> None:
        if not self.running or len(self.processes) >= self._most:
            return
        worker = WorkerProcess(self)
        self.processes.append(worker)
        command = [sys.executable, "-P", "-m", "mentra.speech.worker", *self._arguments]
        try:
            # an environment of our own may hold secrets
            self._processes.spawnProcess(worker, sys.executable, command, env=_environment())
        except OSError as problem:
            self._log.warn(
                "no worker of {name} can be started: {why}", name=self.label, why=problem
            )
            self.processes.remove(worker)
            self._pause = max(FIRST_PAUSE, self._pause)
            self._pause_before_next()

    # -- the service

    def stopService(self) -> Any:
        """End all processes; done when they are gone."""
        super().stopService()
        for timer in (self._retry, self._tidy):
            if timer is not None:
                timer.cancel()
        self._retry = self._tidy = None
        self._waiting.clear()
        return DeferredList([worker.stop() for worker in tuple(self.processes)])


def _environment() -> dict[str, str]:
    """What a worker needs to find the same modules."""
    return {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "LC_ALL": "C.UTF-8"}
