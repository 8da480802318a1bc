"""The channels that change and delete groups and entries."""

from functools import partial

import msgspec
from msgspec import UNSET

from mentra.channels.imagegen.section import ImageGenSettings
from mentra.channels.imagegen.wishes import wanted_of
from mentra.channels.unfit import placed
from mentra.extension import Answer, handler
from mentra.interfaces.channels import IChannels
from mentra.interfaces.images import IImageStore
from mentra.interfaces.messaging import IContext
from mentra.messages.channels import PATH, Event, Id, Reply
from mentra.messages.channels.imagegen import CreateEntry
from mentra.messages.channels.imagegen_changes import (
    DeleteEntry,
    DeleteGroup,
    EntryDeleted,
    EntryUpdated,
    GroupDeleted,
    GroupUpdated,
    UpdateEntry,
    UpdateGroup,
)
from mentra.messages.channels.images import Wanted


@handler(PATH, UpdateGroup)
async def imagegen_update_group(message: UpdateGroup, context: IContext) -> Answer:
    """Call it something else, fold it up, put it elsewhere."""
    group = await IImageStore(context.services).change_group(context.session.user_id, message)
    _tell(context, GroupUpdated(payload=group))
    return Reply(payload=group)


@handler(PATH, DeleteGroup)
async def imagegen_delete_group(message: DeleteGroup, context: IContext) -> Answer:
    """Away with it, if it is empty."""
    store = IImageStore(context.services)
    was_there = await store.remove_group(context.session.user_id, message.id)
    if was_there:
        _tell(context, GroupDeleted(payload=Id(id=message.id)))
    return Reply(payload=was_there)


@handler(PATH, UpdateEntry)
@placed
async def imagegen_update_entry(message: UpdateEntry, context: IContext) -> Answer:
    """Want something else."""
    most = context.services.settings(ImageGenSettings).max_pixels
    edit = partial(changed, message, max_pixels=most)
    store = IImageStore(context.services)
    entry = await store.change_entry(context.session.user_id, message, edit)
    _tell(context, EntryUpdated(payload=entry))
    return Reply(payload=entry)


@handler(PATH, DeleteEntry)
async def imagegen_delete_entry(message: DeleteEntry, context: IContext) -> Answer:
    """Away with it, if nothing depends on it."""
    store = IImageStore(context.services)
    was_there = await store.remove_entry(context.session.user_id, message.id)
    if was_there:
        _tell(context, EntryDeleted(payload=Id(id=message.id)))
    return Reply(payload=was_there)


def changed(message: UpdateEntry, before: Wanted, max_pixels: int) -> Wanted:
    """What is wanted after *message*.

    :raises Unfit: it cannot be.
    """
    fields = msgspec.structs.asdict(before)
    given = {name: getattr(message, name) for name in fields}
    fields |= {name: value for name, value in given.items() if value is not UNSET}
    return wanted_of(CreateEntry(group_id="", **fields), max_pixels)


def _tell(context: IContext, event: Event) -> None:
    IChannels(context.services).emit_to_user(context.session.user_id, event)
