"""Jobs, one after the other: of each person one at a time, and of everybody a few."""

from collections import deque
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mentra.channels.imagegen.run import Run
from mentra.channels.imagegen.section import ImageGenSettings
from mentra.errors import StoreError
from mentra.extension import ComponentFactory
from mentra.interfaces.channels import IChannels
from mentra.interfaces.images import IImageFiles, IImageStore, IImageWork
from mentra.interfaces.services import IServices
from mentra.messages.channels import Event
from mentra.messages.channels.imagegen import JobCompleted, JobCreated, JobHappened, JobUpdated
from mentra.messages.channels.images import Job
from mentra.stores.image_queue import PENDING

SWEEP = 6 * 3600.0
"""Seconds between looks for files that belong to no picture."""
GRACE = 3600.0
"""Seconds that such a file may be old: its picture may be about to be remembered."""


@implementer(IImageWork)
class Work(Service):
    """What waits, in memory and in the store; what runs."""

    _log = Logger()

    def __init__(self, services: IServices) -> None:
        self._services = services
        self._settings: ImageGenSettings = services.settings(ImageGenSettings)
        self._store: Any = IImageStore(services)
        self._waiting: deque[tuple[str, str]] = deque()
        self._running: dict[str, tuple[Run, Deferred[None]]] = {}
        self._recovery: Deferred[None] | None = None
        self._sweeping: Deferred[None] | None = None
        self._loop = LoopingCall(self._sweep)
        self._loop.clock = services.clock

    def startService(self) -> None:
        """Go on with what a server before this one left."""
        super().startService()
        self._recovery = Deferred.fromCoroutine(self._recover())
        self._recovery.addErrback(self._log_failure, "jobs that were left cannot be gone on with")
        done: Deferred[LoopingCall] = self._loop.start(SWEEP)
        done.addErrback(self._log_failure, "files of pictures are not swept any more")

    def stopService(self) -> None:
        """Stop; what runs is gone on with the next time."""
        super().stopService()
        if self._loop.running:
            self._loop.stop()
        for waiting in (self._recovery, self._sweeping):
            if waiting is not None:
                waiting.cancel()
        self._waiting.clear()
        for _, going in tuple(self._running.values()):
            going.cancel()

    # -- IImageWork

    async def run(self, user_id: str, entry_id: str) -> Job:
        """Have pictures made."""
        job: Job = await self._store.create_job(user_id, entry_id, self._settings.max_jobs)
        self._tell(user_id, JobCreated(payload=JobHappened(job_id=job.id, job=job)))
        self._put(user_id, job.id)
        return job

    async def cancel(self, user_id: str, job_id: str) -> Job:
        """End it at once."""
        job: Job = await self._store.move(user_id, job_id, "cancelled", PENDING)
        self._take_away(user_id, job_id)
        if job_id in self._running:
            self._running[job_id][1].cancel()
        self._tell(user_id, JobCompleted(payload=JobHappened(job_id=job.id, job=job)))
        return job

    async def pause(self, user_id: str, job_id: str) -> Job:
        """Have it wait; at the latest after the batch that is being made."""
        job: Job = await self._store.move(user_id, job_id, "paused", ("queued", "running"))
        self._take_away(user_id, job_id)
        if job_id in self._running:
            self._running[job_id][0].paused = True
        self._tell(user_id, JobUpdated(payload=JobHappened(job_id=job.id, job=job)))
        return job

    async def resume(self, user_id: str, job_id: str) -> Job:
        """Let it go on."""
        return await self._requeue(user_id, job_id, ("paused",))

    async def retry(self, user_id: str, job_id: str) -> Job:
        """Let it make what is missing."""
        return await self._requeue(user_id, job_id, ("failed", "cancelled"))

    async def _requeue(self, user_id: str, job_id: str, allowed: tuple[str, ...]) -> Job:
        job: Job = await self._store.move(user_id, job_id, "queued", allowed)
        self._tell(user_id, JobUpdated(payload=JobHappened(job_id=job.id, job=job)))
        self._put(user_id, job_id)
        return job

    # -- whose turn it is

    def _put(self, user_id: str, job_id: str) -> None:
        self._waiting.append((user_id, job_id))
        self._pump()

    def _take_away(self, user_id: str, job_id: str) -> None:
        if (user_id, job_id) in self._waiting:
            self._waiting.remove((user_id, job_id))

    def _pump(self) -> None:
        while self.running and len(self._running) < self._settings.at_a_time:
            busy = {run.user_id for run, _ in self._running.values()}
            turn = next((one for one in self._waiting if one[0] not in busy), None)
            if turn is None:
                return
            self._waiting.remove(turn)
            self._begin(*turn)

    def _begin(self, user_id: str, job_id: str) -> None:
        run = Run(self._services, user_id, job_id)
        going = Deferred.fromCoroutine(run.go())
        if not going.called:
            self._running[job_id] = run, going
        going.addErrback(self._ended_badly, run)
        going.addBoth(self._ended, job_id)

    def _ended_badly(self, failure: Failure, run: Run) -> None:
        if failure.check(CancelledError):
            return
        self._log.failure("{job} failed", failure, job=run.job_id)
        # what happens now happens for a reason that the log has, and not for another job's
        end = Deferred.fromCoroutine(self._give_up(run))
        end.addErrback(self._log_failure, "a job that failed cannot be put down")

    async def _give_up(self, run: Run) -> None:
        job: Job = await self._store.move(run.user_id, run.job_id, "failed", PENDING)
        self._tell(run.user_id, JobCompleted(payload=JobHappened(job_id=job.id, job=job)))

    def _ended(self, result: object, job_id: str) -> None:
        self._running.pop(job_id, None)
        self._pump()

    async def _recover(self) -> None:
        for one in await self._store.requeue():
            # what pages began meanwhile is there already
            if one not in self._waiting and one[1] not in self._running:
                self._waiting.append(one)
        self._pump()

    # -- files that are nobody's

    def _sweep(self) -> None:
        if self._sweeping is None:
            self._sweeping = Deferred.fromCoroutine(self._swept())
            self._sweeping.addErrback(self._log_failure, "files of pictures cannot be swept")
            self._sweeping.addBoth(self._swept_up)

    def _swept_up(self, result: object) -> None:
        self._sweeping = None

    async def _swept(self) -> None:
        files = IImageFiles(self._services)
        old = await files.older_than(self._services.now() - GRACE)
        if old:
            await files.remove(old - await self._store.files())

    def _tell(self, user_id: str, event: Event) -> None:
        IChannels(self._services).emit_to_user(user_id, event)

    def _log_failure(self, failure: Failure, what: str) -> None:
        if failure.check(CancelledError):
            return
        if failure.check(StoreError):
            self._log.warn("{what}: {why}", what=what, why=failure.getErrorMessage())
            return
        self._log.failure("{what}", failure, what=what)


image_work = ComponentFactory(IImageWork, Work)
