"""What the clients of a session are told about its turns."""

from mentra.interfaces.voice import IVoiceSession
from mentra.messages.assistant import (
    ActivityData,
    AnswerData,
    ConversationInterrupted,
    EndData,
    ErrorData,
    InterruptedData,
    LlmResponse,
    ResponseEnd,
    ResponseStart,
    SpeechActivity,
    SpokenChunk,
    SpokenData,
    StateChanged,
    StateData,
    Transcript,
    TranscriptData,
    TurnData,
    VoiceError,
)
from mentra.voice.mouth import RATE
from mentra.voice.turn import Turn


class Telling:
    """Tells all connections of one session."""

    def __init__(self, session: IVoiceSession) -> None:
        self._session = session
        self._id = session.session_id

    def moved(self, before: str, now: str) -> None:
        """The state is another one."""
        data = StateData(previous_state=before, current_state=now)
        self._session.send(StateChanged(session_id=self._id, data=data))

    def activity(self, status: str) -> None:
        """Somebody begins to speak, or has stopped."""
        data = ActivityData(status=status)
        self._session.send(SpeechActivity(session_id=self._id, data=data))

    def transcript(self, text: str, is_final: bool, confidence: float | None = None) -> None:
        """What was understood."""
        data = TranscriptData(text=text, is_final=is_final, confidence=confidence)
        self._session.send(Transcript(session_id=self._id, data=data))

    def begins(self, turn: Turn) -> None:
        """An answer is about to come."""
        self._session.send(ResponseStart(session_id=self._id, data=TurnData(turn_id=turn.turn_id)))

    def answer(self, turn: Turn, text: str, is_final: bool) -> None:
        """The answer so far."""
        data = AnswerData(text=text, turn_id=turn.turn_id, is_final=is_final)
        self._session.send(LlmResponse(session_id=self._id, data=data))

    def sound(self, turn: Turn, pcm: bytes, is_last: bool) -> None:
        """A piece of the answer as sound."""
        data = SpokenData(
            audio_data=pcm,
            sequence_number=turn.sent,
            turn_id=turn.turn_id,
            is_last=is_last,
            format="pcm16",
            sample_rate=RATE,
        )
        turn.sent += 1
        self._session.send(SpokenChunk(session_id=self._id, data=data))

    def ends(self, turn: Turn) -> None:
        """The answer is complete."""
        data = EndData(turn_id=turn.turn_id, metrics=turn.metrics())
        self._session.send(ResponseEnd(session_id=self._id, data=data))

    def interrupted(self, turn_index: int) -> None:
        """The turn is over."""
        data = InterruptedData(turn_index=turn_index)
        self._session.send(ConversationInterrupted(session_id=self._id, data=data))

    def failed(self, code: str, message: str, recoverable: bool = True) -> None:
        """Something went wrong."""
        data = ErrorData(code=code, message=message, recoverable=recoverable)
        self._session.send(VoiceError(session_id=self._id, data=data))
