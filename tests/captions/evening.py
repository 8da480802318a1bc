"""People who speak through a real server side by side, each by another way."""

import asyncio
import random
import socket
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import attrs
import lc3

from mentra.sdk import AppServer, AppSession, Transcription
from mentra.sdk.glasses import GlassesClient
from mentra.sdk.microphone import Microphone
from mentra.testing.spoken import silence, speak_with_flite, word_error_rate
from tests.server.conftest import Running, free_port

PACKAGE = "org.example.captions"
PATIENCE = 300.0
LC3_BYTES = 40
"""Of a frame of 10 ms."""


class Listening(AppServer):
    """Keeps what each wearer said, and shows it.

    :ivar heard: by user.
    """

    def __init__(self, key: str, port: int) -> None:
        super().__init__(PACKAGE, key, port=port)
        self.heard: dict[str, list[Transcription]] = {}

    async def on_session(self, session: AppSession) -> None:
        heard = self.heard.setdefault(session.user_id, [])

        def caption(said: Transcription) -> None:
            heard.append(said)
            session.show_text(said.text)

        session.on_transcription("en-US", caption)


@attrs.define
class Speaker:
    """Somebody with glasses.

    :ivar sentences: what they say.
    """

    name: str
    token: str
    glasses: GlassesClient
    sentences: tuple[str, ...]
    app: Listening

    @property
    def user_id(self) -> str:
        return f"{self.name}@x.org"

    @property
    def heard(self) -> list[Transcription]:
        """Captions so far."""
        return self.app.heard.get(self.user_id, [])

    @property
    def finals(self) -> list[str]:
        return [one.text for one in self.heard if one.is_final]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What was said, and what was understood: as one, for pauses may divide it."""
        return [(" ".join(self.sentences), " ".join(self.finals))]

    @property
    def error_rate(self) -> float:
        return word_error_rate(self.pairs)

    async def ready(self) -> None:
        """Connected, and the app wants to hear."""
        await self.glasses.until(lambda: self.glasses.connected)
        self.glasses.start_app(PACKAGE)
        await self.glasses.until(lambda: self.glasses.microphone_on)

    async def speak(self, microphone: Microphone, pause_ms: int = 1200) -> None:
        await microphone.hear(silence(0.5), 0)
        for sentence in self.sentences:
            await microphone.hear(speak_with_flite(sentence), pause_ms)


def lc3_microphone(glasses: GlassesClient, chunk_ms: int = 20) -> Microphone:
    """Sends LC3; :func:`configure_lc3` first."""
    encoder = lc3.Encoder(10_000, 16_000)

    def encode(pcm: bytes) -> bytes:
        frames = (pcm[start : start + 320] for start in range(0, len(pcm), 320))
        return b"".join(encoder.encode(frame, LC3_BYTES, 16) for frame in frames)

    return Microphone(glasses.send_audio, chunk_ms=chunk_ms, encode=encode)


def through_lc3(pcm: bytes) -> bytes:
    """What the codec leaves of *pcm*."""
    encoder, decoder = lc3.Encoder(10_000, 16_000), lc3.Decoder(10_000, 16_000)
    whole = pcm + bytes(-len(pcm) % 320)
    frames = (
        encoder.encode(whole[start : start + 320], LC3_BYTES, 16)
        for start in range(0, len(whole), 320)
    )
    return b"".join(bytes(decoder.decode(frame, 16)) for frame in frames)


async def configure_lc3(server: Running, token: str) -> None:
    """Tell the server what comes."""
    body = {
        "format": "lc3",
        "lc3Config": {"sampleRate": 16_000, "frameDurationMs": 10, "frameSizeBytes": LC3_BYTES},
    }
    url = f"http://127.0.0.1:{server.port}/api/client/audio/configure"
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http,
        http.post(url, json=body) as answer,
    ):
        assert answer.status == 200


def hash_of(user_id: str) -> int:
    """FNV-1a of 32 bits."""
    value = 0x811C9DC5
    for byte in user_id.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


@attrs.define
class Datagrams:
    """A way with holes in it, on which some overtake others.

    :param lost: share of the datagrams that never arrive; ``late`` of those that come behind the
        next one.
    """

    port: int
    user_hash: int
    lost: float
    late: float
    dice: random.Random = attrs.field(factory=lambda: random.Random(7))
    number: int = 0
    sent: int = 0
    held: deque[bytes] = attrs.field(factory=deque)

    def send(self, pcm: bytes) -> bool:
        header = self.user_hash.to_bytes(4, "big") + self.number.to_bytes(2, "big")
        self.number = (self.number + 1) % 65_536
        chance = self.dice.random()
        if chance < self.lost:
            return True
        if chance < self.lost + self.late and not self.held:
            self.held.append(header + pcm)
            return True
        self._out(header + pcm)
        while self.held:
            self._out(self.held.popleft())
        return True

    def _out(self, datagram: bytes) -> None:
        self.sent += 1
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
            way.sendto(datagram, ("127.0.0.1", self.port))


@asynccontextmanager
async def evening(server: Running, **sentences: tuple[str, ...]) -> AsyncIterator["Evening"]:
    """Everybody in *sentences* has glasses on, and the app runs for them."""
    port, key = free_port(), "k3y" * 20
    url = f"http://127.0.0.1:{port}"
    server.command(
        *("app", "add", PACKAGE, "--url", url, "--permission", "MICROPHONE", "--api-key", key)
    )
    app = Listening(key, port)
    await app.start()
    speakers = {name: speaker(server, name, said, app) for name, said in sentences.items()}
    running = [asyncio.create_task(one.glasses.run()) for one in speakers.values()]
    try:
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(one.ready() for one in speakers.values()))
            yield Evening(server, speakers)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await app.stop()


@attrs.define
class Evening:
    """All of them.

    :ivar starved: by how many seconds this program came too late at worst, while it watched.
    """

    server: Running
    speakers: dict[str, Speaker]
    starved: float = 0.0

    async def watch(self) -> None:
        """See how busy the machine is."""
        now = asyncio.get_running_loop().time
        while True:
            due = now() + 0.02
            await asyncio.sleep(0.02)
            self.starved = max(self.starved, now() - due)

    def __getattr__(self, name: str) -> Speaker:
        return self.speakers[name]


def speaker(server: Running, name: str, sentences: tuple[str, ...], app: Listening) -> Speaker:
    """Somebody who may come in."""
    user_id = f"{name}@x.org"
    server.command("user", "add", user_id)
    server.command("app", "install", PACKAGE, "--user", user_id)
    token = server.command("user", "token", user_id).stdout.strip()
    glasses = GlassesClient(f"http://127.0.0.1:{server.port}", token)
    return Speaker(name, token, glasses, sentences, app)


async def until(condition: Callable[[], bool]) -> None:
    """A real process takes real time: looked at every so often."""
    while not condition():
        await asyncio.sleep(0.02)
