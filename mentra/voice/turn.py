"""One turn: what is asked, what is answered, and how long that takes."""

import uuid

import attrs

from mentra.interfaces.messaging import IPeer
from mentra.interfaces.services import IMetrics, IServices
from mentra.messages.assistant import TurnMetrics
from mentra.voice.mouth import Mouth
from mentra.voice.overhearing import Overhearing
from mentra.voice.thinking import Thinking
from mentra.voice.utterance import Utterance

PAUSE = 0.1
"""Seconds between two pieces of a growing answer."""


@attrs.define(eq=False)
class Turn:
    """From the first sound, or the text, to the last sound of the answer.

    All times are clock seconds; None: it has not come to that.

    :ivar number: the first turn of a conversation is 1.
    :ivar utterance: what is said; None where it was typed.
    :ivar ears: microphones that send while it is answered.
    :ivar sent: how many pieces of sound were sent.
    :ivar unspoken: whether the synthesiser failed, and there is sound of no more than a beginning.
    :ivar shown: how much of the answer clients know, characters.
    """

    number: int
    began_at: float
    turn_id: str = attrs.field(factory=lambda: str(uuid.uuid4()))
    utterance: Utterance | None = None
    thinking: Thinking | None = None
    mouth: Mouth | None = None
    ears: dict[IPeer, Overhearing] = attrs.field(factory=dict)
    asked: str = ""
    sent: int = 0
    unspoken: bool = False
    shown: int = 0
    shown_at: float = float("-inf")
    asked_at: float | None = None
    understood_at: float | None = None
    answered_at: float | None = None
    sentence_at: float | None = None
    sounded_at: float | None = None

    def ear(self, peer: IPeer, services: IServices) -> Overhearing:
        """The microphone of *peer* while it is answered."""
        ear = self.ears.get(peer)
        if ear is None:
            ear = self.ears[peer] = Overhearing(services)
        return ear

    def say(self, sentences: list[str], now: float) -> None:
        """Have them spoken, if anything is."""
        for sentence in sentences:
            if self.mouth is not None:
                if self.sentence_at is None:
                    self.sentence_at = now
                self.mouth.say(sentence)

    def unfinished(self) -> str:
        """The answer as far as it came, if it came to no end; else nothing."""
        if self.thinking is None or self.thinking.is_over:
            return ""
        return self.thinking.text.strip()

    def stop(self) -> None:
        """Nothing more comes of it."""
        for one in (self.utterance, self.thinking, self.mouth):
            if one is not None:
                one.stop()

    def latencies(self) -> dict[str, float]:
        """Seconds, by what was waited for; what there was nothing of is not there."""
        spoken = self.utterance is not None
        spans = {
            "voice_asr": (self.asked_at, self.understood_at) if spoken else (None, None),
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
