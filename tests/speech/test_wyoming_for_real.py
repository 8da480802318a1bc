"""A server made of the package that Wyoming servers are made of, over a real port."""

import io
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet import reactor  # noqa: TID251 - a real port needs the real one
from twisted.internet.task import deferLater

from mentra.dial import Dial
from mentra.hearing import Recognition
from mentra.interfaces.network import IDial
from mentra.speech.figures import engine_figures
from mentra.speech.wyoming_recogniser import WyomingRecogniser
from mentra.speech.wyoming_settings import WyomingSettings
from mentra.speech.wyoming_synthesis import WyomingSynthesis
from mentra.testing.engines import FakeListener
from mentra.testing.house import house_with

pytestmark = pytest.mark.slow

LOUD = (3000).to_bytes(2, "little") * 16_000


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Of the peer."""
    program = Path(__file__).with_name("wyoming_peer.py")
    peer = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True)
    assert peer.stdout is not None
    yield int(peer.stdout.readline())
    peer.kill()
    peer.stdout.close()
    peer.wait()


async def wait_for(condition):
    for _ in range(1000):
        if condition():
            return
        await deferLater(reactor, 0.02)
    raise AssertionError("it has not come to pass")


@pytest.fixture
def house(port):
    place = f"localhost:{port}"
    made = house_with(
        engine_figures,
        clock=reactor,
        sections=(WyomingSettings(recognise=place, speak=place),),
        parts={IDial: Dial(reactor, air_gap=True)},
    )
    yield made
    made.stopService()


@pytest_twisted.ensureDeferred
async def test_it_understands_us(house):
    engine, listener = WyomingRecogniser(house), FakeListener()
    stream = engine.open(Recognition(language="en-US"), listener)

    for _ in range(2):
        stream.write(LOUD)
        stream.finalize()
    await wait_for(lambda: len(listener.finals) == 2 or listener.problems)
    await wait_for(lambda: not engine.speaks("fr"))

    assert listener.problems == []
    assert [one.text for one in listener.finals] == ["1.0 seconds of en"] * 2
    assert engine.speaks("en-US")
    stream.close()


@pytest_twisted.ensureDeferred
async def test_we_understand_it(house):
    engine = WyomingSynthesis(house)
    await wait_for(lambda: engine.voices == ("ann",))

    speech = await engine.speak("hello", "ann", None, {})

    with wave.open(io.BytesIO(speech.body)) as file:
        assert (file.getframerate(), file.getnframes()) == (16_000, 5 * 1600)
