"""A house on the real reactor, whose engines start real processes."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import attrs
from twisted.internet import reactor  # noqa: TID251 - real processes need the real one
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorProcess
from twisted.internet.task import deferLater

from mentra.engines import engines
from mentra.house import House
from mentra.interfaces.engines import IEngines
from mentra.interfaces.speech import IRecogniser
from mentra.speech.figures import engine_figures
from mentra.speech.voice_activity import webrtc_detection
from mentra.testing.engines import FakeListener
from mentra.testing.house import house_with
from mentra.testing.spoken import silence

PATIENCE = 60.0
"""Seconds until a test gives up."""


async def until(condition: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Let time pass until it holds."""
    end = reactor.seconds() + patience
    while not condition():
        assert reactor.seconds() < end, "it has not come to pass"
        await deferLater(reactor, 0.01)


def pause(seconds: float) -> Deferred[None]:
    """Let time pass."""
    return deferLater(reactor, seconds)


@asynccontextmanager
async def real_house(*plugins: object, sections: tuple[object, ...] = ()) -> AsyncIterator[House]:
    """With these plugins, and what engines need; its processes end with it."""
    house = house_with(
        engines,
        engine_figures,
        webrtc_detection,
        *plugins,
        clock=reactor,
        sections=sections,
        parts={IReactorProcess: reactor},
    )
    try:
        yield house
    finally:
        await maybeDeferred(house.stopService)


@attrs.define
class Ear:
    """Somebody who has sound recognised by an engine."""

    engine: object
    wanted: object
    listener: FakeListener = attrs.field(factory=FakeListener)

    async def understood(self, sound: bytes) -> str:
        """What is final of *sound*, in one stream of its own."""
        self.listener = FakeListener()
        stream = self.engine.open(self.wanted, self.listener)
        stream.write(silence(0.5) + sound + silence(0.5))
        stream.finalize()
        await until(lambda: bool(self.listener.finals or self.listener.problems))
        stream.close()
        assert self.listener.problems == []
        return self.listener.text


def recogniser(house: House, name: str) -> object:
    """The engine called *name*."""
    return IEngines(house).get(IRecogniser, name)
