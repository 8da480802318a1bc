"""Voice detection by WebRTC's detector."""

import math
import random
from array import array

import pytest

from mentra.engines import engines
from mentra.errors import NotThere, Refused
from mentra.extension import EngineFactory
from mentra.interfaces.engines import IEngines
from mentra.interfaces.speech import IVoiceDetection
from mentra.speech.endpointing import SpeechEnded, SpeechStarted
from mentra.speech.settings import SpeechSettings
from mentra.speech.voice_activity import (
    MISSING,
    VoiceActivitySettings,
    WebrtcDetection,
    endpointer,
    voice_detection,
    webrtc_detection,
)
from mentra.testing.engine_contracts import detects_as_promised, says_what_it_lacks
from mentra.testing.engines import FakeVoiceDetection, loud, quiet
from mentra.testing.house import house_with
from mentra.testing.spoken import SENTENCES, silence, speak_with_flite


def noise(seconds, loudness=1000):
    """White noise."""
    dice = random.Random(1)
    samples = (dice.gauss(0, loudness) for _ in range(int(16_000 * seconds)))
    return array("h", (max(-32_768, min(32_767, int(one))) for one in samples)).tobytes()


@pytest.fixture
def house():
    return house_with(engines, webrtc_detection)


@pytest.mark.slow
def test_it_keeps_its_promise(house):
    detects_as_promised(voice_detection(house), speak_with_flite(SENTENCES[0]))


@pytest.mark.slow
def test_each_spoken_sentence_is_an_utterance(house):
    sound = b"".join(speak_with_flite(one) + silence(1.5) for one in SENTENCES[:4])

    events = endpointer(house).feed(silence(1) + sound)

    assert len([one for one in events if isinstance(one, SpeechEnded)]) == 4


@pytest.mark.parametrize("loudness", [30, 1000, 8000])
def test_silence_and_noise_are_no_speech(house, loudness):
    ends = endpointer(house)

    assert ends.feed(quiet(1000) + noise(2, loudness) + quiet(1000)) == []


def test_a_tone_is_no_speech(house):
    wave = (int(8000 * math.sin(n * math.tau * 440 / 16_000)) for n in range(32_000))

    assert endpointer(house).feed(quiet(500) + array("h", wave).tobytes() + quiet(500)) == []


@pytest.mark.slow
@pytest.mark.parametrize("word", ["no", "yes", "stop", "what"])
def test_a_short_word_is_an_utterance(house, word):
    sound = silence(1) + speak_with_flite(word) + silence(1.5)

    starts = [one for one in endpointer(house).feed(sound) if isinstance(one, SpeechStarted)]

    # what is before the word is not cut off
    assert [900 <= one.at_ms <= 1100 for one in starts] == [True]


@pytest.mark.slow
def test_speech_is_found_in_noise(house):
    sound = array("h", noise(6, 500))
    for at, sample in enumerate(array("h", speak_with_flite(SENTENCES[0])), 32_000):
        sound[at] = max(-32_768, min(32_767, sound[at] + sample))

    events = endpointer(house).feed(sound.tobytes())

    (start,) = [one.at_ms for one in events if isinstance(one, SpeechStarted)]
    (end,) = [one.at_ms for one in events if isinstance(one, SpeechEnded)]
    assert 1500 <= start <= 2500
    assert 3500 <= end <= 5500


def test_a_frame_is_twenty_milliseconds(house):
    with pytest.raises(ValueError, match="640"):
        voice_detection(house).detector().is_speech(quiet(10))


def test_a_package_that_is_missing_is_named(house, monkeypatch):
    monkeypatch.setattr("mentra.speech.voice_activity.find_spec", lambda name: None)
    detection = WebrtcDetection(house)

    says_what_it_lacks(detection, "mentra[speech]")
    with pytest.raises(Refused, match="mentra"):
        detection.detector()
    assert detection.unavailable() == MISSING


def test_the_configuration_says_which_engine_it_is_and_how_patient():
    house = house_with(
        engines,
        EngineFactory(IVoiceDetection, "fake", lambda services: FakeVoiceDetection()),
        sections=[
            SpeechSettings(voice_detection="fake"),
            VoiceActivitySettings(silence=0.2, pre_roll=0.1),
        ],
    )

    events = endpointer(house).feed(quiet(1000) + loud(400) + quiet(400))

    assert voice_detection(house) is IEngines(house).get(IVoiceDetection, "fake")
    assert (events[0].at_ms, events[-1].at_ms) == (880, 1600)


def test_an_engine_that_is_not_there_is_told():
    house = house_with(engines, sections=[SpeechSettings(voice_detection="gone")])

    with pytest.raises(NotThere, match="gone"):
        endpointer(house)
