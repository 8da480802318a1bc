"""Sound for the microphone of simulated glasses: from a file, or said by this machine."""

from importlib.util import find_spec
from pathlib import Path

import mentra
from mentra.admin.machine_voice import machine_speaker, speak
from mentra.errors import MentraError, Refused
from mentra.speech.resampling import RATE, Resampler
from mentra.speech.wav import pcm_of_wav

SPOKEN = "the weather is very nice today"
"""What the demo says aloud."""

RECORDED = Path(mentra.__file__).parents[1] / "examples" / "speech" / "weather.wav"
"""The same, for machines without a voice; a checkout has it."""

WANTED = ("pocketsphinx", "webrtcvad")
"""What the server's default recogniser is made of."""


def sound_of_file(path: Path) -> bytes:
    """What is in a WAV file, as microphones hear it: mono PCM, int16 little endian, 16 kHz.

    :raises MentraError: it is none.
    """
    try:
        return pcm_of_wav(path.read_bytes())
    except OSError as problem:
        raise MentraError(f"{path}: {problem.strerror}") from problem
    except Refused as refused:
        raise MentraError(f"{path}: {refused.message}") from refused


async def sound_of_text(text: str) -> bytes:
    """*text*, said by a voice of this machine.

    :raises MentraError: there is none, or its sound cannot be used.
    """
    pcm, rate = await speak(text)
    return pcm if rate == RATE else Resampler(rate).write(pcm, is_last=True)


async def sound_of_the_demo() -> bytes | None:
    """Something that a server with the defaults understands; None where there is no recogniser for
    it, or nothing that says it."""
    if not all(find_spec(name) for name in WANTED):
        return None
    try:
        if machine_speaker() is not None:
            return await sound_of_text(SPOKEN)
        return sound_of_file(RECORDED)
    except MentraError:
        # it is shown what works here
        return None
