"""One turn: what is asked, what is answered, and how long that takes."""

import uuid

import attrs

from mentra.interfaces.services import IMetrics
from mentra.messages.assistant import TurnMetrics


@attrs.define(eq=False)
class Turn:
    """From the first sound, or the text, to the last sound of the answer.

    All times are clock seconds; None: it has not come to that.

    :ivar number: the first turn of a conversation is 1.
    :ivar is_spoken: whether the question is, and not typed.
    :ivar sent: how many pieces of sound were sent.
    """

    number: int
    is_spoken: bool
    began_at: float
    turn_id: str = attrs.field(factory=lambda: str(uuid.uuid4()))
    asked: str = ""
    sent: int = 0
    asked_at: float | None = None
    understood_at: float | None = None
    answered_at: float | None = None
    sentence_at: float | None = None
    sounded_at: float | None = None

    def latencies(self) -> dict[str, float]:
        """Seconds, by what was waited for; what there was nothing of is not there."""
        spans = {
            "voice_asr": (self.asked_at, self.understood_at) if self.is_spoken else (None, None),
            "voice_llm": (self.understood_at, self.answered_at),
            "voice_tts": (self.sentence_at, self.sounded_at),
            "voice_total": (self.asked_at, self.sounded_at or self.answered_at),
        }
        return {
            name: end - begin
            for name, (begin, end) in spans.items()
            if begin is not None and end is not None
        }

    def observe(self, metrics: IMetrics) -> None:
        """Have the figures know of it."""
        for stage, seconds in self.latencies().items():
            metrics.observe(stage, seconds)

    def metrics(self) -> TurnMetrics:
        """For the client."""
        known = {name: int(seconds * 1000) for name, seconds in self.latencies().items()}
        return TurnMetrics(
            total_latency_ms=known.get("voice_total"),
            asr_latency_ms=known.get("voice_asr"),
            llm_latency_ms=known.get("voice_llm"),
            tts_latency_ms=known.get("voice_tts"),
        )
