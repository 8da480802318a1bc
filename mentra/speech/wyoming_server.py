"""What a Wyoming server says it can do; asked for when it is needed, and now and then again."""

import msgspec
from twisted.internet.defer import CancelledError
from twisted.logger import Logger
from twisted.python.failure import Failure

from mentra.errors import Refused
from mentra.interfaces.services import IServices
from mentra.speech.wyoming_call import NAME, Call
from mentra.speech.wyoming_events import Event, read_as

ASK_WITHIN = 10.0
ASK_AGAIN = 60.0
"""Seconds between two attempts to learn it."""

MOST_NAMES = 5000


class Model(msgspec.Struct, frozen=True):
    """A model that recognises, or a voice."""

    name: str = ""
    languages: list[str] | None = None
    installed: bool = True


class Program(msgspec.Struct, frozen=True):
    """A program that the server runs."""

    models: list[Model] | None = None
    voices: list[Model] | None = None


class Info(msgspec.Struct, frozen=True):
    """What an ``info`` event says, as far as we care."""

    asr: list[Program] | None = None
    tts: list[Program] | None = None

    def languages(self, model: str) -> frozenset[str]:
        """Those that are recognised, by *model* if it is named; empty if it does not say."""
        models = [one for program in self.asr or () for one in program.models or ()]
        named = [one for one in models if not model or one.name == model]
        return frozenset(
            language for one in named if one.installed for language in one.languages or ()
        )

    def voices(self) -> tuple[str, ...]:
        """Names of its voices, those that are installed first."""
        voices = [one for program in self.tts or () for one in program.voices or () if one.name]
        voices.sort(key=lambda one: not one.installed)
        return tuple(one.name for one in voices[:MOST_NAMES])


class Described:
    """One server's own account of itself.

    :ivar info: None while it is not known.
    """

    _log = Logger()

    def __init__(self, services: IServices, address: str) -> None:
        self._services = services
        self._clock = services.clock
        self._address = address
        self._call: Call | None = None
        self._ask_at = 0.0
        self.info: Info | None = None

    def learn(self) -> None:
        """Ask it, unless it is known, was asked a moment ago, or is being asked."""
        if self.info is not None or self._call is not None:
            return
        if self._clock.seconds() < self._ask_at:
            return
        self._ask_at = self._clock.seconds() + ASK_AGAIN
        call = self._call = Call(self._services, self._address, _info, within=ASK_WITHIN)
        call.say(Event("describe"))
        call.answer.addCallbacks(self._learnt, self._not_learnt)

    def forget(self) -> None:
        """Nobody wants to know any more."""
        if self._call is not None:
            self._call.answer.cancel()

    def _learnt(self, info: Info) -> None:
        self.info, self._call = info, None

    def _not_learnt(self, failure: Failure) -> None:
        self._call = None
        if not failure.check(CancelledError):
            # whoever wants something of it is told as well
            failure.trap(Refused)
            self._log.info("what it can do is not known: {reason}", reason=failure.value)


def _info(event: Event) -> Info | None:
    found: Info | None = read_as(event, Info, NAME) if event.type == "info" else None
    return found
