"""The worker process, without a process and without an engine."""

import sys

import pytest

from mentra.speech.decoding import CannotBegin, CannotLoad
from mentra.speech.pipe import Begin, Done, Drop, End, Guess, Sound, Taken
from mentra.speech.pocketsphinx_decoder import PocketsphinxDecoder
from mentra.speech.worker import DECODERS, Worker, load


class Scripted:
    """A decoder that keeps what it was asked."""

    def __init__(self):
        self.calls = []

    def begin(self, grammar, interim, manner):
        if grammar == "rubbish":
            raise CannotBegin("that is no grammar")
        self.calls.append(("begin", grammar, interim, manner))

    def sound(self, pcm, look=True):
        self.calls.append(("sound", pcm))
        return Guess(f"{len(pcm)}") if look else None

    def end(self):
        self.calls.append(("end",))
        return Guess("all"), "mine"

    def drop(self):
        self.calls.append(("drop",))


def told(*messages):
    """What the decoder was asked, and what was answered."""
    decoder, said = Scripted(), []
    worker = Worker(decoder, said.append)
    for message in messages:
        worker.told(message)
    return [call[0] for call in decoder.calls], said


def test_an_utterance_is_begun_heard_and_ended():
    calls, said = told(Begin(7, "g", True, "m"), Sound(7, b"ab"), End(7))

    assert calls == ["begin", "sound", "end"]
    assert said == [Taken(7, Guess("2")), Done(7, Guess("all"), "mine")]


def test_where_much_waits_nobody_asks_what_it_sounds_like_by_now():
    _, said = told(Begin(7, "g", True, "m"), Sound(7, b"ab", False), Sound(7, b"cd", True))

    assert said == [Taken(7, None), Taken(7, Guess("2"))]


def test_what_belongs_to_no_utterance_is_ignored():
    assert told(Sound(1, b"ab"), End(1), Drop(1)) == ([], [])
    assert told(Begin(1, "", True, ""), End(1), Sound(1, b"ab"), End(1))[0] == ["begin", "end"]


def test_a_dropped_utterance_is_not_answered():
    assert told(Begin(1, "", True, ""), Drop(1), End(1)) == (["begin", "drop"], [])


def test_an_utterance_that_was_not_ended_makes_room_for_the_next():
    assert told(Begin(1, "", True, ""), Begin(2, "", True, ""))[0] == ["begin", "drop", "begin"]


def test_an_utterance_that_cannot_be_begun_is_refused():
    calls, said = told(Begin(1, "rubbish", True, ""), Sound(1, b"ab"), Begin(2, "", True, ""))

    assert said == [Done(1, None, "", "that is no grammar")]
    assert calls == ["begin"]


PACKAGES = {"pocketsphinx": "pocketsphinx", "sherpa": "sherpa_onnx"}


@pytest.mark.parametrize("kind", DECODERS)
def test_a_package_that_is_missing_is_named(kind, monkeypatch):
    monkeypatch.setitem(sys.modules, PACKAGES[kind], None)

    with pytest.raises(CannotLoad, match="pip install"):
        load(kind, {})


class FakeHypothesis:
    def __init__(self, text):
        self.hypstr = text


class FakeSegment:
    def __init__(self, word, start, end, prob=1.0):
        self.word, self.start_frame, self.end_frame, self.prob = word, start, end, prob


class FakeSphinx:
    """What a pocketsphinx.Decoder does, as far as it is used."""

    def __init__(self):
        self.text = None
        self.words = ()
        self.cmn = "first"
        self.looks = 0
        self.log = []

    def get_cmn(self, update):
        return self.cmn

    def set_cmn(self, cmn):
        self.log.append(f"cmn {cmn}")
        self.cmn = cmn

    def start_utt(self):
        self.log.append("start")

    def end_utt(self):
        self.log.append("end")

    def process_raw(self, pcm, no_search, full_utt):
        self.log.append(len(pcm))

    def hyp(self):
        self.looks += 1
        return None if self.text is None else FakeHypothesis(self.text)

    def seg(self):
        return iter(self.words)

    def activate_search(self, name=None):
        self.log.append(f"search {name}")

    def add_jsgf_string(self, name, grammar):
        if "JSGF" not in grammar:
            raise ValueError("no grammar")


def test_words_are_told_without_marks_and_with_times():
    sphinx = FakeSphinx()
    decoder = PocketsphinxDecoder(sphinx)
    decoder.begin("", True, "")
    sphinx.text = "went to"
    sphinx.words = (
        FakeSegment("<s>", 0, 9),
        FakeSegment("went", 10, 19, 0.5),
        FakeSegment("<sil>", 20, 29),
        FakeSegment("to(3)", 30, 39, 1.0002),
        FakeSegment("[NOISE]", 40, 49),
        FakeSegment("++BREATH++", 50, 59),
        FakeSegment("(NULL)", 59, 59),
    )

    guess = decoder.sound(bytes(3200))

    assert guess == Guess("went to", (("went", 100, 200, 0.5), ("to", 300, 400, 1.0)))


def test_it_looks_every_tenth_of_a_second_and_says_only_what_is_new():
    sphinx = FakeSphinx()
    decoder = PocketsphinxDecoder(sphinx)
    decoder.begin("", True, "")

    assert [decoder.sound(bytes(640)) for _ in range(5)] == [None] * 5
    assert sphinx.looks == 1
    sphinx.text = "good"
    guesses = [decoder.sound(bytes(640)) for _ in range(10)]
    assert guesses == [None] * 4 + [Guess("good")] + [None] * 5


def test_it_does_not_look_where_nobody_asks_it_to():
    sphinx = FakeSphinx()
    sphinx.text = "good"
    decoder = PocketsphinxDecoder(sphinx)
    decoder.begin("", True, "")

    assert decoder.sound(bytes(32_000), False) is None
    assert sphinx.looks == 0
    assert decoder.sound(bytes(640)) == Guess("good")


def test_who_wants_no_guesses_gets_none():
    sphinx = FakeSphinx()
    sphinx.text = "good"
    decoder = PocketsphinxDecoder(sphinx)
    decoder.begin("", False, "")

    assert decoder.sound(bytes(32_000)) is None
    assert decoder.end() == (Guess("good"), "first")


def test_each_wearer_has_a_manner():
    sphinx = FakeSphinx()
    decoder = PocketsphinxDecoder(sphinx)

    decoder.begin("", True, "anns")
    decoder.end()
    decoder.begin("", True, "")
    decoder.drop()
    decoder.drop()

    assert sphinx.log == ["cmn anns", "start", "end", "cmn first", "start", "end"]


def test_a_grammar_is_kept_until_another_is_wanted():
    sphinx = FakeSphinx()
    decoder = PocketsphinxDecoder(sphinx, "#JSGF usual")

    for grammar in ("", "#JSGF own", "#JSGF own", ""):
        decoder.begin(grammar, True, "")
        decoder.drop()

    searches = [one for one in sphinx.log if str(one).startswith("search")]
    # the package's own search in between, so that the old grammar can go
    assert searches == ["search None", "search wanted"] * 3


def test_after_a_grammar_that_is_none_the_usual_one_is_back():
    sphinx = FakeSphinx()
    decoder = PocketsphinxDecoder(sphinx)

    with pytest.raises(CannotBegin):
        decoder.begin("rubbish", True, "")
    decoder.begin("", True, "")

    assert sphinx.log[-3:] == ["search None", "cmn first", "start"]
