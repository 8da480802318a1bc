"""Whatever clients and engines do, and in whatever order, a conversation keeps its rules."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.internet.task import Clock

import mentra.plugins.mentra_voice as dropin
from mentra.errors import NotThere, Refused
from mentra.extension import ConfigSection
from mentra.testing.engines import loud, quiet
from mentra.testing.house import house_with
from mentra.testing.voice import FakeEngines, VoiceStage
from mentra.testing.wire import MemoryPort
from mentra.voice.answer import NOT_SPOKEN
from mentra.voice.settings import VoiceSettings
from mentra.voice.turn_taking import MOVES

WING = [
    plugin
    for name, plugin in vars(dropin).items()
    if not name.startswith("_") and not isinstance(plugin, ConfigSection)
]
OF_A_TURN = ("transcript", "llm_response", "audio_chunk", "response_start", "response_end")


class Play:
    """A conversation, and everything that may happen to it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.engines = FakeEngines()
        settings = VoiceSettings(engine="fake", transcript_timeout=3.0, answer_timeout=3.0)
        house = house_with(
            *WING, *self.engines.plugins(), clock=self.clock, sections=[settings]
        )  # fmt: skip
        self.stage = VoiceStage(self.clock, house, MemoryPort(house), self.engines)
        self.client = self.stage.connect()
        self.frames: list[Any] = []

    @property
    def stream(self) -> Any:
        running = self.engines.recognition.recogniser.running
        return running[-1] if running else None

    @property
    def chat(self) -> Any:
        chats = [
            one for one in self.engines.model.chats if not one.answer.called and not one.cancelled
        ]
        return chats[-1] if chats else None

    def do(self, what: str) -> None:
        """One thing, and what the client hears of it."""
        getattr(self, what)()
        self.frames += self.client.take()

    def speaks(self) -> None:
        self.client.speak(loud(300), len(self.frames) + 2)

    def is_silent(self) -> None:
        self.client.speak(quiet(900), len(self.frames) + 2)

    def speaks_last(self) -> None:
        self.client.speak(loud(300), len(self.frames) + 2, isLast=True)

    def ends(self) -> None:
        self.client.say("end_utterance")

    def types(self) -> None:
        self.client.say("text", {"text": "hello"})

    def interrupts(self) -> None:
        self.client.say("interruption")

    def retries(self) -> None:
        self.client.say("retry_asr")

    def talks_nonsense(self) -> None:
        self.client.send(b"{")

    def hears_a_bit(self) -> None:
        if self.stream:
            self.stream.hear("what", final=False)

    def hears_all(self) -> None:
        if self.stream:
            self.stream.hear("what time", end_ms=60_000)

    def hears_nothing(self) -> None:
        if self.stream:
            self.stream.hear("", end_ms=60_000)

    def goes_deaf(self) -> None:
        if self.stream:
            self.stream.fail()

    def thinks(self) -> None:
        if self.chat:
            self.chat.say("One sentence. ", "And")

    def has_thought(self) -> None:
        if self.chat:
            self.chat.finish()

    def forgets(self) -> None:
        if self.chat:
            self.chat.fail()

    def loses_its_voice(self) -> None:
        self.engines.utterances.problem = Refused("ENGINE_FAILED", "no")

    def has_no_voice(self) -> None:
        self.engines.utterances.problem = NotThere("none")

    def finds_its_voice(self) -> None:
        self.engines.utterances.problem = None
        self.engines.utterances.slow = False

    def speaks_slowly(self) -> None:
        self.engines.utterances.slow = True

    def a_moment_passes(self) -> None:
        self.clock.advance(0.1)

    def time_passes(self) -> None:
        for _ in range(8):
            self.clock.advance(0.5)


DEEDS = [name for name in vars(Play) if not name.startswith("_") and name not in
         ("do", "stream", "chat")]  # fmt: skip


def check_moves(frames: list[Any]) -> None:
    state = "idle"
    for frame in frames:
        if frame["type"] == "state:changed":
            assert frame["data"]["previousState"] == state
            assert frame["data"]["currentState"] in MOVES[state].values()
            state = frame["data"]["currentState"]


def check_turns(frames: list[Any]) -> None:
    """What is over says nothing more, and sound is numbered."""
    over: set[str] = set()
    current = ""
    sent: dict[str, int] = {}
    for frame in frames:
        kind, data = frame["type"], frame.get("data", {})
        turn = data.get("turnId", "")
        if kind in OF_A_TURN and turn:
            assert turn not in over, frame
            current = turn
        if kind == "audio_chunk":
            assert data["sequenceNumber"] == sent.get(turn, 0)
            sent[turn] = data["sequenceNumber"] + 1
        if kind in ("conversation:interrupted", "response_end") or ends_a_turn(frame):
            over.add(current)


def ends_a_turn(frame: Any) -> bool:
    """Whether it is an error after which nothing more comes: an answer without sound has an end."""
    data = frame.get("data", {})
    return (
        frame["type"] == "error"
        and data["code"] in ("ASR_ERROR", "PROCESSING_ERROR")
        and data["message"] != NOT_SPOKEN
    )


@given(st.lists(st.sampled_from(DEEDS), max_size=25))
@example(["types", "loses_its_voice", "thinks", "has_thought", "types", "thinks"])
def test_a_conversation_keeps_its_rules(deeds):
    play = Play()

    for deed in deeds:
        play.do(deed)
    play.do("finds_its_voice")
    play.do("time_passes")

    check_moves(play.frames)
    check_turns(play.frames)
    assert play.stage.house.metrics.told.count(("failed", "voice", "path")) == 0
    assert not [one for one in play.stage.house.metrics.told if one[0] == "failed"]
    play.client.say("interruption")
    play.client.say("ping")
    assert play.client.take()[-1]["type"] == "pong"
    play.stage.house.stopService()
    assert all(one.closed or one.has_failed for one in play.engines.recognition.recogniser.streams)
    assert play.chat is None
