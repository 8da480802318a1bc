"""One job, batch by batch, told to its person's pages as it goes."""

import random
import re
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO
from uuid import uuid4

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from mentra.channels.imagegen.section import ImageGenSettings
from mentra.channels.imagegen.wishes import prompts_of, seed_of, size_of
from mentra.errors import NotThere, Refused
from mentra.interfaces.analytics import IAnalytics
from mentra.interfaces.channel_stores import ICredentials
from mentra.interfaces.channels import IChannels, IPageSettings
from mentra.interfaces.engines import IEngines
from mentra.interfaces.images import IImageEngine, IImageFiles, IImageStore
from mentra.interfaces.services import IServices
from mentra.messages.channels import Event
from mentra.messages.channels.imagegen import (
    BatchBegun,
    BatchCompleted,
    BatchDone,
    BatchFailed,
    BatchLost,
    BatchStarted,
    JobCompleted,
    JobHappened,
)
from mentra.messages.channels.images import GeneratedImage, Job, Wanted
from mentra.pictures import NewImage, Picture, PictureRequest, suffix_of
from mentra.records import Happened
from mentra.stores.image_queue import PENDING

FIRST_PAUSE = 2.0
"""Seconds before the second attempt at a batch, about; four times that before the third."""
LONGEST_PAUSE = 60.0
MOST_FAILURES = 3
"""Batches in a row after which a job with a target has failed."""

_NO_NAME = re.compile(r"[^a-z0-9]+")


@attrs.define(eq=False)
class Run:
    """A job whose turn has come.

    :ivar paused: it is to stop after the batch that is being made.
    :ivar asked: who was asked last, ``engine`` or ``engine/model``.
    """

    services: IServices
    user_id: str
    job_id: str
    jitter: Callable[[], float] = random.random
    paused: bool = False
    asked: str = ""
    _log = Logger()

    @property
    def _store(self) -> IImageStore:
        store: IImageStore = IImageStore(self.services)
        return store

    @property
    def _settings(self) -> ImageGenSettings:
        settings: ImageGenSettings = self.services.settings(ImageGenSettings)
        return settings

    async def go(self) -> None:
        """To the end, or until it is paused."""
        begun = await self._store.begin(self.user_id, self.job_id)
        if begun is None:
            return
        job, wanted = begun
        in_a_row = 0
        while not self.paused and not is_enough(job, wanted, in_a_row):
            before = job.stats.failed_batches
            job, hopeless = await self._batch(job, wanted)
            in_a_row = in_a_row + 1 if job.stats.failed_batches > before else 0
            if hopeless:
                break
        await self._end(job, wanted, in_a_row)

    async def _end(self, job: Job, wanted: Wanted, in_a_row: int) -> None:
        if self.paused and not is_enough(job, wanted, in_a_row):
            return  # it stands as paused already, or waits for its turn again
        state = "completed" if has_succeeded(job, wanted) else "failed"
        try:
            job = await self._store.move(self.user_id, self.job_id, state, PENDING)
        except Refused:
            return  # it was cancelled at this very moment
        self._tell(JobCompleted(payload=JobHappened(job_id=job.id, job=job)))

    async def _batch(self, job: Job, wanted: Wanted) -> tuple[Job, bool]:
        """One batch; the job after it, and whether there is no use in going on."""
        index = job.stats.total_batches
        self._tell(BatchStarted(payload=BatchBegun(job_id=job.id, batch_index=index)))
        began = self.services.clock.seconds()
        try:
            model, pictures = await self._attempts(job, wanted)
            new = [await self._kept(wanted, model, picture, index) for picture in pictures]
        except Refused as refusal:
            error = f"{refusal.code}: {refusal.message}"
            job = await self._store.batch_failed(self.user_id, job.id, error)
            lost = BatchLost(job_id=job.id, batch_index=index, error=error)
            self._tell(BatchFailed(payload=lost))
            self._count(began, 0, refusal)
            return job, not refusal.retryable
        job, images = await self._store.add_images(self.user_id, job.id, new)
        self._tell_done(job, index, images)
        self._count(began, len(images), None)
        return job, False

    def _tell_done(self, job: Job, index: int, images: list[GeneratedImage]) -> None:
        done = BatchDone(job_id=job.id, batch_index=index, images=images)
        self._tell(BatchCompleted(payload=done))

    async def _attempts(self, job: Job, wanted: Wanted) -> tuple[str, tuple[Picture, ...]]:
        clock = self.services.clock
        pause = FIRST_PAUSE
        for attempt in range(1, self._settings.attempts + 1):
            try:
                return await self._attempt(job, wanted)
            except Refused as refusal:
                if attempt == self._settings.attempts or not refusal.retryable:
                    raise
            await deferLater(clock, pause * (0.5 + self.jitter() / 2))
            pause = min(pause * 4, LONGEST_PAUSE)
        raise AssertionError  # the last attempt returns or raises

    async def _attempt(self, job: Job, wanted: Wanted) -> tuple[str, tuple[Picture, ...]]:
        engine, model = await self._who(wanted)
        self.asked = f"{engine.name}/{model}" if model else engine.name
        stats = job.stats
        count = max(1, min(wanted.images_per_batch, stats.expected_images - stats.total_images))
        # each picture has a seed of its own, however many batches failed
        seed = seed_of(wanted, job.id) + stats.total_images
        width, height = size_of(wanted.resolution)
        prompts = prompts_of(wanted.prompt, stats.successful_batches, count, seed)
        asked = PictureRequest(
            prompts=prompts, width=width, height=height, seed=seed, model=model,
            style=wanted.style, references=tuple(wanted.references), params=wanted.ext_params,
        )  # fmt: skip
        key = None
        if engine.credential is not None:
            key = await ICredentials(self.services).token(self.user_id, engine.credential)
        making = Deferred.fromCoroutine(_made(engine, asked, key))
        within = self._settings.batch_within
        pictures = await making.addTimeout(within, self.services.clock, _overdue)
        return self.asked, pictures

    async def _who(self, wanted: Wanted) -> tuple[IImageEngine, str]:
        """Engine and model.

        :raises Refused: ``UNKNOWN_ENGINE``.
        """
        named = wanted.model
        if named is None:
            settings = IPageSettings(self.services)
            said = await settings.get(self.user_id, "imageGen.defaultModel")
            named = said if isinstance(said, str) and said else self._settings.engine
        engines = IEngines(self.services)
        known = engines.names(IImageEngine)
        name, _, model = named.partition("/")
        if name not in known:
            # a model of the engine that is asked anyhow
            name, model = self._settings.engine, named
        allowed = self._settings.engines
        if name not in known or (allowed and name not in allowed):
            raise Refused("UNKNOWN_ENGINE", f"{name} makes no pictures here")
        try:
            engine: IImageEngine = engines.get(IImageEngine, name)
        except NotThere as problem:
            raise Refused("UNKNOWN_ENGINE", str(problem)) from problem
        return engine, model

    async def _kept(self, wanted: Wanted, model: str, picture: Picture, index: int) -> NewImage:
        file, _ = await IImageFiles(self.services).keep(partial(_fill, picture))
        word = _NO_NAME.sub("-", picture.prompt.lower())[:40].strip("-") or "picture"
        return NewImage(
            batch_id=f"batch_{self.job_id.removeprefix('job_')}_{index}",
            file=file,
            filename=f"{word}-{uuid4().hex[:8]}{suffix_of(picture.content_type)}",
            size=len(picture.content),
            width=picture.width,
            height=picture.height,
            model=model,
            prompt=picture.prompt,
            references=tuple(wanted.references),
        )

    def _count(self, began: float, images: int, refusal: Refused | None) -> None:
        analytics = IAnalytics(self.services, None)
        if analytics is None:
            return
        happened = Happened(
            kind="images", provider=self.asked.partition("/")[0], model=self.asked,
            ok=refusal is None,
            code=refusal.code if refusal else "", retryable=bool(refusal and refusal.retryable),
            seconds=self.services.clock.seconds() - began, images=images,
        )  # fmt: skip
        analytics.record(self.user_id, happened)

    def _tell(self, event: Event) -> None:
        IChannels(self.services).emit_to_user(self.user_id, event)


def is_enough(job: Job, wanted: Wanted, failures: int) -> bool:
    """Whether no further batch is to be made.

    :param failures: batches that have just failed, one after the other.
    """
    stats = job.stats
    if wanted.execution_mode == "fixed":
        return stats.total_batches >= wanted.batch_count
    missing = stats.expected_images - stats.total_images
    return missing <= (wanted.tolerance if failures else 0) or failures >= MOST_FAILURES


def has_succeeded(job: Job, wanted: Wanted) -> bool:
    """Whether it has brought what was wanted, or with a fixed number of batches anything."""
    stats = job.stats
    if wanted.execution_mode == "fixed":
        return stats.successful_batches > 0
    return stats.expected_images - stats.total_images <= wanted.tolerance


@attrs.frozen
class _Suffix:
    suffix: str


def _fill(picture: Picture, file: BinaryIO) -> _Suffix:
    file.write(picture.content)
    return _Suffix(suffix_of(picture.content_type))


async def _made(
    engine: IImageEngine, asked: PictureRequest, key: str | None
) -> tuple[Picture, ...]:
    problem = engine.unavailable()
    # a key of the person's own makes up for a missing one
    if problem is not None and key is None:
        raise Refused("ENGINE_UNAVAILABLE", problem, where="provider")
    pictures: tuple[Picture, ...] = await engine.generate(asked, credential=key)
    if not pictures:
        raise Refused("SERVER_ERROR", f"{engine.name} made nothing", where="provider")
    return pictures[: len(asked.prompts)]


def _overdue(result: Any, seconds: float) -> Failure:
    message = f"it took longer than {seconds:g} s"
    return Failure(Refused("TIMEOUT", message, where="provider", retryable=True))
