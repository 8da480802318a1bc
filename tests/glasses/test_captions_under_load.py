"""Captions of several wearers, whose recogniser has one process for all of them."""

import json
from typing import Any

import attrs
import pytest
from twisted.internet.task import Clock

from mentra.extension import EngineFactory
from mentra.glasses.audio.manager import audio_chunk
from mentra.glasses.audio.voice import voice_activity
from mentra.interfaces.glasses import IApps, ISubscriptions
from mentra.interfaces.session import IUserSession
from mentra.interfaces.speech import IVoiceDetection
from mentra.interfaces.stores import IAppStore
from mentra.messages.audio import AudioChunk, Vad
from mentra.records import App, Permission
from mentra.speech.figures import engine_figures
from mentra.speech.pocketsphinx import PocketsphinxSettings, pocketsphinx
from mentra.testing.engines import FakeVoiceDetection, loud
from mentra.testing.house import FakeContext, house_with, session_in, success_of
from mentra.testing.peers import FakePeer
from tests.glasses.test_captions import ACME, PLUGINS
from tests.speech.crowd import Decoding
from tests.speech.puppets import Puppets

STEP = 0.1


@attrs.define
class Wearer:
    """Somebody with glasses and an app."""

    house: Any
    session: IUserSession
    app: FakePeer

    def _tell(self, handler: Any, message: Any) -> None:
        handler.handle(message, FakeContext(self.house, self.session, self.session.glasses))

    def vad(self, status: bool) -> None:
        self._tell(voice_activity, Vad(status=status, raw=b"{}"))

    def speak(self) -> None:
        self._tell(audio_chunk, AudioChunk(data=loud(100)))

    def finals(self) -> list[dict[str, Any]]:
        frames = [json.loads(one) for one in self.app.take() if isinstance(one, bytes)]
        return [one["data"] for one in frames if one["data"]["isFinal"]]


@attrs.define
class Evening:
    """Wearers, and one process that decodes at some speed."""

    clock: Clock
    wearers: list[Wearer]
    puppets: Puppets
    speed: float
    _decoding: list[Decoding] = attrs.field(factory=list)

    def goes_on(self, seconds: float, *, speaking: bool = False) -> None:
        for _ in range(round(seconds / STEP)):
            for one in self.wearers if speaking else ():
                one.speak()
            self.clock.advance(STEP)
            for puppet in self.puppets.all[len(self._decoding) :]:
                self._decoding.append(Decoding(puppet.ready(), self.speed))
            for one in self._decoding:
                one.work()


def evening_with(people: int, speed: float) -> Evening:
    clock = Clock()
    house = house_with(
        *PLUGINS,
        engine_figures,
        pocketsphinx,
        EngineFactory(IVoiceDetection, "webrtc", lambda services: FakeVoiceDetection()),
        clock=clock,
        sections=(PocketsphinxSettings(workers=1),),
    )
    app = App(package_name=ACME, permissions=(Permission(type="MICROPHONE"),))
    success_of(IAppStore(house).save(app))
    wearers = []
    for number in range(people):
        session = session_in(house, f"wearer{number}@x.org")
        wearers.append(Wearer(house, session, IApps(session).run(ACME)))
        ISubscriptions(session).update(ACME, ["transcription:en-US"])
    clock.advance(1)
    return Evening(clock, wearers, Puppets(house), speed)


@pytest.mark.parametrize("speed", [5, 0.5])
def test_what_everybody_said_is_told_late_rather_than_never(speed):
    evening = evening_with(5, speed)
    for one in evening.wearers:
        one.vad(True)

    evening.goes_on(6, speaking=True)
    for one in evening.wearers:
        one.vad(False)
    # 30 s of speech, of which the phone said long ago that it is over
    evening.goes_on(30 / speed + 5)

    for one in evening.wearers:
        (final,) = one.finals()
        assert int(final["text"]) == 6 * 32_000
    # nothing is held on to
    streams = evening.wearers[0].house.metrics.registry.get_sample_value(
        "mentra_recogniser_streams", {"engine": "pocketsphinx"}
    )
    assert streams == 0
