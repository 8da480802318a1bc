"""A voice of this machine, for commands that have something said."""

import asyncio
import io
import shutil
import wave

from mentra.errors import MentraError

VOICES = {
    "flite": ("-voice", "kal16", "-t"),
    "espeak-ng": ("-v", "en-us", "--stdout", "--"),
}
"""Programs, the clearest first, and what they are told before the text."""

SECONDS = 30.0


async def speak(text: str) -> tuple[bytes, int]:
    """*text* as mono PCM, int16 little endian, and its samples a second.

    :raises MentraError: no program here speaks, or it fails.
    """
    name = next((one for one in VOICES if shutil.which(one)), None)
    if name is None:
        raise MentraError("no program here speaks: apt install flite, or espeak-ng")
    tail = ("-o", "/dev/stdout") if name == "flite" else ()
    process = await asyncio.create_subprocess_exec(
        name, *VOICES[name], text, *tail,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(SECONDS):
            told, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise MentraError(f"{name} takes longer than {SECONDS:g} seconds") from None
    try:
        with wave.open(io.BytesIO(told)) as sound:
            # a program that writes into a pipe does not know how long it will be
            return sound.readframes(len(told)), sound.getframerate()
    except (wave.Error, EOFError):
        raise MentraError(f"{name} says nothing (status {process.returncode})") from None
