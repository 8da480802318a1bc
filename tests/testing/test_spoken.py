"""Sentences, their sound, and the counting of errors."""

import pytest

from mentra.testing.spoken import (
    SENTENCES,
    chunks,
    grammar_of,
    silence,
    speak_with_flite,
    word_error_rate,
    word_errors,
    words_in,
)


def test_there_are_fifteen_sentences_and_a_grammar_of_them():
    assert len(set(SENTENCES)) == 15
    assert all(sentence in grammar_of() for sentence in SENTENCES)


@pytest.mark.parametrize(
    ("said", "understood", "errors"),
    [
        ("one two three", "one two three", 0),
        ("One two, three!", "one two three", 0),
        ("one two three", "one three", 1),
        ("one two three", "one to three four", 2),
        ("one two three", "", 3),
        ("", "one", 1),
    ],
)
def test_errors_are_counted_in_words(said, understood, errors):
    assert word_errors(said, understood) == errors


def test_the_rate_is_that_of_all_words():
    assert word_error_rate([("a b c", "a b c"), ("d", "e")]) == 0.25


def test_an_apostrophe_is_part_of_a_word():
    assert words_in("Ten o'clock!") == ["ten", "o'clock"]


def test_sound_is_cut_into_chunks():
    assert [len(one) for one in chunks(silence(0.25))] == [3200, 3200, 1600]


@pytest.mark.slow
def test_flite_speaks():
    sound = speak_with_flite(SENTENCES[0])

    assert 32_000 < len(sound) < 160_000
    assert len(sound) % 2 == 0
