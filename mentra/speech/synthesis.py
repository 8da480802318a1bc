"""Who speaks: the configured engine, with a memory for what it said and bounds for who asks."""

from collections import OrderedDict
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from twisted.internet.defer import DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from mentra.errors import NotThere, Refused
from mentra.extension import ComponentFactory, ConfigSection, Section
from mentra.interfaces.engines import IEngines, ISynthesiser
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import ISynthesis
from mentra.speech.sound_files import SoundFile

PREFERRED = ("flite", "espeak-ng")
"""Where no engine is configured, these go before others."""


class SynthesisSettings(Section, frozen=True, kw_only=True):
    """[synthesis]: what is spoken for apps, at /api/tts, and by the assistant."""

    engine: Annotated[
        str,
        Meta(
            max_length=100,
            description="Name of the engine that speaks, e.g. flite or espeak-ng; empty: the first "
            "one that works and sends nothing to other machines.",
        ),
    ] = ""
    voice: Annotated[
        str,
        Meta(
            max_length=200,
            description="Its voice where nobody asks for one; empty: the engine's own choice.",
        ),
    ] = ""
    cache: Annotated[
        int,
        Meta(ge=0, description="Bytes of speech that are kept in memory, to be said again."),
    ] = 16 * 1024 * 1024
    seconds: Annotated[
        float,
        Meta(gt=0, le=120, description="Seconds that a program may take for a text."),
    ] = 15.0
    max_text: Annotated[
        int, Meta(ge=1, le=100_000, description="Longest text that an engine gets, characters.")
    ] = 5000
    at_once: Annotated[
        int, Meta(ge=1, le=64, description="Texts that are spoken at a time; others wait.")
    ] = 2
    per_minute: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="Texts a minute that engines get, in the whole server; what is in memory "
            "does not count.",
        ),
    ] = 120


synthesis_section = ConfigSection("synthesis", SynthesisSettings)


class Memory:
    """What was said, the least lately used forgotten first.

    :param most: bytes of sound.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = 0
        self._kept: OrderedDict[tuple[str, ...], SoundFile] = OrderedDict()

    def get(self, key: tuple[str, ...]) -> SoundFile | None:
        """What was said of *key*."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def keep(self, key: tuple[str, ...], speech: Any) -> None:
        """Keep *speech*, if it is all there and fits."""
        body = speech.body
        if not isinstance(body, bytes) or len(body) > self._most:
            return
        self._forget(key)
        self._kept[key] = SoundFile(body, speech.content_type)
        self._bytes += len(body)
        while self._bytes > self._most:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: tuple[str, ...]) -> None:
        forgotten = self._kept.pop(key, None)
        if forgotten is not None:
            self._bytes -= len(forgotten.body)


class Rate:
    """So many a minute, a minute's worth of them at once."""

    def __init__(self, clock: IReactorTime, per_minute: int) -> None:
        self._clock = clock
        self._most = self._credit = float(per_minute)
        self._since = clock.seconds()

    def take(self) -> bool:
        """Whether there may be one more now."""
        now = self._clock.seconds()
        self._credit = min(self._most, self._credit + (now - self._since) * self._most / 60)
        self._since = now
        if self._credit < 1:
            return False
        self._credit -= 1
        return True


@implementer(ISynthesiser)
class Synthesiser:
    """Asks the engine that is configured, or the first that works."""

    def __init__(self, services: IServices) -> None:
        self._settings: SynthesisSettings = services.settings(SynthesisSettings)
        self._engines = IEngines(services)
        self._memory = Memory(self._settings.cache)
        self._rate = Rate(services.clock, self._settings.per_minute)
        self._lanes = DeferredSemaphore(self._settings.at_once)

    def why_not(self) -> str | None:
        """Why nobody here speaks; None: somebody does."""
        try:
            self._engine()
        except NotThere as missing:
            return str(missing)
        return None

    async def speak(self, text: str, voice: str | None, model: str | None, settings: Any) -> Any:
        """*text* as sound.

        :raises NotThere: no engine can speak here; the sentence says what to install or to set.
        :raises Refused: ``TEXT_TOO_LONG``, ``RATE_LIMITED``, or what the engine says.
        """
        most = self._settings.max_text
        if len(text) > most:
            sentence = f"the text is longer than {most} characters"
            raise Refused("TEXT_TOO_LONG", sentence, where="app")
        engine = self._engine()
        voice = voice or self._settings.voice or None
        key = (engine.name, voice or "", model or "", _spelt(settings), text)
        known = self._memory.get(key)
        if known is not None:
            return known
        if not self._rate.take():
            sentence = "So much is being said that this has to wait, try again in a minute"
            raise Refused("RATE_LIMITED", sentence, retryable=True)
        speech = await self._spoken(engine, text, voice, model, settings)
        self._memory.keep(key, speech)
        return speech

    async def _spoken(self, engine: Any, *asked: Any) -> Any:
        await self._lanes.acquire()
        try:
            return await engine.speak(*asked)
        finally:
            self._lanes.release()

    def _engine(self) -> Any:
        named = self._settings.engine
        if named:
            engine: Any = self._engines.get(ISynthesis, named)
            lacking = engine.unavailable()
            if lacking is not None:
                raise NotThere(lacking)
            return engine
        names = self._engines.names(ISynthesis)
        for name in (*PREFERRED, *(name for name in names if name not in PREFERRED)):
            if name in names:
                engine = self._engines.get(ISynthesis, name)
                # what is said goes to other machines only where somebody wants it to
                if engine.unavailable() is None and not engine.addresses():
                    return engine
        raise NotThere(
            "No program that speaks is installed here: apt install flite, or espeak-ng, or name "
            "another engine in [synthesis] engine"
        )


def _spelt(settings: Any) -> str:
    return msgspec.json.encode(settings, order="deterministic").decode() if settings else ""


synthesiser = ComponentFactory(ISynthesiser, Synthesiser)
