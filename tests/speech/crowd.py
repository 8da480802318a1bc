"""More people who speak than processes can follow, on a clock of their own."""

import attrs

from mentra.speech.pipe import Begin, Done, Drop, End, Guess, Sound, Taken
from mentra.testing.engines import FakeListener, loud, quiet
from tests.speech.worker_stage import Stage, set_stage

STEP = 0.1
"""Seconds in which everybody speaks and everything is decoded."""

SECOND = 32_000


@attrs.define(eq=False)
class Decoding:
    """What one process is at.

    :ivar looks: how often it was to say what it sounds like, and how often it was not to.
    """

    puppet: object
    speed: float
    todo: list = attrs.field(factory=list)
    heard: int = 0
    looks: list = attrs.field(factory=lambda: [0, 0])
    _credit: float = 0.0

    def work(self) -> None:
        """Decode for a step."""
        self.todo += self.puppet.hear()
        self._credit += self.speed * STEP * SECOND
        while self.todo and self._credit > 0:
            self._do(self.todo.pop(0))
            self.todo += self.puppet.hear()
        if not self.todo:
            self._credit = min(self._credit, 0.0)

    def _do(self, one: object) -> None:
        if isinstance(one, Begin):
            self.heard = 0
        elif isinstance(one, Sound):
            self.heard += len(one.pcm)
            self._credit -= len(one.pcm)
            self.looks[0 if one.look else 1] += 1
            guess = Guess("so far") if one.look else None
            self.puppet.say(Taken(one.number, guess))
        elif isinstance(one, End):
            self._credit -= 0.02 * SECOND * self.speed
            self.puppet.say(Done(one.number, Guess(f"{self.heard}"), ""))
        else:
            assert isinstance(one, Drop)


@attrs.define(eq=False)
class Speaker(FakeListener):
    """Says sentences of so many seconds, with a second between them.

    :ivar sentence: seconds of each.
    :ivar late: of each final result, seconds between the end of what it has and its coming.
    """

    clock: object = None
    sentence: float = 4.0
    stream: object = None
    late: list = attrs.field(factory=list)
    interim_at: list = attrs.field(factory=list)
    _at: float = 0.0

    def heard(self, result):
        super().heard(result)
        if result.is_final:
            self.late.append(self.clock.seconds() - result.end_ms / 1000)
        else:
            self.interim_at.append(self.clock.seconds())

    def speak(self) -> None:
        cycle = self.sentence + 1.0
        is_loud = round(self._at % cycle, 3) < self.sentence
        self._at = round(self._at + STEP, 3)
        self.stream.write(loud(100) if is_loud else quiet(100))


class Crowd:
    """All of them.

    :param speed: how many times faster than it is spoken a process decodes.
    """

    def __init__(self, sentences: list, speed: float, **settings: object) -> None:
        self.stage: Stage = set_stage(**settings)
        self.speed = speed
        self.decoding: list[Decoding] = []
        self.speakers = []
        for sentence in sentences:
            speaker = Speaker(clock=self.stage.clock, sentence=sentence)
            speaker.stream = self.stage.open(listener=speaker)
            self.speakers.append(speaker)

    def pass_time(self, seconds: float, *, speaking: bool = True) -> None:
        for _ in range(round(seconds / STEP)):
            if speaking:
                for speaker in self.speakers:
                    speaker.speak()
            self.stage.clock.advance(STEP)
            for puppet in self.stage.puppets.all[len(self.decoding) :]:
                self.decoding.append(Decoding(puppet.ready(), self.speed))
            for one in self.decoding:
                if one.puppet.process.is_running:
                    one.work()

    def fall_silent(self) -> None:
        for speaker in self.speakers:
            speaker.stream.finalize()
