"""Which module a plugin is said to come from."""

from functools import partial

import pytest
from zope.interface import Interface

from mentra.events import GlassesAttached
from mentra.extension import (
    Access,
    ComponentFactory,
    ConfigSection,
    Interceptor,
    ManagerFactory,
    Section,
    handler,
    listener,
    provider_of,
    route,
)
from mentra.glasses.microphone import MicrophoneSettings, microphone_section
from mentra.messages import Unknown


class IWeather(Interface):
    """Rain or shine."""


class Weather:
    """A facet, and what its partial builds."""

    def __init__(self, *collaborators):
        pass


class Settings(Section, frozen=True, kw_only=True):
    """[weather]: rain or shine."""


class Factory:
    """A factory that is nobody else's class."""

    provides = IWeather

    def build(self, session, services):
        return Weather()


@handler("app", Unknown)
def weather(message, context):
    """Handle it."""


@listener(GlassesAttached)
def glasses(event, session):
    """Hear it."""


@route("GET", "/weather", access=Access.PUBLIC)
def page(call):
    """Show it."""


def look(message, *rest):
    """Look at it."""


@pytest.mark.parametrize(
    "plugin",
    [
        weather,
        glasses,
        page,
        ManagerFactory(IWeather, Weather),
        ManagerFactory(IWeather, partial(Weather, 1)),
        ManagerFactory(IWeather, lambda session, services: Weather()),
        ComponentFactory(IWeather, Weather),
        ConfigSection("weather", Settings),
        Interceptor(name="audit", before=look),
        Interceptor(name="audit", after=look),
        Factory(),
    ],
)
def test_a_plugin_comes_from_where_its_author_wrote_it(plugin):
    assert provider_of(plugin) == __name__


def test_a_section_comes_from_its_struct_and_not_from_its_wrapper():
    assert provider_of(microphone_section) == MicrophoneSettings.__module__


def test_what_holds_nothing_of_anybody_comes_from_its_own_class():
    assert provider_of(Interceptor(name="idle")) == "mentra.extension"
    assert provider_of(object()) == "builtins"
