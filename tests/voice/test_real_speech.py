"""Real speech over the assistant's socket: a real server, a real recogniser, a real voice."""

import asyncio
import base64
import json
import random
import struct
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pocketsphinx import Decoder

from mentra.errors import Refused
from mentra.messages.assistant import (
    ConversationInterrupted,
    LlmResponse,
    SpokenChunk,
    Transcript,
)
from mentra.sdk.voice import VoiceClient, guest_token
from mentra.testing.spoken import SENTENCES, silence, speak_with_flite, word_error_rate
from tests.server.conftest import Running, free_port, is_ready, launch, wait_until

pytestmark = pytest.mark.slow

AT_A_TIME = 3
"""Conversations: more than a recogniser's workers."""


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[str], Running]]:
    """Starts a server; *settings* is TOML."""
    started: list[Running] = []

    def make(settings: str) -> Running:
        running = launch(tmp_path, free_port(), tmp_path / "state", settings)
        started.append(running)
        wait_until(lambda: is_ready(running), "the server")
        return running

    yield make
    for running in started:
        running.end()


@pytest.fixture
def model() -> Iterator[str]:
    """A program that speaks OpenAI's chat completions and says what it was told; its address."""
    with subprocess.Popen(
        [sys.executable, "-m", "mentra.testing.openai_stub"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.kill()


def talking(server: Running, act: Callable[[VoiceClient], Awaitable[object]]) -> Any:
    """What *act* returns in a conversation of its own."""

    async def talk() -> object:
        url = f"http://127.0.0.1:{server.port}"
        async with asyncio.timeout(90), VoiceClient(url, guest_token()) as voice:
            return await act(voice)

    return asyncio.run(talk())


def told_directly(sentences: tuple[str, ...]) -> list[tuple[str, str]]:
    """What the engine makes of them by itself."""
    decoder = Decoder(samprate=16_000, loglevel="FATAL")
    pairs = []
    for sentence in sentences:
        decoder.start_utt()
        decoder.process_raw(silence(0.3) + speak_with_flite(sentence) + silence(0.3), False, False)
        decoder.end_utt()
        found = decoder.hyp()
        pairs.append((sentence, found.hypstr if found else ""))
    return pairs


def test_sentences_are_understood_as_well_as_by_the_engine_itself(serve):
    server = serve("[voice]\nspeak = false\n")
    sound = {one: speak_with_flite(one) + silence(0.2) for one in SENTENCES}

    async def say(mine: tuple[str, ...]) -> list[tuple[str, str]]:
        url = f"http://127.0.0.1:{server.port}"
        async with VoiceClient(url, guest_token()) as voice:
            # at the pace of speech, as from a microphone
            return [(one, (await voice.say(sound[one])).question) for one in mine]

    async def all_of_them() -> list[tuple[str, str]]:
        turns = (SENTENCES[n::AT_A_TIME] for n in range(AT_A_TIME))
        async with asyncio.timeout(90):
            told = await asyncio.gather(*(say(mine) for mine in turns))
        return [pair for pairs in told for pair in pairs]

    pairs = asyncio.run(all_of_them())
    rate, direct = word_error_rate(pairs), word_error_rate(told_directly(SENTENCES))

    assert rate <= 0.10, (rate, direct)
    assert rate <= direct + 0.02, (rate, direct)


def test_a_whole_conversation_is_spoken_and_its_answer_understood_again(serve, model):
    server = serve(
        f'[voice]\nengine = "openai"\n[openai]\nbase_url = "{model}"\nmodel = "stub-1"\n'
        '[synthesis]\nengine = "flite"\nvoice = "kal16"\n'
    )
    sentence = SENTENCES[0]

    async def converse(voice: VoiceClient) -> tuple[str, ...]:
        first = await voice.say(speak_with_flite(sentence) + silence(1.2), end=False)
        again = await voice.say(bytes(first.sound) + silence(0.2), pace=0)
        return first.question, first.text, again.question, again.text

    asked, answered, heard_again, _ = talking(server, converse)
    assert asked == sentence
    assert answered == f"You said: {sentence}"
    assert heard_again == f"you said {sentence}"
    figures = server.get("/health")[1].decode()
    assert "voice_total" in figures


async def speak_up(voice: VoiceClient, pcm: bytes) -> None:
    """As a microphone sends it, whatever the assistant is at."""
    for number, at in enumerate(range(0, len(pcm), 3200)):
        data = {
            "audioData": base64.b64encode(pcm[at : at + 3200]).decode(), "sequenceNumber": number,
        }  # fmt: skip
        voice.send_text(json.dumps({"type": "audio_chunk", "timestamp": 1, "data": data}))
        await asyncio.sleep(0.1)


def test_who_speaks_during_an_answer_is_heard_from_the_beginning_and_the_answer_stops(serve):
    server = serve(
        '[voice]\ninterrupt_by_voice = true\n[synthesis]\nengine = "flite"\nvoice = "kal16"\n'
    )
    objection = SENTENCES[0]

    async def object_to_it(voice: VoiceClient) -> tuple[object, list[object]]:
        told: list[object] = []
        speaking, understood = asyncio.Event(), asyncio.Event()

        def listen(message: object) -> None:
            told.append(message)
            if isinstance(message, SpokenChunk):
                speaking.set()
            if isinstance(message, Transcript) and message.data.is_final:
                understood.set()

        voice.listen(listen)
        # half a minute of speech, sent three times as fast as it is heard
        answering = asyncio.create_task(voice.ask(" ".join(SENTENCES)))
        await speaking.wait()
        await speak_up(voice, silence(0.5) + speak_with_flite(objection) + silence(1.2))
        await understood.wait()
        return await answering, told

    answer, told = talking(server, object_to_it)

    assert answer.interrupted
    (stop,) = (at for at, one in enumerate(told) if isinstance(one, ConversationInterrupted))
    (final,) = (
        at for at, one in enumerate(told) if isinstance(one, Transcript) and one.data.is_final
    )
    assert stop < final
    # from the first word, whatever was said before anybody knew that somebody speaks
    assert told[final].data.text == objection
    # nothing more of that answer
    assert not [one for one in told[stop:final] if isinstance(one, SpokenChunk | LlmResponse)]


@pytest.mark.parametrize("sound", ["silence", "noise"])
def test_what_is_no_speech_is_not_understood(serve, sound):
    server = serve("[voice]\nspeak = false\n")
    dice = random.Random(7)
    noise = b"".join(struct.pack("<h", dice.randrange(-300, 300)) for _ in range(32_000))

    async def hush(voice: VoiceClient) -> str:
        with pytest.raises(Refused) as refusal:
            await voice.say(silence(2) if sound == "silence" else noise, pace=0)
        return refusal.value.code

    assert talking(server, hush) == "ASR_ERROR"


def test_other_rates_and_lc3_are_understood_too(serve):
    import lc3

    server = serve("[voice]\nspeak = false\n")
    pcm = speak_with_flite(SENTENCES[0]) + silence(0.2)
    encoder = lc3.Encoder(10_000, 16_000)
    frames = [pcm[at : at + 320].ljust(320, b"\0") for at in range(0, len(pcm), 320)]
    packed = b"".join(encoder.encode(one, 40, bit_depth=16) for one in frames)

    async def in_pieces(voice: VoiceClient) -> str:
        for number, at in enumerate(range(0, len(packed), 400)):
            data = {
                "audioData": base64.b64encode(packed[at : at + 400]).decode(),
                "sequenceNumber": number, "format": "lc3",
            }  # fmt: skip
            voice.send_text(json.dumps({"type": "audio_chunk", "timestamp": 1, "data": data}))
        return (await voice.say(b"", pace=0)).question

    async def slowed(voice: VoiceClient) -> str:
        soxr, numpy = pytest.importorskip("soxr"), pytest.importorskip("numpy")
        samples = numpy.frombuffer(pcm, dtype="<i2")
        other = soxr.resample(samples, 16_000, 44_100).astype("<i2").tobytes()
        return (await voice.say(other, 44_100, pace=0)).question

    assert talking(server, in_pieces) == SENTENCES[0]
    assert talking(server, slowed) == SENTENCES[0]
