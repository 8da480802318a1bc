"""What rises and falls is told from what is steady."""

import math
import random
from array import array

import pytest

from mentra.speech.liveliness import FEWEST, FORGET, WINDOW, Liveliness


def frame(loudness, hertz=300):
    """20 ms of a tone."""
    return array(
        "h", (int(loudness * math.sin(math.tau * hertz * n / 16_000)) for n in range(320))
    ).tobytes()


def verdicts(frames):
    liveliness = Liveliness()
    return [liveliness.is_lively(one) for one in frames]


def test_what_is_steady_is_not_lively():
    assert not any(verdicts([frame(5000)] * 100))


def test_what_rises_and_falls_is():
    syllables = [frame(loudness) for loudness in (300, 900, 4000, 6000, 2000, 500)] * 10

    assert all(verdicts(syllables)[FEWEST - 1 :])


def test_so_little_says_nothing():
    assert not any(verdicts([frame(100), frame(9000)] * (FEWEST // 2))[: FEWEST - 1])


def test_a_single_knock_in_a_steady_noise_is_not_lively():
    assert not any(verdicts([frame(1000)] * 20 + [frame(20_000)] + [frame(1000)] * 20))


def test_what_became_steady_is_not_lively_any_more():
    before = [frame(loudness) for loudness in (300, 4000)] * 10

    found = verdicts(before + [frame(3000)] * WINDOW)

    assert found[len(before) - 1]
    assert not found[-1]


def test_after_a_silence_what_was_before_it_counts_no_more():
    liveliness = Liveliness()
    for loudness in (300, 4000) * 10:
        liveliness.is_lively(frame(loudness))

    for _ in range(FORGET + 1):
        liveliness.passed()

    assert not any(liveliness.is_lively(frame(3000)) for _ in range(20))


@pytest.mark.parametrize("slowness", [0.0, 0.9, 0.97])
def test_noise_of_any_colour_is_not_lively(slowness):
    dice, value, samples = random.Random(2), 0.0, array("h")
    for _ in range(320 * 60):
        value = slowness * value + dice.gauss(0, 3000 * math.sqrt(1 - slowness**2))
        samples.append(max(-32_768, min(32_767, int(value))))
    sound = samples.tobytes()

    found = verdicts([sound[at : at + 640] for at in range(0, len(sound), 640)])

    assert sum(found) <= 2
