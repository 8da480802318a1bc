"""A server made of the package ``wyoming``, which other Wyoming servers are made of: it understands
how many seconds it listened, and speaks silence.  Prints its port."""

import asyncio
import sys
from functools import partial

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event
from wyoming.info import AsrModel, AsrProgram, Attribution, Describe, Info, TtsProgram, TtsVoice
from wyoming.server import AsyncEventHandler, AsyncTcpServer
from wyoming.tts import Synthesize

NOBODY = Attribution(name="nobody", url="http://127.0.0.1")
THING = {"description": None, "attribution": NOBODY, "installed": True, "version": "1"}
INFO = Info(
    asr=[AsrProgram("ears", models=[AsrModel("small", languages=["en"], **THING)], **THING)],
    tts=[TtsProgram("mouth", voices=[TtsVoice("ann", languages=["en"], **THING)], **THING)],
)


class Handler(AsyncEventHandler):
    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.seconds = 0.0
        self.language: str | None = None

    async def handle_event(self, event: Event) -> bool:
        if Describe.is_type(event.type):
            await self.write_event(INFO.event())
        elif Transcribe.is_type(event.type):
            self.language = Transcribe.from_event(event).language
        elif AudioChunk.is_type(event.type):
            self.seconds += AudioChunk.from_event(event).seconds
        elif AudioStop.is_type(event.type):
            said = Transcript(f"{self.seconds:.1f} seconds of {self.language}", language="en")
            await self.write_event(said.event())
            return False
        elif Synthesize.is_type(event.type):
            await self.speak(Synthesize.from_event(event))
        return True

    async def speak(self, asked: Synthesize) -> None:
        await self.write_event(AudioStart(rate=16_000, width=2, channels=1).event())
        for _ in asked.text:
            chunk = AudioChunk(rate=16_000, width=2, channels=1, audio=bytes(3200))
            await self.write_event(chunk.event())
        await self.write_event(AudioStop().event())


class Server(AsyncTcpServer):
    async def run(self, handler_factory: object) -> None:
        handler = partial(self._handler_callback, handler_factory)
        server = await asyncio.start_server(handler, host=self.host, port=self.port)
        sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        async with server:
            await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(Server("127.0.0.1", 0).run(Handler))
