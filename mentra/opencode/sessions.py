"""Sessions: list, make and remove them."""

from mentra.extension import handler
from mentra.interfaces.messaging import IContext
from mentra.interfaces.opencode import IOpencode
from mentra.messages.opencode import (
    CreateSession,
    DeleteSession,
    ListSessions,
    SessionInfo,
    SessionList,
)
from mentra.opencode.answers import Session
from mentra.opencode.numbers import int64
from mentra.opencode.path import PATH

MOST = 10_000
"""Sessions that are listed."""


@handler(PATH, ListSessions)
async def list_sessions(message: ListSessions, context: IContext) -> SessionList:
    """All of the directory."""
    found = await IOpencode(context.services).api.sessions(MOST)
    return SessionList(sessions=tuple(map(info_of, found)))


@handler(PATH, CreateSession)
async def create_session(message: CreateSession, context: IContext) -> SessionInfo:
    """One more."""
    return info_of(await IOpencode(context.services).api.create_session(message.title))


@handler(PATH, DeleteSession)
async def delete_session(message: DeleteSession, context: IContext) -> None:
    """One less; what runs in it is stopped first."""
    await IOpencode(context.services).conversations.remove(message.session_id)


def info_of(session: Session) -> SessionInfo:
    """A session as clients are told of it."""
    times = session.time
    return SessionInfo(
        id=session.id,
        title=session.title,
        created_at=int64(session.created_at if times is None else times.created),
        updated_at=int64(session.updated_at if times is None else times.updated),
    )
