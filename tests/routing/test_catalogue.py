"""Plugins, sorted by what they are for, and what happens when two own one thing."""

from typing import Any

import pytest
from zope.interface import Interface

from mentra.errors import ConfigError
from mentra.events import GlassesLeft, SessionStarted
from mentra.extension import (
    ComponentFactory,
    EngineFactory,
    Handler,
    Listener,
    ManagerFactory,
    handler,
    listener,
)
from mentra.messages.session import Ping
from mentra.routing.catalogue import Catalogue


def ping_of(name: str) -> Handler:
    return Handler("app", Ping, lambda message, context: None, name)


def test_two_owners_of_one_message_are_refused_by_name_and_origin():
    with pytest.raises(ConfigError) as refusal:
        Catalogue(
            [ping_of("acme.a:ping"), ping_of("acme.b:ping")],
            describe=lambda plugin: f"from {plugin.name[:6]} 1.0",
        )

    sentence = str(refusal.value)
    for part in ("'app ping'", "acme.a:ping", "acme.b:ping", "from acme.a 1.0", "plugins.prefer"):
        assert part in sentence


def test_the_configuration_may_say_who_wins():
    one, other = ping_of("acme.a:ping"), ping_of("acme.b:ping")

    catalogue = Catalogue([one, other], prefer={"app ping": "acme.b:ping"})

    assert catalogue.handlers("app")[Ping] is other


def test_a_preference_that_nothing_answers_to_is_a_mistake():
    with pytest.raises(ConfigError, match="app pong"):
        Catalogue([ping_of("acme.a:ping")], prefer={"app pong": "acme.a:ping"})


def test_the_same_instance_from_two_dropins_is_one_plugin():
    one = ping_of("acme.a:ping")

    assert Catalogue([one, one]).handlers("app")[Ping] is one


class IThing(Interface):
    """Something."""


@pytest.mark.parametrize("kind", [ManagerFactory, ComponentFactory])
def test_two_providers_of_one_interface_are_refused(kind: Any):
    with pytest.raises(ConfigError, match="IThing"):
        Catalogue([kind(IThing, dict), kind(IThing, list)])


def test_engines_of_one_interface_are_told_apart_by_name():
    one, other = EngineFactory(IThing, "one", dict), EngineFactory(IThing, "other", list)

    assert Catalogue([one, other]).engines(IThing) == {"one": one, "other": other}


def test_two_engines_of_one_name_are_refused():
    with pytest.raises(ConfigError, match="'one'"):
        Catalogue([EngineFactory(IThing, "one", dict), EngineFactory(IThing, "one", list)])


def test_listeners_hear_in_their_order_and_only_of_their_event():
    late = Listener(SessionStarted, lambda event, session: None, 5, "a:late")
    early = Listener(SessionStarted, lambda event, session: None, -5, "z:early")
    other = Listener(GlassesLeft, lambda event, session: None, 0, "b:other")

    catalogue = Catalogue([late, other, early])

    assert catalogue.listeners(SessionStarted) == (early, late)
    assert catalogue.listeners(GlassesLeft) == (other,)


def test_decorated_functions_know_their_names():
    @handler("app", Ping)
    def own_ping(message: Any, context: Any) -> None:
        """Nothing."""

    @listener(SessionStarted)
    def own_listener(event: Any, session: Any) -> None:
        """Nothing."""

    assert own_ping.name.endswith("own_ping")
    assert own_ping.name.startswith(__name__)
    assert own_listener.name.endswith("own_listener")
