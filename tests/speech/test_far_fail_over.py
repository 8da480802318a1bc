"""Recognition that goes on when a recogniser behind a network does not."""

import pytest
from zope.interface.verify import verifyObject

from mentra.engines import engines
from mentra.extension import EngineFactory
from mentra.hearing import Recognition
from mentra.interfaces.network import IDial, IWebSocketClient
from mentra.interfaces.speech import IRecogniser, IRecognition, ITranslatingRecogniser
from mentra.speech.deepgram import DeepgramSettings, deepgram
from mentra.speech.figures import engine_figures
from mentra.speech.recognition import recognition
from mentra.speech.settings import SpeechSettings
from mentra.speech.wyoming_recogniser import wyoming_recogniser
from mentra.speech.wyoming_settings import WyomingSettings
from mentra.testing.engines import FakeListener, FakeRecogniser, FakeTranslatingRecogniser
from mentra.testing.house import house_with
from mentra.testing.network import MemoryNetwork
from mentra.testing.speech_servers import StubDeepgram
from mentra.testing.wyoming_server import FakeWyomingServer
from mentra.web.sockets import WebSocketClient

SAID = (3000).to_bytes(2, "little") * 1600
"""A tenth of a second, loud enough to be speech."""

SECTIONS = (
    SpeechSettings(recognisers=("deepgram", "wyoming")),
    DeepgramSettings(base_url="ws://far.lan"),
    WyomingSettings(recognise="near.lan:10300", languages=("en",)),
)


class Stage:
    """Two recognisers, their servers, and a wearer who speaks for as long as the clock runs."""

    def __init__(self, clock):
        self.clock = clock
        self.network = MemoryNetwork()
        self.far, self.near = StubDeepgram(clock), FakeWyomingServer()
        self.network.serve("ws://far.lan", self.far)
        self.network.serve("near.lan:10300", self.near)
        self.house = house_with(
            engines, engine_figures, recognition, deepgram, wyoming_recogniser,
            clock=clock, sections=SECTIONS,
            parts={
                IDial: self.network,
                IWebSocketClient: WebSocketClient(self.network, clock),
            },
        )  # fmt: skip
        self.listener = FakeListener()
        self.stream = IRecognition(self.house).open(Recognition(language="en-US"), self.listener)

    def step(self):
        self.clock.advance(0.1)
        self.network.pump()

    def speak(self, seconds):
        for _ in range(round(seconds * 10)):
            self.stream.write(SAID)
            self.step()

    def end(self):
        self.stream.finalize()
        for _ in range(10):
            self.step()


@pytest.fixture
def stage(clock):
    made = Stage(clock)
    yield made
    made.stream.close()
    made.house.stopService()
    for _ in range(60):
        made.step()
    assert clock.getDelayedCalls() == []


def test_the_first_one_hears_while_it_can(stage):
    stage.speak(2)
    stage.end()

    assert stage.listener.text == "one two three four"
    assert stage.near.lines == []


def test_one_that_goes_in_mid_sentence_is_replaced_and_nothing_is_lost(stage):
    stage.speak(1)
    stage.network.cables[0].cut()
    stage.speak(1)
    stage.end()

    assert stage.listener.text == "one two three four"
    assert stage.listener.problems == []
    assert len(stage.near.last.sound) >= 2 * 32_000 - 640


def test_one_that_falls_silent_is_replaced_within_the_budget(stage):
    stage.speak(1)
    stage.far.is_hung = True

    stage.speak(8)
    stage.end()

    assert "one two three four five six" in stage.listener.text
    assert stage.listener.problems == []


def test_one_that_lets_nobody_in_is_passed_over(stage):
    stage.far.refusals.append((429, {"Retry-After": "30"}))

    stage.speak(2)
    stage.end()

    assert stage.listener.text == "one two three four"
    assert [one.is_open for one in stage.near.lines] == [False] * len(stage.near.lines)


@pytest.mark.parametrize(
    ("recognisers", "target", "translates"),
    [
        (("one", "plain"), "es-ES", True),
        (("one", "plain"), "fr", False),
        (("plain", "one"), "es", False),
        (("deaf", "one"), "es", True),
        ((), "es", False),
    ],
)
def test_the_one_that_hears_first_says_whether_it_translates(
    clock, recognisers, target, translates
):
    made = {
        "one": FakeTranslatingRecogniser("one"),
        "plain": FakeRecogniser("plain"),
        "deaf": FakeTranslatingRecogniser("deaf", "it lacks a key", (), ("en",), into=("fr",)),
    }
    factories = [
        EngineFactory(IRecogniser, name, lambda services, one=one: one)
        for name, one in made.items()
    ]
    house = house_with(
        engines, engine_figures, recognition, *factories,
        clock=clock, sections=(SpeechSettings(recognisers=recognisers),),
    )  # fmt: skip

    assert verifyObject(ITranslatingRecogniser, made["one"])
    assert IRecognition(house).translates("en-US", target) is translates
