"""Recognisers that somebody hosts, and that one may have at home as well: Deepgram, Soniox."""

from collections.abc import Collection
from typing import Any

from mentra.errors import Refused
from mentra.hearing import Recognition
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import IRecogniserListener
from mentra.providers import Key, Rest
from mentra.speech.far_stream import FarStream
from mentra.speech.tags import is_among, unknown_language


class FarRecogniser:
    """One connection for each wearer and language.  A subclass says how what is sent is spelt.

    :cvar name: also that of its section.
    :cvar company: for people.
    :cvar hosted: the company's own address, where a key is wanted.
    """

    name: str
    company: str
    hosted: str

    def __init__(
        self, services: IServices, *, url: str, key: Key, languages: Collection[str]
    ) -> None:
        self._services = services
        self._url = url
        self._key = key
        self._languages = languages
        self._rest = Rest(self.name, services.clock)

    def unavailable(self) -> str | None:
        """Whether there is a key, where one is needed."""
        if not self._key.value and self._key.problem is None and self._is_hosted:
            return f"set {self.name}.key_file to a file with your key of {self.company}"
        return self._key.problem

    def addresses(self) -> tuple[str, ...]:
        """Where the sound goes."""
        return (self._url,)

    def speaks(self, language: str) -> bool:
        """Whether the model is said to know it."""
        return is_among(language, self._languages)

    def open(self, wanted: Recognition, listener: IRecogniserListener) -> FarStream:
        """A connection of its own.

        :raises Refused: it is not configured, does not know the language, or wants a rest.
        """
        lacking = self.unavailable()
        if lacking is not None:
            raise Refused("ENGINE_UNAVAILABLE", lacking, where="provider")
        if not self.speaks(wanted.language):
            raise unknown_language(self.name, wanted.language, f"{self.name}.languages")
        self._rest.refuse()
        return FarStream(self._services, self._dialect(wanted), self._rest, listener)

    @property
    def _is_hosted(self) -> bool:
        return self._url.rstrip("/") == self.hosted

    def _dialect(self, wanted: Recognition) -> Any:
        """How what *wanted* asks for is spelt."""
        raise NotImplementedError
