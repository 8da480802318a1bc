"""Pictures that are made: channels of groups, entries, jobs and the gallery."""

from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from mentra.messages.channels import PATH, Event, Record, Request
from mentra.messages.channels.chat import Limit, Name
from mentra.messages.channels.images import (
    DISABLED,
    TOO_MANY,
    UNKNOWN_ENTRY,
    UNKNOWN_GROUP,
    UNKNOWN_IMAGE,
    UNKNOWN_JOB,
    WRONG_STATE,
    Count,
    ExtParams,
    GalleryPage,
    GeneratedImage,
    GroupName,
    ImageData,
    Job,
    JobState,
    ModelName,
    PerBatch,
    Plain,
    Prompt,
    QueueEntry,
    QueueGroup,
    Rating,
    References,
    Resolution,
    Style,
    Tags,
    Tolerance,
    Words,
)
from mentra.messages.stamps import moment_of

# -- events ----------------------------------------------------------------------------------


class JobHappened(Record, frozen=True, kw_only=True):
    """A job, as it is now."""

    job_id: str
    job: Job


class JobCreated(Event, frozen=True, kw_only=True, tag="imagegen:job-created"):
    """There is a job; the first thing that is told of it."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: JobHappened


class JobUpdated(Event, frozen=True, kw_only=True, tag="imagegen:job-updated"):
    """A job was paused, or waits for its turn again."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: JobHappened


class JobCompleted(Event, frozen=True, kw_only=True, tag="imagegen:job-completed"):
    """A job is over: ``completed``, ``failed`` or ``cancelled``."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: JobHappened


class BatchBegun(Record, frozen=True, kw_only=True):
    """Which batch.

    :ivar batch_index: from 0.
    """

    job_id: str
    batch_index: int


class BatchStarted(Event, frozen=True, kw_only=True, tag="imagegen:batch-started"):
    """A batch begins."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: BatchBegun


class BatchDone(Record, frozen=True, kw_only=True):
    """What a batch brought.

    :ivar batch_index: from 0.
    """

    job_id: str
    batch_index: int
    images: list[GeneratedImage]


class BatchCompleted(Event, frozen=True, kw_only=True, tag="imagegen:batch-completed"):
    """A batch has brought pictures."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: BatchDone


class BatchLost(Record, frozen=True, kw_only=True):
    """Why a batch brought nothing.

    :ivar batch_index: from 0.
    :ivar error: a code word, and a sentence.
    """

    job_id: str
    batch_index: int
    error: str


class BatchFailed(Event, frozen=True, kw_only=True, tag="imagegen:batch-failed"):
    """A batch failed, as often as it was tried."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: BatchLost


JOB_EVENTS: tuple[type[Event], ...] = (
    JobCreated, BatchStarted, BatchCompleted, BatchFailed, JobCompleted
)  # fmt: skip
"""In their order."""


# -- channels --------------------------------------------------------------------------------


class ListGroups(Request, frozen=True, kw_only=True, tag="imagegen:list-groups"):
    """The groups, in their order; there is always one, at first called Default."""

    answers: ClassVar[Any] = list[QueueGroup]


class CreateGroup(Request, frozen=True, kw_only=True, tag="imagegen:create-group"):
    """Make a group, after the others."""

    answers: ClassVar[Any] = QueueGroup
    refusals: ClassVar[tuple[str, ...]] = (TOO_MANY,)
    name: GroupName


class ListEntries(Request, frozen=True, kw_only=True, tag="imagegen:list-entries"):
    """A group's entries, in their order; none of a group that is not there."""

    answers: ClassVar[Any] = list[QueueEntry]
    group_id: Name


class CreateEntry(Request, frozen=True, kw_only=True, tag="imagegen:create-entry"):
    """Put an entry at the end of a group, and have its pictures made, unless the setting
    ``imageGen.autoRun`` says otherwise.

    :ivar prompt: a text is an inline prompt.
    """

    answers: ClassVar[Any] = QueueEntry
    events: ClassVar[tuple[type[Event], ...]] = JOB_EVENTS
    refusals: ClassVar[tuple[str, ...]] = (UNKNOWN_GROUP, TOO_MANY)
    group_id: Name
    prompt: Plain | Prompt
    resolution: Resolution | None = None
    model: ModelName | None = None
    style: Style | None = None
    images_per_batch: PerBatch = 1
    batch_count: Count = 1
    references: References = msgspec.field(default_factory=list)
    ext_params: ExtParams = msgspec.field(default_factory=dict)
    execution_mode: Literal["fixed", "target"] = "fixed"
    target_images: Count | None = None
    tolerance: Tolerance = 0


class RunEntry(Request, frozen=True, kw_only=True, tag="imagegen:run"):
    """Have pictures made of an entry."""

    answers: ClassVar[Any] = Job
    events: ClassVar[tuple[type[Event], ...]] = JOB_EVENTS
    refusals: ClassVar[tuple[str, ...]] = (UNKNOWN_ENTRY, DISABLED, TOO_MANY)
    entry_id: Name


class ListJobs(Request, frozen=True, kw_only=True, tag="imagegen:list-jobs"):
    """Jobs, the newest first.

    :ivar states: only those in one of these.
    """

    answers: ClassVar[Any] = list[Job]
    entry_id: Name | None = None
    states: Annotated[list[JobState], Meta(max_length=6)] | None = None
    limit: Limit = 50


class _JobRequest(Request, frozen=True, kw_only=True, tag="(job)"):
    """Something is to become of a job."""

    answers: ClassVar[Any] = Job
    refusals: ClassVar[tuple[str, ...]] = (UNKNOWN_JOB, WRONG_STATE)
    job_id: Name


class CancelJob(_JobRequest, frozen=True, kw_only=True, tag="imagegen:cancel"):
    """End a job that is not over; what it has made stays."""

    events: ClassVar[tuple[type[Event], ...]] = (JobCompleted,)


class PauseJob(_JobRequest, frozen=True, kw_only=True, tag="imagegen:pause"):
    """Have a job wait; a batch that has begun is finished first."""

    events: ClassVar[tuple[type[Event], ...]] = (JobUpdated,)


class ResumeJob(_JobRequest, frozen=True, kw_only=True, tag="imagegen:resume"):
    """Let a paused job go on when it is its turn."""

    events: ClassVar[tuple[type[Event], ...]] = (JobUpdated,)


class RetryJob(_JobRequest, frozen=True, kw_only=True, tag="imagegen:retry"):
    """Have a job that failed or was cancelled make what is missing."""

    events: ClassVar[tuple[type[Event], ...]] = (JobUpdated,)


class DateRange(Record, frozen=True, kw_only=True):
    """From when till when: ISO 8601, UTC where no zone is said; either may be left out."""

    start: Annotated[str, Meta(max_length=40)] | None = None
    end: Annotated[str, Meta(max_length=40)] | None = None

    def __post_init__(self) -> None:
        """Both are moments.

        :raises ValueError: one is none.
        """
        for text in (self.start, self.end):
            if text is not None:
                moment_of(text)


class ListImages(Request, frozen=True, kw_only=True, tag="imagegen:list-images"):
    """The gallery, or what fits of it.

    :ivar tags: all of these.
    :ivar search: stands in prompt, file name or notes.
    """

    answers: ClassVar[Any] = GalleryPage
    models: Annotated[list[ModelName], Meta(max_length=50)] | None = None
    date_range: DateRange | None = None
    favorite: bool | None = None
    min_rating: Rating | None = None
    tags: Tags | None = None
    search: Annotated[str, Meta(max_length=500)] | None = None
    sort_by: Literal["newest", "oldest", "name", "rating"] = "newest"
    limit: Limit = 50
    offset: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class GetImage(Request, frozen=True, kw_only=True, tag="imagegen:get-image"):
    """A picture itself."""

    answers: ClassVar[Any] = ImageData
    refusals: ClassVar[tuple[str, ...]] = (UNKNOWN_IMAGE, "its file is gone", "it is too large")
    id: Name


class UpdateImage(Request, frozen=True, kw_only=True, tag="imagegen:update-image"):
    """What one thinks of a picture; what is left out stays."""

    answers: ClassVar[Any] = GeneratedImage
    refusals: ClassVar[tuple[str, ...]] = (UNKNOWN_IMAGE,)
    id: Name
    favorite: bool | UnsetType = UNSET
    rating: Rating | UnsetType | None = UNSET
    tags: Tags | UnsetType = UNSET
    notes: Words | UnsetType | None = UNSET


class DeleteImage(Request, frozen=True, kw_only=True, tag="imagegen:delete-image"):
    """Delete a picture; false where there is none of that id."""

    answers: ClassVar[Any] = bool
    id: Name
