"""How a function becomes a handler of the assistant's path."""

import functools
from collections.abc import Callable
from typing import Any

from mentra.errors import Refused
from mentra.extension import Answer, Handler, handler
from mentra.interfaces.messaging import IContext
from mentra.messages import Enveloped, Message
from mentra.messages.assistant import ErrorData, VoiceError
from mentra.messages.voice import NotAnEnvelope
from mentra.voice.connections import Connection
from mentra.voice.sessions import VoiceSession

Handle = Callable[[Any, VoiceSession, Connection], Answer]


def said(message_type: type[Message]) -> Callable[[Handle], Handler]:
    """Make a function the owner of *message_type* on the assistant's path.

    The function takes the message, the session and the connection; what it refuses is told in the
    form of this path.  What is meant for another session does not reach it.
    """

    def decorate(function: Handle) -> Handler:
        @handler("voice", message_type)
        @functools.wraps(function)
        def handle(message: Message, context: IContext) -> Answer:
            session: VoiceSession = context.session
            return _answer(function, message, session, session.connection(context.peer), context)

        return handle

    return decorate


def error(
    session: VoiceSession, code: str, message: str, *, recoverable: bool = True
) -> VoiceError:
    """An error in the form of this path."""
    return VoiceError(
        session_id=session.session_id,
        data=ErrorData(code=code, message=message, recoverable=recoverable),
    )


def _answer(
    function: Handle,
    message: Message,
    session: VoiceSession,
    connection: Connection,
    context: IContext,
) -> Answer:
    now = context.services.clock.seconds()
    if isinstance(message, NotAnEnvelope):
        return function(message, session, connection)
    if isinstance(message, Enveloped) and message.session_id not in (None, session.session_id):
        return error(session, "INVALID_MESSAGE", "The sessionId is not that of this connection")
    connection.last_seen = now
    try:
        return function(message, session, connection)
    except Refused as refusal:
        return error(session, refusal.code, refusal.message, recoverable=refusal.retryable)
