"""Ports with the channels' wing behind them, and a channel of the tests' own."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface.interface import InterfaceClass

from mentra.extension import handler
from mentra.house import House
from mentra.messages.channels import Event, Record, Reply, Request
from mentra.testing.channels import channels_port, stores_in
from mentra.testing.databases import MemoryDatabase
from mentra.testing.wire import MemoryPort

OpenPort = Callable[..., tuple[House, MemoryPort]]


class Weather(Record, frozen=True, kw_only=True):
    """What it is like."""

    town: str
    degrees: float


class WeatherChanged(Event, frozen=True, kw_only=True, tag="weather:changed"):
    """It is like this now."""

    payload: Weather


class WeatherToday(Request, frozen=True, kw_only=True, tag="weather:today"):
    """What it is like outside."""

    answers: ClassVar[Any] = Weather
    town: str
    days: tuple[int, ...] = ()


class WeatherLater(Request, frozen=True, kw_only=True, tag="weather:later"):
    """Answered when the test says so."""

    patience: ClassVar[float | None] = 60.0


_pending: list[Deferred[Any]] = []


# these are the module's, for the plugins of a house are looked through once where all of them last
@handler("channels", WeatherToday)
def today(message: WeatherToday, context: Any) -> Any:
    """It is always the same."""
    if message.town == "nowhere":
        raise LookupError("a bug with a secret")
    if message.town == "nothing":
        return None
    return Reply(payload=Weather(town=message.town, degrees=21.5))


@handler("channels", WeatherLater)
async def later(message: WeatherLater, context: Any) -> Any:
    """Waits for the test."""
    waiting: Deferred[Any] = Deferred()
    _pending.append(waiting)
    return Reply(payload=await waiting)


@pytest.fixture
def pending() -> Iterator[list[Deferred[Any]]]:
    """What handlers of ``weather:later`` wait for, in order."""
    yield _pending
    _pending.clear()


@pytest.fixture
def open_port(clock: Clock, pending: list[Deferred[Any]]) -> OpenPort:
    """Makes a house of the channels' wing (and more plugins), and its ports."""

    def make(*plugins: object, **how: Any) -> tuple[House, MemoryPort]:
        return channels_port(today, later, *plugins, clock=clock, **how)

    return make


@pytest.fixture
def database() -> Iterator[MemoryDatabase]:
    """Where everything is kept."""
    database = MemoryDatabase()
    yield database
    database.close()


@pytest.fixture
def kept_parts(clock: Clock, database: MemoryDatabase) -> dict[InterfaceClass, object]:
    """The stores of channels."""
    return stores_in(database, clock)
