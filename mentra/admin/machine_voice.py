"""A voice of this machine, for commands that have something said."""

import asyncio
import os
import shutil

from mentra.errors import MentraError, Refused
from mentra.speech.program import FILE, MOST_BYTES, unnamed_file
from mentra.speech.spoken_programs import ESPEAK_NG, FLITE, Speaker
from mentra.speech.wav import read_wav

SPEAKERS = (FLITE, ESPEAK_NG)
"""The clearest first."""

SECONDS = 30.0


def machine_speaker() -> Speaker | None:
    """The program here that speaks best."""
    return next((one for one in SPEAKERS if shutil.which(one.name)), None)


async def speak(text: str) -> tuple[bytes, int]:
    """*text* as mono PCM, int16 little endian, and its samples a second.

    :raises MentraError: no program here speaks, or it fails.
    """
    speaker = machine_speaker()
    if speaker is None:
        raise MentraError("no program here speaks: apt install flite, or espeak-ng")
    told, status = await _run(speaker, text)
    try:
        wav = read_wav(told)
    except Refused:
        raise MentraError(f"{speaker.name} says nothing (status {status})") from None
    return wav.pcm, wav.rate


async def _run(speaker: Speaker, text: str) -> tuple[bytes, int | None]:
    """What it writes, to wherever it is told to, and the status that it ends with."""
    with unnamed_file() as file:
        place = f"/dev/fd/{file.fileno()}"
        words = [place if word == FILE else word for word in speaker.words(speaker.voice(None))]
        process = await asyncio.create_subprocess_exec(
            speaker.name, *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            pass_fds=(file.fileno(),),
        )  # fmt: skip
        try:
            async with asyncio.timeout(SECONDS):
                told, _ = await process.communicate(text.encode("utf-8", "replace"))
        except TimeoutError:
            process.kill()
            await process.wait()
            raise MentraError(f"{speaker.name} takes longer than {SECONDS:g} seconds") from None
        return told or os.pread(file.fileno(), MOST_BYTES, 0), process.returncode
