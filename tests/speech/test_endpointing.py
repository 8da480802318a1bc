"""Utterances are found in sound, however it is cut."""

from hypothesis import given
from hypothesis import strategies as st

from mentra.speech.endpointing import Endpointer, SpeechEnded, SpeechSound, SpeechStarted
from mentra.testing.engine_contracts import pieces
from mentra.testing.engines import FakeDetector, loud, quiet


def endpointer(**settings):
    return Endpointer(FakeDetector().is_speech, **settings)


def told(events):
    """Start, bytes of sound and end of each utterance."""
    found = []
    for event in events:
        if isinstance(event, SpeechStarted):
            found.append([event.at_ms, b"", None])
        elif isinstance(event, SpeechSound):
            assert found[-1][2] is None
            found[-1][1] += event.pcm
        else:
            assert found[-1][2] is None
            found[-1][2] = event.at_ms
    return found


def test_an_utterance_has_what_was_just_before_it_and_the_silence_after_it():
    ends = endpointer()

    events = ends.feed(quiet(1000) + loud(500) + quiet(2000))

    # the pre-roll reaches back from the first frame of speech
    assert events[0] == SpeechStarted(680)
    assert events[-1] == SpeechEnded(at_ms=2300, last_speech_ms=1500)
    ((_, sound, _),) = told(events)
    assert sound == quiet(320) + loud(500) + quiet(800)
    assert not ends.is_speaking


def test_silence_is_nothing():
    assert endpointer().feed(quiet(60_000)) == []


def test_a_click_is_no_speech():
    assert endpointer().feed(quiet(500) + loud(80) + quiet(500)) == []


def test_a_pause_within_a_sentence_ends_nothing():
    events = endpointer().feed(loud(300) + quiet(780) + loud(300) + quiet(900))

    assert len(told(events)) == 1


def test_speech_at_the_very_beginning_is_whole():
    ((start, sound, end),) = told(endpointer().feed(loud(400) + quiet(900)))

    assert (start, sound, end) == (0, loud(400) + quiet(800), 1200)


def test_what_was_before_an_utterance_is_not_told_twice():
    events = endpointer(silence_ms=100).feed(loud(200) + quiet(100) + loud(200) + quiet(100))

    (_, first, end), (start, second, _) = told(events)
    assert start == end == 300
    assert first == second == loud(200) + quiet(100)


def test_flushing_ends_an_utterance_with_all_that_came():
    ends = endpointer()
    events = ends.feed(loud(400) + quiet(10))

    events += ends.flush()

    assert told(events) == [[0, loud(400) + quiet(10), 410]]
    assert ends.flush() == []


def test_after_flushing_speech_is_found_again():
    ends = endpointer()
    ends.feed(loud(410))
    ends.flush()

    events = ends.feed(loud(200) + quiet(900))

    assert told(events) == [[410, loud(200) + quiet(800), 1410]]


def test_whoever_never_pauses_is_divided_without_a_gap():
    ends = endpointer(most_ms=2000)

    events = ends.feed(loud(5000)) + ends.flush()

    assert [(start, len(sound) // 32, end) for start, sound, end in told(events)] == [
        (0, 2000, 2000),
        (2000, 2000, 4000),
        (4000, 1000, 5000),
    ]


def test_a_long_utterance_ends_in_a_lull():
    events = endpointer(most_ms=4000).feed(
        loud(2000) + quiet(300) + loud(1000) + quiet(300) + loud(300)
    )

    assert [end for _, _, end in told(events)] == [3500, None]


sounds = st.lists(
    st.tuples(st.booleans(), st.integers(min_value=1, max_value=2000)), max_size=12
).map(lambda parts: b"".join(loud(ms) if noisy else quiet(ms) for noisy, ms in parts))
sizes = st.lists(st.integers(min_value=1, max_value=5000).map(lambda n: 2 * n), min_size=1)


@given(sounds, sizes)
def test_how_sound_is_cut_makes_no_difference(sound, sizes):
    whole = endpointer(most_ms=3000)
    cut = endpointer(most_ms=3000)

    expected = whole.feed(sound) + whole.flush()
    found = [event for piece in pieces(sound, sizes) for event in cut.feed(piece)] + cut.flush()

    assert told(found) == told(expected)


@given(sounds)
def test_utterances_are_parts_of_the_sound_in_order(sound):
    ends = endpointer(most_ms=3000)

    at = 0
    for start, heard, end in told(ends.feed(sound) + ends.flush()):
        assert start >= at
        assert sound[start * 32 : start * 32 + len(heard)] == heard
        assert end - start == len(heard) // 32 <= 3000
        at = end


@given(st.lists(sounds, max_size=4))
def test_what_was_flushed_is_not_told_again(parts):
    ends = endpointer()
    found = []
    for part in parts:
        found += told(ends.feed(part) + ends.flush())

    whole, at = b"".join(parts), 0
    for start, heard, end in found:
        assert start >= at
        assert whole[start * 32 : end * 32] == heard
        at = end


@given(sounds)
def test_no_speech_that_lasts_is_lost(sound):
    ends = endpointer()
    found = told(ends.feed(sound) + ends.flush())
    is_heard = bytearray(len(sound) // 640)
    for start, _, end in found:
        is_heard[start // 20 : end // 20] = b"\x01" * (end // 20 - start // 20)

    run = 0
    detector = FakeDetector()
    for number in range(len(is_heard)):
        frame = sound[number * 640 : number * 640 + 640]
        run = run + 1 if detector.is_speech(frame) else 0
        # six frames in a row are speech for sure
        assert run < 6 or all(is_heard[number - 5 : number + 1])
