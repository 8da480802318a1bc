"""The contract of recognisers passes one that keeps it, and notices those that do not."""

import attrs
import pytest
from twisted.internet.task import Clock
from zope.interface import implementer

from mentra.errors import Refused
from mentra.hearing import Heard, Recognition, Word
from mentra.interfaces.speech import IRecogniser, IRecogniserStream
from mentra.testing.engine_contracts import (
    RecogniserTrial,
    is_sentence,
    pieces,
    recognises_as_promised,
    says_what_it_lacks,
    stepping,
)
from mentra.testing.engines import FakeEngine, FakeTranslator, loud
from mentra.testing.house import success_of


@implementer(IRecogniserStream)
class Meter:
    """Recognises how much it heard, a second after it was told to."""

    def __init__(self, engine, listener):
        self.engine = engine
        self.listener = listener
        self.heard = self.total = 0
        self.closed = False

    def write(self, pcm):
        self.total += len(pcm) // 32
        self.heard += 1 if self.engine.counts_pieces else len(pcm)

    def finalize(self):
        self.engine.clock.callLater(1, self._tell)

    def _tell(self):
        if self.closed and not self.engine.talks_on:
            return
        end = self.total + self.engine.late
        word = Word(text="x", start_ms=self.total - 10, end_ms=end)
        self.listener.heard(
            Heard(
                text=f"heard {self.heard}",
                is_final=True,
                start_ms=self.total - 10,
                end_ms=end,
                words=(word,),
            )
        )
        self.heard = 0

    def close(self):
        self.closed = True


@implementer(IRecogniser)
@attrs.define
class Metering(FakeEngine):
    clock: Clock = attrs.field(factory=Clock)
    counts_pieces: bool = False
    talks_on: bool = False
    knows_everything: bool = False
    late: int = 0

    def speaks(self, language):
        return self.knows_everything or language == "en"

    def open(self, wanted, listener):
        if not self.speaks(wanted.language):
            raise Refused("UNKNOWN_LANGUAGE", "it knows English alone")
        return Meter(self, listener)


def tried(**faults):
    engine = Metering(**faults)

    def step():
        engine.clock.advance(0.5)

    async def rest():
        engine.clock.advance(10)

    trial = RecogniserTrial(
        recogniser=engine,
        wanted=Recognition(language="en"),
        speech=loud(1000),
        settle=stepping(step),
        after_close=rest,
    )
    return success_of(recognises_as_promised(trial))


def test_who_keeps_the_contract_passes():
    assert tried() is None


@pytest.mark.parametrize(
    "fault",
    [
        {"counts_pieces": True},
        {"talks_on": True},
        {"knows_everything": True},
        {"late": 5000},
        {"lacking": "install the package meter"},
        {"name": "Meter"},
    ],
    ids=lambda fault: next(iter(fault)),
)
def test_who_breaks_the_contract_does_not(fault):
    with pytest.raises(AssertionError):
        tried(**fault)


def test_waiting_has_an_end():
    with pytest.raises(AssertionError):
        success_of(stepping(lambda: None, 3)(lambda: False))


def test_pieces_are_all_there_is():
    assert list(pieces(b"abcdefgh", [2, 3])) == [b"ab", b"cde", b"fg", b"h"]


def test_a_sentence_is_fit_for_people():
    assert is_sentence("install the extra mentra[speech]")
    assert not is_sentence("ImportError")
    assert not is_sentence("it broke\nTraceback")


def test_what_is_lacking_is_named():
    engine = FakeTranslator(lacking="set translation.url in mentra.toml")

    says_what_it_lacks(engine, "translation.url")
    with pytest.raises(AssertionError):
        says_what_it_lacks(engine, "translation.key")
    with pytest.raises(AssertionError):
        says_what_it_lacks(FakeTranslator())
