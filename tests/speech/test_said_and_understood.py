"""What is served as speech is speech: it is understood again."""

import pytest
import pytest_twisted

from mentra.glasses.speech_route import Spoken, speak, utterances
from mentra.hearing import Recognition
from mentra.speech.pocketsphinx import pocketsphinx
from mentra.speech.spoken_programs import espeak_ng, flite
from mentra.speech.synthesis import SynthesisSettings, synthesiser
from mentra.speech.wav import pcm_of_wav
from mentra.testing.requests import FakeCall
from mentra.testing.spoken import SENTENCES, grammar_of
from tests.speech.hall import Ear, real_house, recogniser

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("engine", ["flite", "espeak-ng"])
@pytest_twisted.ensureDeferred
async def test_what_is_spoken_over_http_is_understood(engine):
    plugins = (pocketsphinx, flite, espeak_ng, synthesiser, utterances)
    settings = SynthesisSettings(engine=engine)
    async with real_house(*plugins, sections=(settings,)) as house:
        call = FakeCall(house)
        call.asked = Spoken(text=SENTENCES[3])
        answer = await speak.handle(call)
        wanted = Recognition(language="en", grammar=grammar_of())

        text = await Ear(recogniser(house, "pocketsphinx"), wanted).understood(
            pcm_of_wav(answer.body)
        )

    assert answer.content_type == "audio/wav"
    assert text == SENTENCES[3]
