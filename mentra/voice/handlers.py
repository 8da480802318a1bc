"""What clients of the assistant say.  Source: docs/protocol/voice, "what clients say"."""

from mentra.extension import Answer
from mentra.messages import Unknown
from mentra.messages.assistant import AnswerPing, TimeData
from mentra.messages.voice import NotAnEnvelope, VoicePing, VoicePong
from mentra.voice.connections import Connection
from mentra.voice.sessions import VoiceSession
from mentra.voice.speaking import error, said


@said(VoicePing)
def ping(message: VoicePing, session: VoiceSession, connection: Connection) -> AnswerPing:
    """Answer, for the client wants a sign of life, too."""
    moment = TimeData(timestamp=int(session.now() * 1000))
    return AnswerPing(session_id=session.session_id, data=moment)


@said(VoicePong)
def pong(message: VoicePong, session: VoiceSession, connection: Connection) -> None:
    """A sign of life like any other message."""


@said(NotAnEnvelope)
def not_an_envelope(
    message: NotAnEnvelope, session: VoiceSession, connection: Connection
) -> Answer:
    """Tell what is wrong with a frame; it costs nothing else."""
    return error(session, "INVALID_MESSAGE", f"Not a message of this path: {message.reason}")


@said(Unknown)
def unknown(message: Unknown, session: VoiceSession, connection: Connection) -> None:
    """Nothing is said about what nobody understands: newer clients talk to older servers."""
    session.log.debug("nobody handles {type}", type=message.type_name)
