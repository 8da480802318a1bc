"""``mentra talk``: the voice assistant in a terminal."""

import asyncio
import functools
import signal
import sys
import wave
from collections.abc import Awaitable
from pathlib import Path
from typing import TextIO

import attrs
import click

from mentra.admin import configuration_options, hush
from mentra.admin.keyboard import lines_from
from mentra.admin.running import run_until_interrupted
from mentra.admin.simulate import address_of, token_for
from mentra.admin.sound import sound_of_text
from mentra.config import load
from mentra.errors import MentraError, Refused
from mentra.messages import Message
from mentra.messages.assistant import LlmResponse, Transcript
from mentra.sdk.voice import RATE, Answer, VoiceClient, guest_token

RATES = (8000, 16_000, 24_000, 44_100, 48_000)


@click.command()
@click.option("--url", help="Address of the server.  [default: the one that runs on this host]")
@click.option("--user", metavar="EMAIL", help="Who talks; makes a token as this server would.")
@click.option("--token", envvar="MENTRA_TOKEN", help="Their token, for a server elsewhere.")
@click.option("--guest", is_flag=True, help="Be a guest, without an account.")
@click.option("--session", metavar="ID", help="Join this session.")
@click.option(
    "--mic",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE.wav",
    help="Say what is in this file: mono, 16 bits.",
)
@click.option(
    "--say", multiple=True, metavar="TEXT", help="Say this, with a voice of this machine."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.wav",
    help="Write what the assistant says into this file.",
)
@configuration_options
def talk(
    url: str | None,
    user: str | None,
    token: str | None,
    guest: bool,
    session: str | None,
    mic: tuple[Path, ...],
    say: tuple[str, ...],
    out: Path | None,
    config_file: Path | None,
    state_dir: Path | None,
) -> None:
    """Talk to the voice assistant: type, or have files and sentences said.

    Without --mic and --say what is typed is asked, line by line.  Ctrl-C stops an answer, and
    leaves when there is none.
    """
    hush()
    read = functools.cache(lambda: load(config_file, state_dir=state_dir))
    bearer = guest_token() if guest else token or token_for(user, read, "talks")
    address = url or address_of(read())
    spoken = [read_wav(one) for one in mic]

    async def chat() -> None:
        async with VoiceClient(address, bearer, session_id=session) as voice:
            conversation = Conversation(voice, sys.stdout)
            task = asyncio.current_task()
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGINT, lambda: conversation.stop(task))
            try:
                await conversation.run(spoken, say)
            finally:
                if out is not None:
                    write_wav(out, bytes(conversation.sound))

    run_until_interrupted(chat())


def read_wav(path: Path) -> tuple[bytes, int]:
    """Sound and rate of a file.

    :raises MentraError: it is none that can be said.
    """
    try:
        with wave.open(str(path)) as file:
            shape = (file.getnchannels(), file.getsampwidth())
            if shape != (1, 2) or file.getframerate() not in RATES:
                raise MentraError(
                    f"{path}: only mono files of 16 bits with {', '.join(map(str, RATES))} samples "
                    "a second can be said"
                )
            return file.readframes(file.getnframes()), file.getframerate()
    except (wave.Error, EOFError) as problem:
        raise MentraError(f"{path}: it is no WAV file ({problem})") from problem


def write_wav(path: Path, pcm: bytes) -> None:
    """A file with the sound of the assistant."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(pcm)


def plain(text: str) -> str:
    """*text* without what would move the cursor, or worse."""
    return "".join(one for one in text if one.isprintable() or one == "\n")


@attrs.define
class Conversation:
    """Asks one thing after the other, and shows what comes.

    :ivar sound: all that was said.
    """

    _voice: VoiceClient
    _out: TextIO
    sound: bytearray = attrs.field(factory=bytearray)
    _shown: str = ""
    _busy: bool = False

    async def run(self, spoken: list[tuple[bytes, int]], texts: tuple[str, ...]) -> None:
        """Say files and texts, or else what is typed, to its end."""
        self._voice.listen(self._heard)
        if self._voice.notice:
            self._line(f"({self._voice.notice})")
        for pcm, rate in spoken:
            await self._answer(self._voice.say(pcm, rate))
        for text in texts:
            await self._answer(self._voice.say(await sound_of_text(text)))
        if not spoken and not texts:
            await self._typed()

    async def _typed(self) -> None:
        self._prompt()
        async for line in lines_from(sys.stdin.fileno()):
            if line.strip():
                await self._answer(self._voice.ask(line.strip()))
            self._prompt()

    async def _answer(self, asked: Awaitable[Answer]) -> None:
        self._shown, self._busy = "", True
        try:
            answer = await asked
        except Refused as refusal:
            self._line(f"({refusal.code}: {refusal.message})")
            return
        finally:
            self._busy = False
        self.sound += answer.sound
        self._write("\n")
        if answer.notice:
            self._line(f"({answer.notice})")
        if answer.interrupted:
            self._line("(interrupted)")
        elif answer.metrics is not None and answer.metrics.total_latency_ms is not None:
            self._line(f"(after {answer.metrics.total_latency_ms / 1000:.1f} s)")

    def stop(self, task: "asyncio.Task[None] | None") -> None:
        """Stop the answer, or *task* if there is none."""
        if self._busy:
            self._voice.interrupt()
        elif task is not None:
            task.cancel()

    def _heard(self, message: Message) -> None:
        if isinstance(message, Transcript):
            self._transcript(message)
        elif isinstance(message, LlmResponse):
            self._grown(message.data.text)

    def _transcript(self, message: Transcript) -> None:
        if message.data.is_final:
            self._line(f"{self._fresh()}you: {plain(message.data.text)}")
        elif self._out.isatty():
            self._write(f"{self._fresh()}... {plain(message.data.text)}")

    def _grown(self, text: str) -> None:
        if not self._shown:
            self._write("assistant: ")
        self._write(plain(text[len(self._shown) :]))
        self._shown = text

    def _prompt(self) -> None:
        if self._out.isatty():
            self._write("> ")

    def _fresh(self) -> str:
        """What begins a line that may be there already."""
        return "\r\x1b[K" if self._out.isatty() else ""

    def _line(self, text: str) -> None:
        self._write(f"{text}\n")

    def _write(self, text: str) -> None:
        encoding = self._out.encoding or "ascii"
        self._out.write(text.encode(encoding, "replace").decode(encoding))
        self._out.flush()
