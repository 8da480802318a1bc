"""sherpa-onnx: what its decoder makes of a recogniser's answers, and the real one's refusals.

There is no model here, so no real one understands anything in these tests.
"""

import sys
import types

import pytest
import pytest_twisted

from mentra.engines import engines
from mentra.hearing import Recognition
from mentra.interfaces.engines import IEngines
from mentra.interfaces.speech import IRecogniser
from mentra.speech.decoding import CannotLoad
from mentra.speech.figures import engine_figures
from mentra.speech.pipe import Guess
from mentra.speech.sherpa import SherpaSettings, sherpa
from mentra.speech.sherpa_decoder import SherpaDecoder, load
from mentra.testing.engine_contracts import refuses_to_open, says_what_it_lacks
from mentra.testing.engines import FakeListener
from mentra.testing.house import house_with
from tests.speech.hall import real_house, recogniser, until


class FakeStream:
    """What sherpa-onnx calls a stream."""

    def __init__(self):
        self.samples = []
        self.is_finished = False
        self.decoded = 0

    def accept_waveform(self, rate, samples):
        assert rate == 16_000
        self.samples += samples

    def input_finished(self):
        self.is_finished = True


class FakeOnline:
    """A recogniser that understands a token every tenth of a second."""

    tokens_known = ("\u2581GOOD", "\u2581MOR", "NING", "\u2581ALL")

    def __init__(self, **given):
        self.given = given
        self.streams = []

    def create_stream(self):
        self.streams.append(FakeStream())
        return self.streams[-1]

    def is_ready(self, stream):
        return stream.decoded + 1600 <= len(stream.samples)

    def decode_stream(self, stream):
        stream.decoded += 1600

    def tokens(self, stream):
        return list(self.tokens_known[: stream.decoded // 1600])

    def timestamps(self, stream):
        return [n / 10 for n in range(len(self.tokens(stream)))]

    def get_result(self, stream):
        return "".join(self.tokens(stream)).replace("\u2581", " ").strip()


TENTH = (16_384).to_bytes(2, "little") * 1600


def test_words_are_put_together_from_tokens_and_have_times():
    decoder = SherpaDecoder(FakeOnline())
    decoder.begin("", True, "")

    guesses = [decoder.sound(TENTH) for _ in range(3)]

    assert guesses == [
        Guess("good", (("good", 0, 100, -1.0),)),
        Guess("good mor", (("good", 0, 100, -1.0), ("mor", 100, 200, -1.0))),
        Guess("good morning", (("good", 0, 100, -1.0), ("morning", 100, 300, -1.0))),
    ]


def test_samples_are_between_minus_one_and_one():
    online = FakeOnline()
    decoder = SherpaDecoder(online)
    decoder.begin("", True, "")

    decoder.sound(TENTH)

    assert set(online.streams[0].samples) == {0.5}


def test_the_end_lets_the_model_look_ahead():
    online = FakeOnline()
    decoder = SherpaDecoder(online)
    decoder.begin("", False, "")

    assert decoder.sound(TENTH) is None
    guess, manner = decoder.end()

    # what came after the sound is within it
    assert guess == Guess(
        "good morning all",
        (("good", 0, 100, -1.0), ("morning", 100, 100, -1.0), ("all", 100, 100, -1.0)),
    )
    assert manner == ""
    assert online.streams[0].is_finished


def test_nothing_new_is_not_told_again():
    decoder = SherpaDecoder(FakeOnline())
    decoder.begin("", True, "")
    decoder.sound(TENTH)

    assert decoder.sound(b"\0\0") is None


def test_it_says_nothing_where_nobody_asks():
    decoder = SherpaDecoder(FakeOnline())
    decoder.begin("", True, "")

    assert decoder.sound(TENTH, False) is None
    assert decoder.sound(TENTH) is not None


def test_each_utterance_has_a_stream_of_its_own():
    online = FakeOnline()
    decoder = SherpaDecoder(online)

    for _ in range(2):
        decoder.begin("", True, "")
        decoder.sound(TENTH)
        decoder.drop()

    assert [len(stream.samples) for stream in online.streams] == [1600, 1600]


def test_nothing_heard_is_no_guess():
    online = FakeOnline()
    online.tokens_known = ()
    decoder = SherpaDecoder(online)
    decoder.begin("", True, "")

    assert decoder.sound(TENTH) is None
    assert decoder.end() == (None, "")


@pytest.fixture
def package(monkeypatch):
    """A package that has the fake recogniser; what was made of which kind."""
    made = []

    def maker(kind):
        def make(**given):
            made.append((kind, given))
            return FakeOnline(**given)

        return make

    factory = types.SimpleNamespace(
        **{f"from_{kind}": maker(kind) for kind in ("transducer", "paraformer", "zipformer2_ctc")}
    )
    monkeypatch.setitem(sys.modules, "sherpa_onnx", types.SimpleNamespace(OnlineRecognizer=factory))
    return made


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        (("encoder", "decoder", "joiner"), "transducer"),
        (("encoder", "decoder"), "paraformer"),
        (("model",), "zipformer2_ctc"),
    ],
)
def test_the_kind_of_model_is_seen_by_its_files(package, tmp_path, parts, kind):
    for part in parts:
        (tmp_path / f"{part}-epoch-99.onnx").write_bytes(b"12345678")
        (tmp_path / f"{part}-epoch-99.int8.onnx").write_bytes(b"1234")

    load({"model": str(tmp_path), "threads": 3})

    ((made, given),) = package
    assert made == kind
    assert given.pop("num_threads") == 3
    assert given.pop("tokens") == str(tmp_path / "tokens.txt")
    assert given == {part: str(tmp_path / f"{part}-epoch-99.int8.onnx") for part in parts}


def test_a_folder_without_a_model_is_told(package, tmp_path):
    with pytest.raises(CannotLoad, match=r"\[sherpa\] model"):
        load({"model": str(tmp_path), "threads": 1})


def test_without_a_model_it_says_so():
    house = house_with(engines, engine_figures, sherpa)

    engine = IEngines(house).get(IRecogniser, "sherpa")

    says_what_it_lacks(engine, "[sherpa]", "model")
    refuses_to_open(engine, "en", "ENGINE_UNAVAILABLE", "[sherpa]")
    assert engine.speaks("en-GB")
    assert not engine.speaks("de")


@pytest.mark.slow
@pytest.mark.parametrize("content", [None, b"rubbish"])
@pytest_twisted.ensureDeferred
async def test_the_real_package_refuses_a_model_that_is_missing_or_broken(tmp_path, content):
    if content is not None:
        (tmp_path / "tokens.txt").write_text("a 0\nb 1\n")
        for part in ("encoder", "decoder", "joiner"):
            (tmp_path / f"{part}.onnx").write_bytes(content)
    async with real_house(sherpa, sections=(SherpaSettings(model=str(tmp_path)),)) as house:
        engine, listener = recogniser(house, "sherpa"), FakeListener()
        engine.open(Recognition(language="en"), listener)

        await until(lambda: engine.unavailable() is not None)

        assert "no streaming model that works" in engine.unavailable()
