"""LibreTranslate and whatever speaks its protocol, over HTTP.

Source: docs.libretranslate.com, "API Reference": ``POST /translate``, ``GET /languages``.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import ConfigSection, EngineFactory, Section
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import ITranslator
from mentra.providers import Provider, broken, read_key
from mentra.speech.tags import AUTO, base_of, spelt
from mentra.speech.translation import TranslationSettings

ASK_AGAIN = 60.0
"""Seconds between two attempts to learn its languages."""

MOST_PAIRS = 100_000


class LibreTranslateSettings(Section, frozen=True, kw_only=True):
    """[libretranslate]: a server that translates, your own for example."""

    base_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^/\s].*)?$",
            description="Its URL, e.g. http://127.0.0.1:5000; empty: there is none.",
        ),
    ] = ""
    key_file: Annotated[
        str,
        Meta(
            description="File with the API key, readable by its owner alone; empty: it wants none."
        ),
    ] = ""


libretranslate_section = ConfigSection("libretranslate", LibreTranslateSettings)


class _Language(msgspec.Struct, frozen=True):
    code: str
    targets: list[str] = []


class _Translated(msgspec.Struct, frozen=True):
    text: str = msgspec.field(name="translatedText")


@implementer(ITranslator)
class LibreTranslate(Service):
    """Asks one server; which languages it has it is asked once it is needed."""

    name = "libretranslate"
    _log = Logger()

    def __init__(self, services: IServices) -> None:
        self._settings: LibreTranslateSettings = services.settings(LibreTranslateSettings)
        self._within: float = services.settings(TranslationSettings).timeout
        self._key = read_key(services, self._settings.key_file, "the key of LibreTranslate")
        self._base = self._settings.base_url.rstrip("/")
        self._provider = Provider(self.name, services)
        self._clock = services.clock
        self._pairs: dict[str, frozenset[str]] | None = None
        self._learning: Deferred[None] | None = None
        self._learn_at = 0.0

    def unavailable(self) -> str | None:
        """Whether it is configured."""
        if not self._base:
            return "set libretranslate.base_url to the URL of a LibreTranslate server"
        return self._key.problem

    def addresses(self) -> tuple[str, ...]:
        """The server's."""
        return (self._base,) if self._base else ()

    def stopService(self) -> Any:
        """It need not know any more."""
        if self._learning is not None:
            self._learning.cancel()
        return super().stopService()

    def translates(self, source: str, target: str) -> bool:
        """As the server says; while it was not heard of, whatever is asked."""
        if self._pairs is None:
            self._learn()
            return True
        if source == AUTO:
            return any(spelt(target, targets) for targets in self._pairs.values())
        known = spelt(source, self._pairs)
        return known is not None and spelt(target, self._pairs[known]) is not None

    async def translate(self, text: str, source: str, target: str) -> str:
        """*text* in *target*.

        :raises Refused: the server cannot.
        """
        asked = {
            "q": text,
            "source": source if source == AUTO else self._spelt(source),
            "target": self._spelt(target),
            "format": "text",
        }
        if self._key.value:
            asked["api_key"] = self._key.value
        answer = await self._provider.ask(
            "POST", f"{self._base}/translate", json=asked, within=self._within
        )
        try:
            return msgspec.json.decode(answer.body, type=_Translated).text
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            raise broken(self.name) from problem

    def _spelt(self, language: str) -> str:
        pairs = self._pairs or {}
        return spelt(language, frozenset(pairs).union(*pairs.values())) or base_of(language)

    def _learn(self) -> None:
        """Ask for its languages, but not all the time."""
        if self._learning is not None or self._clock.seconds() < self._learn_at:
            return
        self._learn_at = self._clock.seconds() + ASK_AGAIN
        learning = Deferred.fromCoroutine(self._languages())
        learning.addErrback(_cancelled)
        self._learning = None if learning.called else learning

    async def _languages(self) -> None:
        try:
            answer = await self._provider.ask("GET", f"{self._base}/languages", within=self._within)
            self._pairs = pairs_in(answer.body)
        except Refused as refusal:
            # whoever wants a text translated is told as well
            self._log.info("its languages are not known: {reason}", reason=refusal.message)
        finally:
            self._learning = None


def pairs_in(body: bytes) -> dict[str, frozenset[str]] | None:
    """Source to targets, as the server lists them; None if nothing can be made of it."""
    try:
        languages = msgspec.json.decode(body, type=list[_Language])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if sum(1 + len(one.targets) for one in languages) > MOST_PAIRS:
        return None
    # older servers list no targets: all of them
    codes = frozenset(one.code for one in languages)
    return {one.code: frozenset(one.targets) or codes for one in languages} or None


def _cancelled(failure: Failure) -> None:
    failure.trap(CancelledError)


libretranslate = EngineFactory(ITranslator, LibreTranslate.name, LibreTranslate)
