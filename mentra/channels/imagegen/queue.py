"""The channels of groups, entries and jobs."""

from mentra.channels.imagegen.section import ImageGenSettings
from mentra.channels.imagegen.wishes import wanted_of
from mentra.channels.unfit import placed
from mentra.extension import Answer, handler
from mentra.interfaces.channels import IPageSettings
from mentra.interfaces.images import IImageStore, IImageWork
from mentra.interfaces.messaging import IContext
from mentra.messages.channels import PATH, Reply
from mentra.messages.channels.imagegen import (
    CancelJob,
    CreateEntry,
    CreateGroup,
    ListEntries,
    ListGroups,
    ListJobs,
    PauseJob,
    ResumeJob,
    RetryJob,
    RunEntry,
)


@handler(PATH, ListGroups)
async def imagegen_list_groups(message: ListGroups, context: IContext) -> Answer:
    """Those of the person."""
    return Reply(payload=await IImageStore(context.services).groups(context.session.user_id))


@handler(PATH, CreateGroup)
async def imagegen_create_group(message: CreateGroup, context: IContext) -> Answer:
    """One more."""
    most = context.services.settings(ImageGenSettings).max_groups
    store = IImageStore(context.services)
    return Reply(payload=await store.create_group(context.session.user_id, message.name, most))


@handler(PATH, ListEntries)
async def imagegen_list_entries(message: ListEntries, context: IContext) -> Answer:
    """Those of a group."""
    store = IImageStore(context.services)
    return Reply(payload=await store.entries(context.session.user_id, message.group_id))


@handler(PATH, CreateEntry)
@placed
async def imagegen_create_entry(message: CreateEntry, context: IContext) -> Answer:
    """One more, and a job of it."""
    settings = context.services.settings(ImageGenSettings)
    user_id = context.session.user_id
    wanted = wanted_of(message, settings.max_pixels)
    store = IImageStore(context.services)
    entry = await store.create_entry(user_id, message.group_id, wanted, settings.max_entries)
    if await IPageSettings(context.services).get(user_id, "imageGen.autoRun"):
        await IImageWork(context.services).run(user_id, entry.id)
    return Reply(payload=entry)


@handler(PATH, RunEntry)
async def imagegen_run(message: RunEntry, context: IContext) -> Answer:
    """A job."""
    work = IImageWork(context.services)
    return Reply(payload=await work.run(context.session.user_id, message.entry_id))


@handler(PATH, ListJobs)
async def imagegen_list_jobs(message: ListJobs, context: IContext) -> Answer:
    """Those of the person."""
    jobs = await IImageStore(context.services).jobs(context.session.user_id, message)
    return Reply(payload=jobs)


@handler(PATH, CancelJob)
async def imagegen_cancel(message: CancelJob, context: IContext) -> Answer:
    """End it."""
    work = IImageWork(context.services)
    return Reply(payload=await work.cancel(context.session.user_id, message.job_id))


@handler(PATH, PauseJob)
async def imagegen_pause(message: PauseJob, context: IContext) -> Answer:
    """Have it wait."""
    work = IImageWork(context.services)
    return Reply(payload=await work.pause(context.session.user_id, message.job_id))


@handler(PATH, ResumeJob)
async def imagegen_resume(message: ResumeJob, context: IContext) -> Answer:
    """Let it go on."""
    work = IImageWork(context.services)
    return Reply(payload=await work.resume(context.session.user_id, message.job_id))


@handler(PATH, RetryJob)
async def imagegen_retry(message: RetryJob, context: IContext) -> Answer:
    """Let it make what is missing."""
    work = IImageWork(context.services)
    return Reply(payload=await work.retry(context.session.user_id, message.job_id))
