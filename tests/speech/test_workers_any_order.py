"""Wearers who speak and workers that die, in whatever order."""

from itertools import pairwise

import hypothesis.strategies as some
from hypothesis import given

from mentra.speech.endpointing import Endpointer, SpeechEnded
from mentra.speech.pocketsphinx import PocketsphinxSettings
from mentra.testing.engines import FakeDetector, loud
from tests.speech.worker_stage import SENTENCE, Stage, set_stage

WORKERS = 2
WEARERS = range(3)


class Wearer:
    """Somebody who is listened to, and how much is to be understood of them."""

    def __init__(self, stage: Stage) -> None:
        self.stream = stage.open()
        self.listener = stage.listener
        self.is_closed = False
        self.utterances = 0
        self._ends = Endpointer(FakeDetector().is_speech, pre_roll_ms=300)

    @property
    def is_heard(self) -> bool:
        return not (self.is_closed or self.listener.problems)

    def say(self, sound: bytes) -> None:
        self.stream.write(sound)
        self._count(self._ends.feed(sound))

    def pause(self) -> None:
        self.stream.finalize()
        self._count(self._ends.flush())

    def close(self) -> None:
        self.stream.close()
        self.is_closed = True

    def _count(self, events: list) -> None:
        self.utterances += sum(isinstance(one, SpeechEnded) for one in events)


class Scene:
    """All of them."""

    def __init__(self) -> None:
        self.stage = set_stage(workers=WORKERS, behind=120)
        self.wearers = [Wearer(self.stage) for _ in WEARERS]
        self.is_loaded: set = set()

    @property
    def running(self) -> list:
        return [one for one in self.stage.puppets.all if one.process.is_running]

    def ready(self) -> None:
        for puppet in self.running:
            if puppet not in self.is_loaded:
                self.is_loaded.add(puppet)
                puppet.ready()

    def obey(self) -> None:
        for puppet in self.running:
            if puppet in self.is_loaded:
                puppet.obey("something")

    def die(self, number: int) -> None:
        for puppet in self.running[number : number + 1]:
            puppet.process.exit(11)

    def settle(self) -> None:
        """Let everything be done."""
        for _ in range(100):
            self.stage.clock.advance(1)
            self.ready()
            self.obey()


DEEDS = {
    "sentence": lambda scene, number: scene.wearers[number].say(SENTENCE),
    "part of one": lambda scene, number: scene.wearers[number].say(loud(500)),
    "pause": lambda scene, number: scene.wearers[number].pause(),
    "close": lambda scene, number: scene.wearers[number].close(),
    "ready": lambda scene, number: scene.ready(),
    "obey": lambda scene, number: scene.obey(),
    "die": lambda scene, number: scene.die(number),
    "a moment": lambda scene, number: scene.stage.clock.advance(0.5),
    "hang": lambda scene, number: scene.stage.clock.advance(PocketsphinxSettings().patience),
}

STEPS = some.tuples(some.sampled_from(sorted(DEEDS)), some.sampled_from(WEARERS))


def check(scene: Scene) -> None:
    assert len(scene.running) <= WORKERS
    for wearer in scene.wearers:
        assert len(wearer.listener.problems) <= 1
        assert len(wearer.listener.finals) <= wearer.utterances
        for before, after in pairwise(wearer.listener.finals):
            assert before.end_ms <= after.start_ms


@given(some.lists(STEPS, min_size=5, max_size=40))
def test_whatever_happens_all_that_was_said_is_understood_once_and_in_order(deeds):
    scene = Scene()
    for deed, number in deeds:
        DEEDS[deed](scene, number)
        check(scene)

    for wearer in scene.wearers:
        wearer.pause()
    scene.settle()

    check(scene)
    for wearer in scene.wearers:
        # who was given up was told why; for who closed nothing is said any more
        assert not wearer.is_heard or len(wearer.listener.finals) == wearer.utterances
        wearer.close()
    scene.stage.house.stopService()
    for puppet in scene.running:
        assert puppet.process.has_all or "KILL" in puppet.process.signals
        puppet.process.exit(0)
    assert scene.running == []
    assert scene.stage.clock.getDelayedCalls() == []
