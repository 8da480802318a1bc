"""A few words of the house's own, over what apps show."""

import pytest

from mentra.events import AppStarting
from mentra.glasses.display.manager import display_app_starting, display_manager
from mentra.interfaces.glasses import IDisplay
from mentra.messages.display import DisplayRequest
from mentra.testing.house import session_with
from mentra.testing.running_apps import fake_apps


@pytest.fixture
def session(clock):
    return session_with(display_manager, fake_apps, display_app_starting, clock=clock)


def texts(session) -> list[str]:
    return [one.layout["text"] for one in session.glasses.take()]


def app_shows(session, text: str) -> None:
    session.announce(AppStarting("org.a", "A", "standard"))
    IDisplay(session).app_stopped("org.b")
    IDisplay(session).request(
        "org.a", DisplayRequest(layout={"layoutType": "text_wall", "text": text})
    )


def test_it_is_shown_at_once_and_what_was_there_comes_back(session, clock):
    app_shows(session, "captions")
    clock.advance(10)
    session.glasses.take()

    shown = IDisplay(session).notice("Milk, eggs", 8.0)
    at_once = texts(session)
    clock.advance(7.9)
    before = texts(session)
    clock.advance(0.2)

    assert shown is True
    assert (at_once, before) == (["Milk, eggs"], [])
    assert texts(session) == ["captions"]
    assert not [one for one in clock.getDelayedCalls() if one.time > clock.seconds() + 60]


def test_what_an_app_shows_meanwhile_is_not_shown_twice(session, clock):
    app_shows(session, "captions")
    clock.advance(10)
    IDisplay(session).notice("Milk, eggs", 8.0)
    clock.advance(1)
    IDisplay(session).request(
        "org.a", DisplayRequest(layout={"layoutType": "text_wall", "text": "newer"})
    )
    clock.advance(1)
    session.glasses.take()

    clock.advance(10)

    assert texts(session) == []


def test_a_newer_one_takes_its_place(session, clock):
    IDisplay(session).notice("one", 8.0)
    clock.advance(5)
    IDisplay(session).notice("two", 8.0)

    clock.advance(5)

    assert texts(session) == ["one", "two"]


def test_there_is_none_while_apps_start_or_without_a_phone(session, clock):
    session.announce(AppStarting("org.a", "A", "standard"))
    starting = IDisplay(session).notice("one", 8.0)
    clock.advance(30)
    session.glasses = None

    assert starting is False
    assert IDisplay(session).notice("two", 8.0) is False


def test_nothing_is_waited_for_after_the_session(session, clock):
    IDisplay(session).notice("one", 8.0)

    session.stopService()

    assert clock.getDelayedCalls() == []
