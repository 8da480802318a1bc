"""What the voice assistant says.  Source: docs/protocol/voice."""

from typing import ClassVar

from mentra.messages import Enveloped, GivesWay
from mentra.messages.voice import Data

VOICE = ("voice",)


class TimeData(Data, frozen=True, kw_only=True):
    """A moment.

    :ivar timestamp: milliseconds since 1970.
    """

    timestamp: int


class AskForLife(Enveloped, frozen=True, kw_only=True, tag="ping"):
    """Asks for a sign of life."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    gives_way: ClassVar[GivesWay] = GivesWay.KEEP_NEWEST
    data: TimeData


class AnswerPing(Enveloped, frozen=True, kw_only=True, tag="pong"):
    """Answer to ``ping``."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    gives_way: ClassVar[GivesWay] = GivesWay.KEEP_NEWEST
    data: TimeData


class CreatedData(Data, frozen=True, kw_only=True):
    """A session and what it can do.

    :ivar session_id: also in the envelope of everything that follows.
    :ivar user_id: the person; ``guest-`` and a UUID for a guest.
    :ivar timestamp: milliseconds since 1970.
    :ivar hears: whether speech is understood here; else text is.
    :ivar speaks: whether answers are spoken, too.
    :ivar notice: why it does not hear or speak, for people.
    """

    session_id: str
    user_id: str
    is_guest: bool
    timestamp: int
    hears: bool
    speaks: bool
    notice: str | None = None


class SessionCreated(Enveloped, frozen=True, kw_only=True, tag="session_created"):
    """The client is let in: the first frame it hears."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    data: CreatedData


class AuthErrorData(Data, frozen=True, kw_only=True):
    """Why somebody is not let in.

    :ivar code: ``AUTH_REQUIRED``, ``AUTH_INVALID``, ``AUTH_EXPIRED`` or ``SESSION_CREATE_FAILED``.
    :ivar timestamp: milliseconds since 1970.
    """

    code: str
    message: str
    timestamp: int


class AuthError(Enveloped, frozen=True, kw_only=True, tag="auth_error"):
    """The client is not let in; close 4001 follows."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    data: AuthErrorData


class ErrorData(Data, frozen=True, kw_only=True):
    """What failed.

    :ivar code: ``INVALID_MESSAGE``, ``ASR_ERROR``, ``PROCESSING_ERROR`` or ``RATE_LIMITED``;
        extensions may have codes of their own.
    :ivar message: one sentence for people.
    :ivar recoverable: whether it makes sense to go on, or to try again.
    """

    code: str
    message: str
    recoverable: bool


class VoiceError(Enveloped, frozen=True, kw_only=True, tag="error"):
    """Something failed; the connection stays."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    data: ErrorData


class TranscriptData(Data, frozen=True, kw_only=True):
    """What was understood.

    :ivar text: the whole utterance so far.
    :ivar is_final: it is what the assistant answers; else it may be corrected.
    :ivar confidence: 0 to 1.
    """

    text: str
    is_final: bool
    confidence: float | None = None


class Transcript(Enveloped, frozen=True, kw_only=True, tag="transcript"):
    """What the wearer has said."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    data: TranscriptData


class AnswerData(Data, frozen=True, kw_only=True):
    """An answer as text.

    :ivar text: the whole answer so far.
    :ivar is_final: nothing more comes.
    """

    text: str
    turn_id: str
    is_final: bool


class LlmResponse(Enveloped, frozen=True, kw_only=True, tag="llm_response"):
    """What the assistant answers, as it grows."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    data: AnswerData


class SpokenData(Data, frozen=True, kw_only=True):
    """A piece of an answer as sound.

    :ivar audio_data: sound, base64.
    :ivar sequence_number: 0 with the turn's first piece.
    :ivar is_last: the answer is over.
    :ivar format: ``pcm16``: int16, little endian, mono.
    :ivar sample_rate: samples a second.
    """

    audio_data: bytes
    sequence_number: int
    turn_id: str
    is_last: bool
    format: str
    sample_rate: int


class SpokenChunk(Enveloped, frozen=True, kw_only=True, tag="audio_chunk"):
    """A piece of what the assistant says."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    gives_way: ClassVar[GivesWay] = GivesWay.DROP_OLDEST
    data: SpokenData


class StateData(Data, frozen=True, kw_only=True):
    """Two states of a session: ``idle``, ``listening``, ``processing``, ``speaking``,
    ``interrupted`` or ``error``."""

    previous_state: str
    current_state: str


class StateChanged(Enveloped, frozen=True, kw_only=True, tag="state:changed"):
    """The assistant does something else now."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    data: StateData


class InterruptedData(Data, frozen=True, kw_only=True):
    """What was interrupted.

    :ivar turn_index: as the client said; else the number of the newest turn, the first being 1.
    """

    turn_index: int


class ConversationInterrupted(Enveloped, frozen=True, kw_only=True, tag="conversation:interrupted"):
    """The turn is over: nothing of it follows."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    data: InterruptedData


class TurnData(Data, frozen=True, kw_only=True):
    """A turn."""

    turn_id: str


class ResponseStart(Enveloped, frozen=True, kw_only=True, tag="response_start"):
    """An answer is about to come."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    data: TurnData


class TurnMetrics(Data, frozen=True, kw_only=True):
    """How long a turn took, milliseconds; what there was nothing of is left out.

    :ivar total_latency_ms: from the end of what was said to the first sound of the answer, or to
        its first words where it is not spoken.
    :ivar asr_latency_ms: from the end of what was said to its final transcript.
    :ivar llm_latency_ms: from there to the answer's first words.
    :ivar tts_latency_ms: from the first whole sentence to its first sound.
    """

    total_latency_ms: int | None = None
    asr_latency_ms: int | None = None
    llm_latency_ms: int | None = None
    tts_latency_ms: int | None = None


class EndData(Data, frozen=True, kw_only=True):
    """A turn and how long it took."""

    turn_id: str
    metrics: TurnMetrics


class ResponseEnd(Enveloped, frozen=True, kw_only=True, tag="response_end"):
    """The answer is complete."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    data: EndData


class RetryData(Data, frozen=True, kw_only=True):
    """What to do now, for people."""

    message: str


class RetryAcknowledged(Enveloped, frozen=True, kw_only=True, tag="asr_retry_acknowledged"):
    """The speech is forgotten."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    data: RetryData


class ActivityData(Data, frozen=True, kw_only=True):
    """Whether somebody speaks.

    :ivar status: ``speech_start`` or ``speech_end``.
    """

    status: str


class SpeechActivity(Enveloped, frozen=True, kw_only=True, tag="vad"):
    """The server hears that somebody begins to speak, or has stopped."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    data: ActivityData


class ExpiredData(Data, frozen=True, kw_only=True):
    """Why a session is over."""

    reason: str


class SessionExpired(Enveloped, frozen=True, kw_only=True, tag="session:expired"):
    """The session is over; close 1000 follows."""

    sent_to: ClassVar[tuple[str, ...]] = VOICE
    data: ExpiredData
