"""Pocketsphinx understands what a voice says: real processes, real speech."""

import os
import random
import signal
import subprocess
import sys
from array import array
from itertools import zip_longest
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred

from mentra.hearing import Recognition
from mentra.speech.pipe import Frames, FromWorker, Ready
from mentra.speech.pocketsphinx import PocketsphinxSettings, pocketsphinx
from mentra.testing.engine_contracts import RecogniserTrial, recognises_as_promised
from mentra.testing.engines import FakeListener
from mentra.testing.spoken import (
    SENTENCES,
    chunks,
    grammar_of,
    silence,
    speak_with_flite,
    word_error_rate,
)
from tests.speech.hall import Ear, pause, real_house, recogniser, until

pytestmark = pytest.mark.slow

ENGLISH = Recognition(language="en-US")


async def errors(ear, voice):
    pairs = [(said, await ear.understood(speak_with_flite(said, voice))) for said in SENTENCES]
    return word_error_rate(pairs)


@pytest_twisted.ensureDeferred
async def test_it_keeps_the_contract():
    async with real_house(pocketsphinx) as house:
        await recognises_as_promised(
            RecogniserTrial(
                recogniser=recogniser(house, "pocketsphinx"),
                wanted=ENGLISH,
                speech=silence(0.5) + speak_with_flite(SENTENCES[0]) + silence(0.4),
                settle=until,
                after_close=lambda: pause(1.0),
            )
        )


@pytest.mark.parametrize("voice", ["kal16", "rms"])
@pytest_twisted.ensureDeferred
async def test_of_ten_words_nine_are_understood(voice):
    async with real_house(pocketsphinx) as house:
        rate = await errors(Ear(recogniser(house, "pocketsphinx"), ENGLISH), voice)

    assert rate <= 0.10


@pytest.mark.parametrize("voice", ["kal16", "rms"])
@pytest_twisted.ensureDeferred
async def test_with_a_grammar_nearly_all_is_understood(voice):
    async with real_house(pocketsphinx) as house:
        wanted = Recognition(language="en", grammar=grammar_of())
        rate = await errors(Ear(recogniser(house, "pocketsphinx"), wanted), voice)

    assert rate <= 0.02


@pytest_twisted.ensureDeferred
async def test_a_grammar_may_be_configured(tmp_path):
    file = tmp_path / "sentences.gram"
    file.write_text(grammar_of(SENTENCES[:3]), "utf-8")
    settings = PocketsphinxSettings(grammar=str(file))
    async with real_house(pocketsphinx, sections=(settings,)) as house:
        ear = Ear(recogniser(house, "pocketsphinx"), ENGLISH)

        text = await ear.understood(speak_with_flite(SENTENCES[1]))

    assert text == SENTENCES[1]


@pytest_twisted.ensureDeferred
async def test_more_people_than_processes_are_understood_all_the_same():
    people = SENTENCES[:5]
    async with real_house(pocketsphinx, sections=(PocketsphinxSettings(workers=2),)) as house:
        engine = recogniser(house, "pocketsphinx")
        listeners = [FakeListener() for _ in people]
        streams = [engine.open(ENGLISH, one) for one in listeners]
        sounds = [chunks(silence(0.5) + speak_with_flite(one) + silence(1.2)) for one in people]
        # all at once, at the pace of speech
        for pieces in zip_longest(*sounds, fillvalue=silence(0.1)):
            for stream, piece in zip(streams, pieces, strict=True):
                stream.write(piece)
            await pause(0.1)
        await until(lambda: all(one.finals for one in listeners))
        await until(lambda: not any(stream.owes() for stream in streams))
        pairs = [(said, one.text) for said, one in zip(people, listeners, strict=True)]
        dropped = house.metrics.registry.get_sample_value(
            "mentra_engine_dropped_seconds_total", {"engine": "pocketsphinx"}
        )

    assert word_error_rate(pairs) <= 0.10, pairs
    assert not dropped


@pytest.mark.parametrize(
    ("setting", "words"),
    [("grammar", "[pocketsphinx] grammar"), ("model", "cannot load its model")],
)
@pytest_twisted.ensureDeferred
async def test_what_cannot_be_loaded_is_told(setting, words):
    settings = PocketsphinxSettings(**{setting: "/nowhere/at/all"})
    async with real_house(pocketsphinx, sections=(settings,)) as house:
        engine = recogniser(house, "pocketsphinx")
        engine.open(ENGLISH, FakeListener())

        await until(lambda: engine.unavailable() is not None)

        assert words in engine.unavailable()


@pytest.mark.parametrize("grammar", ["rubbish", "#JSGF V1.0;\ngrammar a;\npublic <a> = xyzzyq;\n"])
@pytest_twisted.ensureDeferred
async def test_a_grammar_that_cannot_be_used_is_refused_and_the_worker_lives(grammar):
    async with real_house(pocketsphinx) as house:
        engine, listener = recogniser(house, "pocketsphinx"), FakeListener()
        stream = engine.open(Recognition(language="en", grammar=grammar), listener)
        stream.write(silence(0.5) + speak_with_flite(SENTENCES[0]))
        stream.finalize()

        await until(lambda: bool(listener.problems))

        assert listener.problems[0].code == "BAD_GRAMMAR"
        assert await Ear(engine, ENGLISH).understood(speak_with_flite(SENTENCES[0]))
        assert house.metrics.registry.get_sample_value(
            "mentra_engine_restarts_total", {"engine": "pocketsphinx"}
        ) in (None, 0)


def white_noise(seconds, loudness):
    dice = random.Random(1)
    samples = (
        max(-32_768, min(32_767, int(dice.gauss(0, loudness))))
        for _ in range(int(16_000 * seconds))
    )
    return array("h", samples).tobytes()


@pytest.mark.parametrize("loudness", [0, 30, 300, 1000, 6000])
@pytest_twisted.ensureDeferred
async def test_nothing_is_understood_where_nobody_speaks(loudness):
    async with real_house(pocketsphinx) as house:
        engine, listener = recogniser(house, "pocketsphinx"), FakeListener()
        stream = engine.open(ENGLISH, listener)
        stream.write(silence(0.5) + white_noise(8, loudness) + silence(1))
        stream.finalize()
        # what comes after it shows that it has been through
        stream.write(silence(1) + speak_with_flite(SENTENCES[3]))
        stream.finalize()

        await until(lambda: any(one.start_ms > 9000 for one in listener.finals))

    assert [one.text for one in listener.results if one.start_ms < 9000] == []


@pytest_twisted.ensureDeferred
async def test_a_worker_killed_in_mid_sentence_costs_no_word():
    sound = silence(0.5) + speak_with_flite(SENTENCES[9]) + silence(1)
    async with real_house(pocketsphinx) as house:
        engine, listener = recogniser(house, "pocketsphinx"), FakeListener()
        await Ear(engine, ENGLISH).understood(speak_with_flite(SENTENCES[0]))
        stream = engine.open(ENGLISH, listener)
        for number, piece in enumerate(chunks(sound)):
            if number == 20:
                os.kill(only_worker(engine), signal.SIGKILL)
            stream.write(piece)
            await pause(0.1)
        await until(lambda: bool(listener.finals))

    # how late it comes is measured by bench/engines.py
    assert listener.text == SENTENCES[9]


@pytest_twisted.ensureDeferred
async def test_a_worker_that_hangs_is_replaced():
    settings = PocketsphinxSettings(patience=4.0)
    async with real_house(pocketsphinx, sections=(settings,)) as house:
        engine = recogniser(house, "pocketsphinx")
        ear = Ear(engine, ENGLISH)
        await ear.understood(speak_with_flite(SENTENCES[0]))
        os.kill(only_worker(engine), signal.SIGSTOP)

        text = await ear.understood(speak_with_flite(SENTENCES[3]))

    assert text == SENTENCES[3]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest_twisted.ensureDeferred
async def test_what_stops_the_server_is_for_the_server_to_act_upon(number):
    async with real_house(pocketsphinx) as house:
        engine = recogniser(house, "pocketsphinx")
        ear = Ear(engine, ENGLISH)
        await ear.understood(speak_with_flite(SENTENCES[0]))
        worker = only_worker(engine)

        os.kill(worker, number)
        text = await ear.understood(speak_with_flite(SENTENCES[3]))

        assert text == SENTENCES[3]
        assert only_worker(engine) == worker


@pytest_twisted.ensureDeferred
async def test_three_people_are_understood_at_once():
    async with real_house(pocketsphinx) as house:
        engine = recogniser(house, "pocketsphinx")
        ears = [Ear(engine, ENGLISH) for _ in range(3)]
        talks = [
            Deferred.fromCoroutine(ear.understood(speak_with_flite(SENTENCES[number])))
            for number, ear in enumerate(ears)
        ]

        texts = [await talk for talk in talks]

    assert texts == list(SENTENCES[:3])


@pytest.mark.parametrize(
    ("sent", "status"), [(b"", 0), (b"\xff\xff\xff\xff", 1)], ids=["nothing", "rubbish"]
)
def test_a_worker_ends_with_its_input_and_with_rubbish(sent, status):
    command = [sys.executable, "-P", "-m", "mentra.speech.worker", "pocketsphinx", "{}"]
    done = subprocess.run(
        command, input=sent, capture_output=True, timeout=60, check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip

    assert (done.returncode, list(Frames(FromWorker).feed(done.stdout))) == (status, [Ready()])


@pytest_twisted.ensureDeferred
async def test_no_worker_outlives_its_house():
    async with real_house(pocketsphinx) as house:
        engine = recogniser(house, "pocketsphinx")
        await Ear(engine, ENGLISH).understood(speak_with_flite(SENTENCES[0]))
        worker = only_worker(engine)

    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def only_worker(engine):
    """Its process id."""
    (worker,) = engine.workers.processes
    return worker.transport.pid
