"""A real server whose engines are all behind a network, and inside an air gap."""

import base64
import io
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from mentra.testing.spoken import chunks, has_flite, speak_with_flite
from tests.server.conftest import SocketLine

pytestmark = pytest.mark.slow

PEER = Path(__file__).parents[1] / "speech" / "wyoming_peer.py"


@pytest.fixture
def peer() -> Iterator[int]:
    """The port of a Wyoming server that hears and speaks."""
    process = subprocess.Popen([sys.executable, str(PEER)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield int(process.stdout.readline())
    process.kill()
    process.stdout.close()
    process.wait()


def settings(port: int) -> str:
    return f"""\
[privacy]
air_gap = true
[wyoming]
recognise = "localhost:{port}"
speak = "localhost:{port}"
[speech]
recognisers = ["wyoming"]
[synthesis]
engine = "wyoming"
"""


def frames_in(sound: bytes) -> int:
    with wave.open(io.BytesIO(sound)) as file:
        return file.getnframes()


def test_apps_have_texts_spoken(start, peer):
    server = start(settings(peer))

    status, sound = server.get("/api/tts?text=hello")

    assert status == 200
    assert frames_in(sound) == 5 * 1600


def test_a_conversation_is_heard_answered_and_spoken(start, peer):
    if not has_flite():
        pytest.skip("there is no flite here")
    server = start(settings(peer))
    token = server.command("user", "token", "ann@x.org").stdout.strip()
    line = SocketLine(server.port)
    assert line.upgrade(f"/socket.io/?token={token}") == 101
    line.message("session_created")

    def say(kind: str, **data: object) -> None:
        line.say(type=kind, timestamp=1, data=data)

    sound = speak_with_flite("the weather is very nice today") + bytes(32_000)
    for number, piece in enumerate(chunks(sound)):
        say("audio_chunk", audioData=base64.b64encode(piece).decode(), sequenceNumber=number)
        # nearly as it is spoken
        threading.Event().wait(0.02)
    say("end_utterance")
    heard = line.message("transcript")
    while not heard["data"]["isFinal"]:
        heard = line.message("transcript")
    answer = line.message("audio_chunk")

    assert heard["data"]["text"].endswith("seconds of en")
    assert answer["data"]["audioData"]


def test_without_its_servers_it_says_so_and_goes_on(start):
    server = start(settings(9))

    status, body = server.get("/api/tts?text=hello")

    assert status == 502
    assert b"wyoming" in body
    assert server.get("/livez")[0] == 200
