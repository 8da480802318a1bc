"""What clients of the assistant say.  Source: docs/protocol/voice, "what clients say"."""

from mentra.extension import Answer
from mentra.messages import Unknown
from mentra.messages.assistant import AnswerPing, RetryAcknowledged, RetryData, TimeData
from mentra.messages.voice import (
    EndUtterance,
    Interruption,
    NotAnEnvelope,
    RetryAsr,
    SpeechChunk,
    TextInput,
    VoicePing,
    VoicePong,
)
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


@said(SpeechChunk)
def audio_chunk(message: SpeechChunk, session: VoiceSession, connection: Connection) -> None:
    """A piece of speech: listen to it."""
    session.touch()
    session.conversation.hear(message.data, connection.peer)


@said(EndUtterance)
def end_utterance(message: EndUtterance, session: VoiceSession, connection: Connection) -> None:
    """What was said is complete: answer it."""
    session.touch()
    session.conversation.end_utterance()


@said(Interruption)
def interruption(message: Interruption, session: VoiceSession, connection: Connection) -> None:
    """Stop whatever goes on, now."""
    session.touch()
    session.conversation.interrupt(message.data.turn_index)


@said(TextInput)
def text(message: TextInput, session: VoiceSession, connection: Connection) -> None:
    """Answer what was typed."""
    session.touch()
    session.conversation.type(message.data.text)


@said(RetryAsr)
def retry_asr(
    message: RetryAsr, session: VoiceSession, connection: Connection
) -> RetryAcknowledged:
    """Forget the speech that was collected."""
    session.touch()
    session.conversation.retry()
    data = RetryData(message="Please say it again")
    return RetryAcknowledged(session_id=session.session_id, data=data)


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
