"""Sentences, memory, the moves of turn taking, WAV files and guests' time, each by itself."""

import struct
from typing import Any

import pytest
from automat import NoTransition
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from mentra.errors import Refused
from mentra.speech.sound_files import SoundFile, wav_of
from mentra.testing.house import success_of
from mentra.voice.guest_time import MOST, Allowance, GuestTime
from mentra.voice.memory import Memory
from mentra.voice.sentences import LONGEST, Sentences, speakable
from mentra.voice.turn_taking import MOVES, Floor, TurnTaking, turn_taking_machine
from mentra.voice.waves import pcm_of

# -- sentences -------------------------------------------------------------------------------


def sentences_of(*pieces: str) -> list[str]:
    sentences = Sentences()
    found = [one for piece in pieces for one in sentences.add(piece)]
    return found + sentences.rest()


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Hello there. How are you? Fine!", ["Hello there.", "How are you?", "Fine!"]),
        ("It costs 3.5 euros. Yes.", ["It costs 3.5 euros.", "Yes."]),
        ("Ask J. Smith, e.g. today.", ["Ask J. Smith, e.g. today."]),
        ('He said "no." And left.', ['He said "no."', "And left."]),
        ("First\nSecond\n\nThird", ["First", "Second", "Third"]),
        ("* **Bold** and `code`\n# Title", ["Bold and code", "Title"]),
        ("See [the page](https://x.org/y.z). Now.", ["See the page.", "Now."]),
        ("\u4f60\u597d\u3002\u518d\u89c1\uff01", ["\u4f60\u597d\u3002", "\u518d\u89c1\uff01"]),
        ("... --- !!! 🙂", []),
        ("", []),
    ],
)
def test_a_text_is_said_sentence_by_sentence(text, sentences):
    assert sentences_of(text) == sentences


@given(st.text(alphabet="ab. ,!?\n*1", max_size=400), st.lists(st.integers(1, 9), min_size=1))
def test_it_does_not_matter_how_it_comes(text, sizes):
    pieces, at, turn = [], 0, 0
    while at < len(text):
        pieces.append(text[at : at + sizes[turn % len(sizes)]])
        at, turn = at + len(pieces[-1]), turn + 1

    assert sentences_of(*pieces) == sentences_of(*text)


@given(st.text(max_size=2000))
def test_no_sentence_is_endless_and_no_word_is_lost(text):
    found = sentences_of(text)

    assert all(len(one) <= LONGEST for one in found)
    if "`" not in text and "[" not in text:
        said = sum(one.isalnum() for sentence in found for one in sentence)
        assert said <= sum(one.isalnum() for one in text)


@given(st.text(max_size=100))
def test_what_can_be_said_has_something_to_say(text):
    plain = speakable(text)

    assert plain == "" or any(map(str.isalnum, plain))


# -- memory ----------------------------------------------------------------------------------


@given(
    st.integers(0, 5), st.integers(0, 40), st.lists(st.tuples(st.text(max_size=20),
    st.text(max_size=20)), max_size=12),
)  # fmt: skip
def test_memory_is_bounded_and_keeps_the_newest(turns, characters, said):
    memory = Memory(turns, characters)
    for asked, answered in said:
        memory.add(asked, answered)

    kept = memory.turns()
    pairs = list(zip(kept[::2], kept[1::2], strict=True))
    assert len(pairs) <= turns
    assert sum(len(one.content) for one in kept) <= characters
    assert [(a.content, b.content) for a, b in pairs] == said[len(said) - len(pairs) :]
    assert {one.role for one in kept[::2]} <= {"user"}


# -- moves -----------------------------------------------------------------------------------

WAYS = {
    "idle": (), "listening": ("hears",), "processing": ("hears", "is_asked"),
    "speaking": ("hears", "is_asked", "answers"), "interrupted": ("hears", "is_interrupted"),
    "error": ("fails",),
}  # fmt: skip
INPUTS = [name for name in vars(TurnTaking) if not name.startswith("_")]


@pytest.mark.parametrize("state", MOVES)
@pytest.mark.parametrize("happens", INPUTS)
def test_the_moves_are_those_that_are_written_down_and_no_others(state, happens):
    told: list[tuple[str, str]] = []
    floor = Floor(lambda before, now: told.append((before, now)))
    machine: Any = turn_taking_machine(floor)
    for name in WAYS[state]:
        getattr(machine, name)()
    told.clear()
    target = MOVES[state].get(getattr(TurnTaking, happens))

    if target is None:
        with pytest.raises(NoTransition):
            getattr(machine, happens)()
    else:
        getattr(machine, happens)()

    assert told == ([] if target is None else [(state, target)])


# -- sound -----------------------------------------------------------------------------------


def test_a_wav_file_of_our_own_rate_is_sent_as_it_is():
    assert success_of(pcm_of(SoundFile(wav_of(b"\1\0" * 100)))) == b"\1\0" * 100


def test_another_rate_is_resampled():
    pcm = success_of(pcm_of(SoundFile(wav_of(b"\0\1" * 22_050, rate=22_050))))

    assert len(pcm) == 32_000


def test_a_length_that_a_pipe_could_not_know_is_not_believed():
    data = wav_of(b"\1\0" * 100)
    at = data.index(b"data") + 4

    for length in (0x7FFFFFFF, 0xFFFFFFFF, 201):
        patched = data[:at] + struct.pack("<I", length) + data[at + 4 :]
        assert success_of(pcm_of(SoundFile(patched))) == b"\1\0" * 100


@pytest.mark.parametrize(
    "speech",
    [
        SoundFile(b"x" * 100, "audio/mpeg"),
        SoundFile(b""),
        SoundFile(b"RIFF"),
        SoundFile(b"RIFF....WAVEdata" + bytes(8)),
        SoundFile(wav_of(b"")[:20]),
    ],
)
def test_what_is_no_sound_is_refused(speech):
    with pytest.raises(Refused, match="cannot be"):
        success_of(pcm_of(speech))


@given(st.binary(max_size=200))
def test_no_file_makes_it_raise_anything_else(data):
    try:
        success_of(pcm_of(SoundFile(b"RIFF\0\0\0\0WAVE" + data)))
    except Refused as refusal:
        assert refusal.code == "UNUSABLE_SPEECH"  # noqa: PT017 - either way


# -- guests ----------------------------------------------------------------------------------


def test_time_for_guests_grows_and_is_never_more_than_an_hours():
    clock = Clock()
    time = Allowance(clock, 60.0)

    time.spend(61)
    at_once = time.is_left()
    clock.advance(59)
    not_yet = time.is_left()
    clock.advance(2)
    later = time.is_left()
    clock.advance(36_000)
    time.is_left()
    time.spend(60)

    assert (at_once, not_yet, later, time.is_left()) == (False, False, True, False)


def test_without_any_time_nobody_is_a_guest():
    assert Allowance(Clock(), 0.0).is_left() is False


def test_one_guest_cannot_use_up_the_time_of_all():
    time = GuestTime(Clock(), 100.0, 30.0)
    greedy, other = time.share("192.0.2.1"), time.share("192.0.2.2")

    greedy.spend(30)

    assert (greedy.is_left(), other.is_left()) == (False, True)


def test_the_time_of_all_guests_is_bounded_too():
    time = GuestTime(Clock(), 60.0, 30.0)
    for last in range(3):
        time.share(f"192.0.2.{last}").spend(20)

    assert time.share("192.0.2.9").is_left() is False


@pytest.mark.parametrize(
    ("one", "another", "are_one"),
    [
        ("2001:db8::1", "2001:db8::2:3", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "", True),
    ],
)
def test_guests_are_told_apart_by_what_they_cannot_change_at_will(one, another, are_one):
    time = GuestTime(Clock(), 100.0, 30.0)
    time.share(one).spend(30)

    assert time.share(another).is_left() is not are_one


def test_guests_are_forgotten_when_they_have_used_nothing_or_are_too_many():
    clock = Clock()
    time = GuestTime(clock, 1e9, 30.0)
    time.share("192.0.2.1").spend(30)
    time.share("192.0.2.2").spend(1)
    clock.advance(3000)
    for number in range(MOST - 1):
        time.share(f"198.51.{number >> 8}.{number & 255}").spend(30)

    assert time.share("192.0.2.1").is_left()
    assert len(time._own) <= MOST
