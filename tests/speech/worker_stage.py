"""Recognition by worker processes that a test speaks for."""

import attrs
from twisted.internet.task import Clock

from mentra.engines import engines
from mentra.extension import EngineFactory
from mentra.hearing import Recognition
from mentra.interfaces.engines import IEngines
from mentra.interfaces.speech import IRecogniser, IVoiceDetection
from mentra.speech.figures import engine_figures
from mentra.speech.pocketsphinx import PocketsphinxSettings, pocketsphinx
from mentra.speech.settings import SpeechSettings
from mentra.speech.voice_activity import VoiceActivitySettings
from mentra.testing.engines import FakeListener, FakeVoiceDetection, loud, quiet
from mentra.testing.house import house_with
from tests.speech.puppets import Puppets

ENGLISH = Recognition(language="en-US")
SENTENCE = loud(1000) + quiet(900)
HEARD = 1000 + 800
"""Milliseconds of the sentence that are given to a worker."""


def voice(name, detection):
    return EngineFactory(IVoiceDetection, name, lambda services: detection)


@attrs.define
class Stage:
    clock: Clock
    house: object
    engine: object
    puppets: Puppets
    listeners: list = attrs.field(factory=list)

    def open(self, wanted=ENGLISH, listener=None):
        self.listeners.append(listener or FakeListener())
        return self.engine.open(wanted, self.listeners[-1])

    @property
    def listener(self):
        return self.listeners[-1]

    def figure(self, name):
        value = self.house.metrics.registry.get_sample_value(name, {"engine": "pocketsphinx"})
        return value or 0.0


def set_stage(detection=None, **settings):
    clock = Clock()
    house = house_with(
        engines,
        engine_figures,
        pocketsphinx,
        voice("fake", detection or FakeVoiceDetection()),
        clock=clock,
        sections=[
            PocketsphinxSettings(**settings),
            SpeechSettings(voice_detection="fake"),
            VoiceActivitySettings(pre_roll=0.3),
        ],
    )
    engine = IEngines(house).get(IRecogniser, "pocketsphinx")
    return Stage(clock, house, engine, Puppets(house))
