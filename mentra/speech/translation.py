"""[translation]: text of one language in another, by the engine that is configured.

Whoever wants something translated asks :class:`ITranslation` of the services.
"""

from collections import OrderedDict
from typing import Annotated

from msgspec import Meta
from zope.interface import implementer

from mentra.errors import NotThere, Refused
from mentra.extension import ComponentFactory, ConfigSection, Section
from mentra.interfaces.engines import IEngines
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import ITranslation, ITranslator
from mentra.speech.tags import is_same

MOST_AT_ONCE = 32
"""Sentences on their way through the engine; one more is refused."""


class TranslationSettings(Section, frozen=True, kw_only=True):
    """[translation]: who turns what was said into another language."""

    engine: Annotated[
        str,
        Meta(
            description="Which translator: libretranslate, llm (the language model named in "
            "language_model), or one that a plugin brings; empty: there is none."
        ),
    ] = ""
    language_model: Annotated[
        str, Meta(description="The language model engine that the translator llm asks.")
    ] = ""
    model: Annotated[
        str, Meta(description="Which of its models; empty: the one it is configured with.")
    ] = ""
    timeout: Annotated[
        float, Meta(gt=0, le=120, description="Seconds for one text, all attempts together.")
    ] = 10.0
    max_characters: Annotated[
        int, Meta(ge=1, le=100_000, description="Characters of one text; a longer one is refused.")
    ] = 2000
    cache: Annotated[
        int,
        Meta(
            ge=0,
            le=10_000_000,
            description="Characters of recent translations kept in memory, so that the same "
            "sentence is not translated twice; 0: none.",
        ),
    ] = 50_000


translation_section = ConfigSection("translation", TranslationSettings)


@implementer(ITranslation)
class Translation:
    """Asks the configured engine, and remembers a little."""

    def __init__(self, services: IServices) -> None:
        self._services = services
        self._settings: TranslationSettings = services.settings(TranslationSettings)
        self._recent = Recent(self._settings.cache)
        self._under_way = 0

    def why_not(self, source: str, target: str) -> str | None:
        """Why nobody here translates the pair."""
        try:
            engine = self._engine()
        except Refused as refusal:
            return refusal.message
        if not engine.translates(source, target):
            return f"{engine.name} does not translate {source} into {target}"
        return None

    async def translate(self, text: str, source: str, target: str) -> str:
        """*text* in *target*.

        :raises Refused: it cannot be had.
        """
        if not text.strip() or is_same(source, target):
            return text
        engine = self._engine()
        longest = self._settings.max_characters
        if len(text) > longest:
            raise Refused("TEXT_TOO_LONG", f"a text to translate has at most {longest} characters")
        known = self._recent.get(source, target, text)
        if known is not None:
            return known
        translated = await self._asked(engine, text, source, target)
        self._recent.put(source, target, text, translated)
        return translated

    async def _asked(self, engine: ITranslator, text: str, source: str, target: str) -> str:
        if self._under_way >= MOST_AT_ONCE:
            raise Refused(
                "TOO_BUSY", f"{engine.name} has {MOST_AT_ONCE} texts to translate", retryable=True
            )
        self._under_way += 1
        try:
            translated: str = await engine.translate(text, source, target)
        finally:
            self._under_way -= 1
        return translated

    def _engine(self) -> ITranslator:
        name = self._settings.engine
        if not name:
            raise Refused("NO_TRANSLATOR", "nobody translates here: set translation.engine")
        try:
            engine: ITranslator = IEngines(self._services).get(ITranslator, name)
        except NotThere as problem:
            raise Refused("NO_TRANSLATOR", f"translation.engine: {problem}") from problem
        lacking = engine.unavailable()
        if lacking is not None:
            raise Refused("NO_TRANSLATOR", lacking)
        return engine


class Recent:
    """Translations of late, up to *most* characters of text and translation together."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._kept: OrderedDict[tuple[str, str, str], str] = OrderedDict()

    def get(self, source: str, target: str, text: str) -> str | None:
        """The translation, if it is among them."""
        found = self._kept.get((source, target, text))
        if found is not None:
            self._kept.move_to_end((source, target, text))
        return found

    def put(self, source: str, target: str, text: str, translated: str) -> None:
        """Remember it; what was not asked for longest gives way."""
        key = (source, target, text)
        self._drop(key)
        self._kept[key] = translated
        self._size += len(text) + len(translated)
        while self._size > self._most:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: tuple[str, str, str]) -> None:
        translated = self._kept.pop(key, None)
        if translated is not None:
            self._size -= len(key[2]) + len(translated)


translation = ComponentFactory(ITranslation, Translation)
