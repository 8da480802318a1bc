"""Engines are made when first asked for, by interface and name."""

from typing import Any

import pytest
from twisted.application.service import Service
from zope.interface import Interface, Invalid, implementer
from zope.interface.verify import verifyObject

from mentra.engines import engines
from mentra.errors import ConfigError, NotThere
from mentra.extension import EngineFactory, EngineSource
from mentra.interfaces.engines import IEngines
from mentra.interfaces.network import IDial, IGuardedHttpClient
from mentra.interfaces.services import IHttpClient, IServices, ITokens
from mentra.testing.house import house_with
from mentra.testing.http import FakeHttp


class ILamp(Interface):
    """Gives light."""

    def shine() -> None:
        """Be bright."""


@implementer(ILamp)
class Lamp(Service):
    def __init__(self, services: Any) -> None:
        self.services = services

    def shine(self) -> None:
        """Bright."""


class IHeater(Interface):
    """Gives warmth."""


@implementer(IHeater)
class Heater(Service):
    name = "led"

    def __init__(self, services: Any) -> None:
        """A service with the name of an engine."""


@implementer(ILamp)
class NamedLamp(Lamp):
    name = "led"


@implementer(ILamp)
class Broken:
    def __init__(self, services: Any) -> None:
        """It has no light."""


def test_an_engine_is_made_once_and_runs_with_the_house():
    house = house_with(engines, EngineFactory(ILamp, "led", Lamp))

    lamp = IEngines(house).get(ILamp, "led")

    assert lamp is IEngines(house).get(ILamp, "led")
    assert lamp.running
    house.stopService()
    assert not lamp.running


def test_an_unknown_name_is_told_which_there_are():
    house = house_with(
        engines, EngineFactory(ILamp, "led", Lamp), EngineFactory(ILamp, "bulb", Lamp)
    )

    with pytest.raises(NotThere, match="bulb, led"):
        IEngines(house).get(ILamp, "candle")

    assert IEngines(house).names(ILamp) == ("bulb", "led")


def test_an_engine_that_breaks_its_promise_is_not_used():
    house = house_with(engines, EngineFactory(ILamp, "broken", Broken))

    with pytest.raises(Invalid):
        IEngines(house).get(ILamp, "broken")


def test_engines_of_two_kinds_may_have_one_name():
    house = house_with(
        engines, EngineFactory(ILamp, "led", NamedLamp), EngineFactory(IHeater, "led", Heater)
    )

    both = [IEngines(house).get(kind, "led") for kind in (ILamp, IHeater)]

    assert [one.running for one in both] == [1, 1]


def test_an_engine_sees_the_services_but_reaches_the_network_its_own_way():
    guarded = FakeHttp()
    house = house_with(
        engines, EngineFactory(ILamp, "led", Lamp), parts={IGuardedHttpClient: guarded}
    )

    services = IEngines(house).get(ILamp, "led").services

    assert verifyObject(IServices, services)
    assert services.http is IHttpClient(services) is guarded
    assert services.http is not house.http
    assert services.clock is house.clock
    assert IEngines(services) is IEngines(house)
    assert IDial(services) is IDial(house)
    assert ITokens(services) is ITokens(house)
    with pytest.raises(TypeError):
        ILamp(services)


def test_engines_may_be_named_by_the_configuration():
    def lamps(services: Any) -> tuple[EngineFactory, ...]:
        return tuple(EngineFactory(ILamp, name, Lamp) for name in ("desk", "bed"))

    house = house_with(engines, EngineFactory(ILamp, "led", Lamp), EngineSource(ILamp, lamps))

    assert IEngines(house).names(ILamp) == ("bed", "desk", "led")
    assert IEngines(house).get(ILamp, "desk") is IEngines(house).get(ILamp, "desk")
    assert IEngines(house).names(IHeater) == ()


def test_a_name_that_two_make_is_refused():
    def lamps(services: Any) -> tuple[EngineFactory, ...]:
        return (EngineFactory(ILamp, "led", Lamp),)

    house = house_with(engines, EngineFactory(ILamp, "led", Lamp), EngineSource(ILamp, lamps))

    with pytest.raises(ConfigError, match="two engines called 'led'"):
        IEngines(house).get(ILamp, "led")
