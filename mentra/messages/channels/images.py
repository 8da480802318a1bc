"""Pictures that are made, as pages are told of them: groups of entries, jobs, and a gallery."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from mentra.messages.channels import Record

Words = Annotated[str, Meta(max_length=4000)]
ModelName = Annotated[str, Meta(max_length=256)]
Side = Annotated[int, Meta(ge=16, le=8192)]
Count = Annotated[int, Meta(ge=1, le=1000)]
PerBatch = Annotated[int, Meta(ge=1, le=16)]
Rating = Annotated[int, Meta(ge=1, le=5)]
Tag = Annotated[str, Meta(min_length=1, max_length=64)]
Tags = Annotated[list[Tag], Meta(max_length=50)]
GroupName = Annotated[str, Meta(min_length=1, max_length=200)]
Plain = Annotated[str, Meta(min_length=1, max_length=4000)]
Style = Annotated[str, Meta(max_length=500)]
References = Annotated[list[Annotated[str, Meta(max_length=2000)]], Meta(max_length=16)]
ExtParams = Annotated[dict[str, Any], Meta(max_length=50)]
Tolerance = Annotated[int, Meta(ge=0, le=1000)]

JobState = Literal["queued", "running", "paused", "completed", "failed", "cancelled"]

DEFAULT_GROUP = "Default"
UNKNOWN_GROUP = "there is no such group"
UNKNOWN_ENTRY = "there is no such entry"
NOT_EMPTY = "there are entries in the group"
DISABLED = "the entry is disabled"
UNKNOWN_JOB = "there is no such job"
UNKNOWN_IMAGE = "there is no such picture"
WRONG_STATE = "the job is not in a state for that"
TOO_MANY = "there are too many"


# -- what is wanted --------------------------------------------------------------------------


class Prompt(Record, frozen=True, kw_only=True):
    """What is to be seen.

    :ivar type: ``inline`` and ``library``: the texts themselves, one a batch, in turn;
        ``wildcard``: the same, and of ``{red|green}`` each picture has one.
    """

    type: Literal["inline", "library", "wildcard"] = "inline"
    value: (
        Annotated[str, Meta(min_length=1, max_length=4000)]
        | Annotated[list[Words], Meta(min_length=1, max_length=100)]
    )


class Resolution(Record, frozen=True, kw_only=True, omit_defaults=True):
    """How large.

    :ivar type: ``dimensions``: *width* and *height*, pixels; ``preset``: *preset*, else
        *aspect_ratio*.
    :ivar preset: ``square``, ``portrait``, ``landscape`` or ``wide``.
    :ivar aspect_ratio: such as ``16:9``; about a million pixels of it.
    """

    type: Literal["dimensions", "preset"] = "dimensions"
    width: Side | None = None
    height: Side | None = None
    preset: Literal["square", "portrait", "landscape", "wide"] | None = None
    aspect_ratio: Annotated[str, Meta(pattern="^[1-9][0-9]?:[1-9][0-9]?$")] | None = None


class Wanted(Record, frozen=True, kw_only=True):
    """What an entry wants, with everything filled in.

    :ivar model: an engine, or ``engine/model``; null: what the person's settings or the server say.
    :ivar references: ids or addresses of pictures to go by, for engines that can.
    :ivar ext_params: what else the engine is told, such as ``seed`` and ``steps``.
    :ivar execution_mode: ``fixed``: *batch_count* batches; ``target``: as many as it takes to have
        *target_images* pictures.
    :ivar tolerance: how many of those may be missing when a batch has failed.
    """

    prompt: Prompt
    resolution: Resolution
    model: str | None
    style: str | None
    images_per_batch: int
    batch_count: int
    references: list[str]
    ext_params: dict[str, Any]
    execution_mode: Literal["fixed", "target"]
    target_images: int | None
    tolerance: int

    @property
    def expected_images(self) -> int:
        """How many there are to be."""
        if self.execution_mode == "target" and self.target_images is not None:
            return self.target_images
        return self.batch_count * self.images_per_batch

    @property
    def expected_batches(self) -> int:
        """How many batches that takes, if none fails."""
        return -(-self.expected_images // self.images_per_batch)


# -- what is kept ----------------------------------------------------------------------------


class QueueGroup(Record, frozen=True, kw_only=True):
    """A group of entries.  Times are ISO 8601, UTC.

    :ivar collapsed: whether pages show it folded up.
    """

    id: str
    name: str
    collapsed: bool
    sort_order: int
    created_at: str
    updated_at: str


class QueueEntry(Wanted, frozen=True, kw_only=True):
    """Something that pictures are made of.  Times are ISO 8601, UTC."""

    id: str
    group_id: str
    enabled: bool
    sort_order: int
    created_at: str
    updated_at: str


class JobStats(Record, frozen=True, kw_only=True):
    """How far a job has come.

    :ivar total_batches: those that are over, well or not.
    """

    total_batches: int
    successful_batches: int
    failed_batches: int
    total_images: int
    expected_batches: int
    expected_images: int


class Job(Record, frozen=True, kw_only=True):
    """Pictures being made of an entry.  Times are ISO 8601, UTC.

    :ivar last_error: why a batch failed last; a code word, and a sentence.
    """

    id: str
    queue_entry_id: str
    state: JobState
    created_at: str
    started_at: str | None
    finished_at: str | None
    stats: JobStats
    last_error: str | None


class GeneratedImage(Record, frozen=True, kw_only=True):
    """A picture.  Times are ISO 8601, UTC.

    :ivar path: of its file in the server's state directory; a page gets it by
        ``imagegen:get-image``.
    :ivar filename: what to call it when it is saved.
    :ivar size: bytes.
    :ivar rating: 1 to 5.
    """

    id: str
    job_id: str
    batch_id: str
    path: str
    filename: str
    size: int
    width: int
    height: int
    model: str
    prompt: str
    references: list[str]
    created_at: str
    favorite: bool
    rating: int | None
    tags: list[str]
    notes: str | None


class GalleryPage(Record, frozen=True, kw_only=True):
    """Some pictures.

    :ivar total: how many fit.
    """

    images: list[GeneratedImage]
    total: int
    has_more: bool


class ImageData(Record, frozen=True, kw_only=True):
    """A picture itself.

    :ivar data: base64.
    """

    id: str
    filename: str
    content_type: str
    data: str
