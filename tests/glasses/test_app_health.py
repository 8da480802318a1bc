"""Whether servers of apps answer: asked seldom, whoever wants to know."""

from typing import Any

import msgspec
import pytest
from twisted.internet.defer import Deferred

from mentra.glasses.apps.health import HealthCheck, app_health, check_health
from mentra.interfaces.shared import IAppHealth
from mentra.interfaces.stores import IAppStore
from mentra.records import App
from mentra.testing.house import house_with, success_of
from mentra.testing.requests import FakeCall

ACME = "com.acme"


@pytest.fixture
def house():
    made = house_with(app_health)
    success_of(IAppStore(made).save(App(package_name=ACME, public_url="https://acme.test/")))
    return made


def ask(house, package_name: str = ACME) -> list[Any]:
    """What is answered, as soon as it is."""
    call = FakeCall(house, body=HealthCheck(package_name=package_name))
    answers: list[Any] = []
    Deferred.fromCoroutine(check_health.handle(call)).addCallback(answers.append)
    return answers


@pytest.mark.parametrize(
    ("status", "healthy"), [(200, True), (204, True), (302, False), (500, False)]
)
def test_a_server_is_healthy_if_its_health_page_says_so(house, status, healthy):
    answers = ask(house)

    [request] = house.http.requests
    request.succeed(status)

    assert (request.method, request.url) == ("GET", "https://acme.test/health")
    assert answers == [{"success": healthy}]
    assert IAppHealth(house).known(ACME) is healthy


def test_a_server_that_cannot_be_reached_is_not_healthy(house):
    answers = ask(house)

    house.http.requests[0].fail()

    assert answers == [{"success": False}]


def test_many_who_ask_at_once_are_answered_by_one_look(house):
    first, second = ask(house), ask(house)
    [request] = house.http.requests
    request.succeed()

    third = ask(house)

    assert first == second == third == [{"success": True}]
    assert len(house.http.requests) == 1


def test_after_a_while_it_is_looked_at_again(house):
    ask(house)
    house.http.requests[0].succeed()
    house.clock.advance(5.0)

    ask(house)

    assert len(house.http.requests) == 2


def test_what_was_found_long_ago_is_not_shown(house):
    ask(house)
    house.http.requests[0].succeed()

    house.clock.advance(60.0)

    assert IAppHealth(house).known(ACME) is None


def test_an_app_that_moved_is_looked_at_where_it_is_now(house):
    ask(house)
    house.http.requests[0].succeed()
    success_of(IAppStore(house).save(App(package_name=ACME, public_url="https://new.test")))

    ask(house)

    assert house.http.requests[1].url == "https://new.test/health"


def test_an_app_without_server_or_that_nobody_knows_is_not_healthy(house):
    success_of(IAppStore(house).save(App(package_name="org.bare")))

    assert ask(house, "org.bare") == ask(house, "org.none") == [{"success": False}]
    assert house.http.requests == []


def test_removed_apps_are_forgotten(house):
    ask(house)
    house.http.requests[0].succeed()
    success_of(IAppStore(house).remove(ACME))
    success_of(IAppStore(house).save(App(package_name="org.bare")))

    ask(house, "org.bare")

    assert IAppHealth(house).known(ACME) is None


def test_nobody_waits_for_ever_when_the_server_stops(house):
    answers = ask(house)

    house.stopService()

    assert answers == [{"success": False}]


def test_a_check_names_an_app():
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"packageName": 1}, HealthCheck)
