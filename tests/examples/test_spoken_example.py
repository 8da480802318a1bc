"""The spoken sentence for machines on which no program speaks."""

from pathlib import Path

import pytest
import pytest_twisted

from mentra.hearing import Recognition
from mentra.speech.pocketsphinx import pocketsphinx
from mentra.speech.wav import pcm_of_wav, read_wav
from mentra.testing.spoken import SENTENCES
from tests.speech.hall import Ear, real_house, recogniser

FILE = Path(__file__).parents[2] / "examples" / "speech" / "weather.wav"
SAID = "the weather is very nice today"


def test_it_is_short_and_needs_no_filter():
    sound = read_wav(FILE.read_bytes())

    assert (sound.rate, sound.channels) == (16_000, 1)
    assert len(FILE.read_bytes()) < 150_000
    assert SAID in SENTENCES
    assert SAID in FILE.with_name("README.rst").read_text("utf-8")


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_it_says_what_it_is_said_to_say():
    async with real_house(pocketsphinx) as house:
        ear = Ear(recogniser(house, "pocketsphinx"), Recognition(language="en"))

        text = await ear.understood(pcm_of_wav(FILE.read_bytes()))

    assert text == SAID
