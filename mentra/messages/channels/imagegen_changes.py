"""Pictures that are made: channels that change and delete groups and entries."""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from mentra.messages.channels import PATH, Event, Id, Request
from mentra.messages.channels.chat import Name
from mentra.messages.channels.images import (
    NOT_EMPTY,
    UNKNOWN_ENTRY,
    UNKNOWN_GROUP,
    Count,
    ExtParams,
    GroupName,
    ModelName,
    PerBatch,
    Plain,
    Prompt,
    QueueEntry,
    QueueGroup,
    References,
    Resolution,
    Style,
    Tolerance,
)

Place = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]

HAS_IMAGES = "there are pictures of it: delete those first, or disable it"
IS_PENDING = "a job of it waits or runs: cancel that first"


class GroupUpdated(Event, frozen=True, kw_only=True, tag="imagegen:group-updated"):
    """A group was changed."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: QueueGroup


class GroupDeleted(Event, frozen=True, kw_only=True, tag="imagegen:group-deleted"):
    """A group is gone."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: Id


class EntryUpdated(Event, frozen=True, kw_only=True, tag="imagegen:entry-updated"):
    """An entry was changed."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: QueueEntry


class EntryDeleted(Event, frozen=True, kw_only=True, tag="imagegen:entry-deleted"):
    """An entry is gone, with its jobs."""

    sent_to: ClassVar[tuple[str, ...]] = (PATH,)
    payload: Id


class UpdateGroup(Request, frozen=True, kw_only=True, tag="imagegen:update-group"):
    """Change a group; what is left out stays.

    :ivar sort_order: groups are listed by it, the lowest first.
    """

    answers: ClassVar[Any] = QueueGroup
    events: ClassVar[tuple[type[Event], ...]] = (GroupUpdated,)
    refusals: ClassVar[tuple[str, ...]] = (UNKNOWN_GROUP,)
    id: Name
    name: GroupName | UnsetType = UNSET
    collapsed: bool | UnsetType = UNSET
    sort_order: Place | UnsetType = UNSET


class DeleteGroup(Request, frozen=True, kw_only=True, tag="imagegen:delete-group"):
    """Delete a group that has no entries; false where there is none of that id."""

    answers: ClassVar[Any] = bool
    events: ClassVar[tuple[type[Event], ...]] = (GroupDeleted,)
    refusals: ClassVar[tuple[str, ...]] = (NOT_EMPTY,)
    id: Name


class UpdateEntry(Request, frozen=True, kw_only=True, tag="imagegen:update-entry"):
    """Change an entry; what is left out stays.  Jobs that wait make what it says then; one that
    runs goes on as it began.

    :ivar group_id: the group that it is in.
    :ivar enabled: whether ``imagegen:run`` makes pictures of it.
    :ivar sort_order: entries of a group are listed by it, the lowest first.
    :ivar prompt: a text is an inline prompt.
    """

    answers: ClassVar[Any] = QueueEntry
    events: ClassVar[tuple[type[Event], ...]] = (EntryUpdated,)
    refusals: ClassVar[tuple[str, ...]] = (UNKNOWN_ENTRY, UNKNOWN_GROUP)
    id: Name
    group_id: Name | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    sort_order: Place | UnsetType = UNSET
    prompt: Plain | Prompt | UnsetType = UNSET
    resolution: Resolution | UnsetType = UNSET
    model: ModelName | UnsetType | None = UNSET
    style: Style | UnsetType | None = UNSET
    images_per_batch: PerBatch | UnsetType = UNSET
    batch_count: Count | UnsetType = UNSET
    references: References | UnsetType = UNSET
    ext_params: ExtParams | UnsetType = UNSET
    execution_mode: Literal["fixed", "target"] | UnsetType = UNSET
    target_images: Count | UnsetType | None = UNSET
    tolerance: Tolerance | UnsetType = UNSET


class DeleteEntry(Request, frozen=True, kw_only=True, tag="imagegen:delete-entry"):
    """Delete an entry with its jobs, which are over; false where there is none of that id."""

    answers: ClassVar[Any] = bool
    events: ClassVar[tuple[type[Event], ...]] = (EntryDeleted,)
    refusals: ClassVar[tuple[str, ...]] = (IS_PENDING, HAS_IMAGES)
    id: Name
