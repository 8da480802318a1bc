"""Synthesis by programs that Debian has: flite and espeak-ng."""

import re
import shutil
from collections.abc import Callable
from typing import Any

import attrs
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorProcess
from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import EngineFactory
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import ISynthesis
from mentra.speech.program import FILE, run
from mentra.speech.sound_files import SoundFile, wav_of
from mentra.speech.synthesis import SynthesisSettings
from mentra.speech.wav import read_wav

MOST_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
"""What nobody can say, and a program may take for something else."""


@attrs.frozen(kw_only=True)
class Speaker:
    """How a program is told to speak.

    :ivar name: of the engine and of the program.
    :ivar voices: best first; the first is that of who names none.
    :ivar other_voices: names besides these that the program can be given safely; None: none.
    :ivar words: of its command line, without the program: a function of the voice.
    """

    name: str
    voices: tuple[str, ...]
    words: Callable[[str], tuple[str, ...]]
    other_voices: re.Pattern[str] | None = None

    def voice(self, wanted: str | None) -> str:
        """The one to use for *wanted*: apps name voices of other engines too."""
        if wanted in self.voices:
            return str(wanted)
        if wanted and self.other_voices is not None and self.other_voices.fullmatch(wanted):
            return wanted
        return self.voices[0]


FLITE = Speaker(
    name="flite",
    # all that are built in; anything else it would take for a file or an address to fetch
    voices=("kal16", "rms", "slt", "awb"),
    # it goes back in what it writes, so a pipe will not do
    words=lambda voice: ("-voice", voice, "-f", "/dev/stdin", "-o", FILE),
)

ESPEAK_NG = Speaker(
    name="espeak-ng",
    voices=("en-us", "en-gb", "de", "fr-fr", "es", "it", "nl", "pl", "pt", "sv"),
    # a language and a variant: no dot and no slash, so no file
    other_voices=re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,2}(\+[A-Za-z0-9]{1,12})?"),
    words=lambda voice: ("-v", voice, "--stdin", "--stdout"),
)


@implementer(ISynthesis)
class ProgramSynthesis(Service):
    """Runs the program for each text.

    :param which: finds the path of a program, or None.
    """

    def __init__(
        self,
        services: IServices,
        speaker: Speaker,
        which: Callable[[str], str | None] = shutil.which,
    ) -> None:
        self.name = speaker.name
        self.voices = speaker.voices
        self._speaker = speaker
        self._path = which(speaker.name)
        self._processes = IReactorProcess(services)
        self._clock = services.clock
        self._seconds = services.settings(SynthesisSettings).seconds
        self._runs: set[Deferred[bytes]] = set()

    def unavailable(self) -> str | None:
        """That the program is not there."""
        if self._path is not None:
            return None
        name = self._speaker.name
        return f"The program {name} is not installed; on Debian and Ubuntu: apt install {name}"

    def addresses(self) -> tuple[str, ...]:
        """None: it stays on this machine."""
        return ()

    async def speak(
        self, text: str, voice: str | None, model: str | None, settings: Any
    ) -> SoundFile:
        """*text* as a WAV file.

        :raises Refused: ``ENGINE_UNAVAILABLE``, ``SPEECH_FAILED`` or ``NOTHING_TO_SAY``.
        """
        if self._path is None:
            raise Refused("ENGINE_UNAVAILABLE", str(self.unavailable()))
        chosen = self._speaker.voice(voice)
        try:
            wav = read_wav(await self._run(self._path, chosen, MOST_CONTROL.sub(" ", text)))
        except Refused as refusal:
            # what a program does with an unknown voice or no words differs: no sound is no sound
            if refusal.code != "UNUSABLE_SPEECH":
                raise
            raise self._nothing() from refusal
        if not wav.pcm:
            raise self._nothing()
        return SoundFile(wav_of(wav.pcm, rate=wav.rate))

    async def _run(self, path: str, voice: str, text: str) -> bytes:
        command = (path, *self._speaker.words(voice))
        making = run(
            self._processes,
            self._clock,
            command,
            text,
            label=self._speaker.name,
            seconds=self._seconds,
        )
        self._runs.add(making)
        try:
            return await making
        finally:
            self._runs.discard(making)

    def _nothing(self) -> Refused:
        return Refused("NOTHING_TO_SAY", f"{self.name} has no sound for this text", where="app")

    def stopService(self) -> Any:
        """Kill what runs."""
        super().stopService()
        gone = []
        for making in tuple(self._runs):
            over: Deferred[None] = Deferred()
            making.addBoth(_tell, over)
            making.cancel()
            gone.append(over)
        return DeferredList(gone)


def _tell(result: Any, over: "Deferred[None]") -> Any:
    over.callback(None)
    return result


flite = EngineFactory(ISynthesis, FLITE.name, lambda services: ProgramSynthesis(services, FLITE))
espeak_ng = EngineFactory(
    ISynthesis, ESPEAK_NG.name, lambda services: ProgramSynthesis(services, ESPEAK_NG)
)
