"""Sessions of coding assistants: shown, searched, filled from outside, and files brought back."""

from mentra.extension import Answer, handler
from mentra.interfaces.channel_stores import ICodeSessions
from mentra.interfaces.messaging import IContext
from mentra.messages.channels import PATH, Reply
from mentra.messages.channels.code import (
    CodeAddEntry,
    CodeCreateRestorePoint,
    CodeCreateSession,
    CodeGetSession,
    CodeGetTranscript,
    CodeListRestorePoints,
    CodeListSessions,
    CodeRestore,
    CodeSearchTranscript,
)


@handler(PATH, CodeListSessions)
async def code_list_sessions(message: CodeListSessions, context: IContext) -> Answer:
    """Those of the person."""
    return Reply(payload=await ICodeSessions(context.services).sessions(context.session.user_id))


@handler(PATH, CodeGetSession)
async def code_get_session(message: CodeGetSession, context: IContext) -> Answer:
    """One, or null."""
    sessions = ICodeSessions(context.services)
    return Reply(payload=await sessions.session(context.session.user_id, message.id))


@handler(PATH, CodeCreateSession)
async def code_create_session(message: CodeCreateSession, context: IContext) -> Answer:
    """A new one."""
    made = await ICodeSessions(context.services).save_session(
        context.session.user_id, None, message.project_path, message.status
    )
    return Reply(payload=made)


@handler(PATH, CodeAddEntry)
async def code_add_entry(message: CodeAddEntry, context: IContext) -> Answer:
    """One entry more."""
    sessions = ICodeSessions(context.services)
    return Reply(payload=await sessions.add_entry(context.session.user_id, message))


@handler(PATH, CodeGetTranscript)
async def code_get_transcript(message: CodeGetTranscript, context: IContext) -> Answer:
    """A page of it."""
    sessions = ICodeSessions(context.services)
    return Reply(payload=await sessions.transcript(context.session.user_id, message))


@handler(PATH, CodeSearchTranscript)
async def code_search_transcript(message: CodeSearchTranscript, context: IContext) -> Answer:
    """Look for words in it."""
    sessions = ICodeSessions(context.services)
    return Reply(payload=await sessions.find(context.session.user_id, message))


@handler(PATH, CodeListRestorePoints)
async def code_list_restore_points(message: CodeListRestorePoints, context: IContext) -> Answer:
    """What one can go back to."""
    sessions = ICodeSessions(context.services)
    found = await sessions.restore_points(context.session.user_id, message.session_id)
    return Reply(payload=found)


@handler(PATH, CodeCreateRestorePoint)
async def code_create_restore_point(message: CodeCreateRestorePoint, context: IContext) -> Answer:
    """Keep files as they are."""
    sessions = ICodeSessions(context.services)
    return Reply(payload=await sessions.add_restore_point(context.session.user_id, message))


@handler(PATH, CodeRestore)
async def code_restore(message: CodeRestore, context: IContext) -> Answer:
    """Write files as they were."""
    sessions = ICodeSessions(context.services)
    return Reply(payload=await sessions.restore(context.session.user_id, message))
