"""What new users are told once, and who has to wait for it."""

from typing import Any

import msgspec
import pytest
from twisted.internet.task import Clock

from mentra.errors import Denied, NotThere
from mentra.events import AppStarting, AppStopped
from mentra.glasses.display import onboarding_routes as routes
from mentra.glasses.display.manager import (
    display_app_starting,
    display_app_stopped,
    display_manager,
)
from mentra.glasses.display.onboarding import MAX_TEXT
from mentra.glasses.display.settings import DisplaySettings
from mentra.interfaces.glasses import IApps, IDisplay
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.messages.display import DisplayRequest, ShowDisplay
from mentra.records import App
from mentra.testing.house import house_with, session_in, success_of
from mentra.testing.requests import FakeCall
from mentra.testing.running_apps import fake_apps

ANN = "ann@x.org"
NEW, OTHER, MAIN = "com.new", "org.other", "com.main"
HELLO = "Look up to begin."


class Stage:
    """A wearer, and apps of which some have instructions."""

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock()
        self.house = house_with(
            display_manager, fake_apps, display_app_starting, display_app_stopped,
            clock=self.clock, sections=[DisplaySettings(**settings)],
        )  # fmt: skip
        for package, text in ((NEW, HELLO), (OTHER, "Also new."), (MAIN, None)):
            app = App(package_name=package, onboarding_instructions=text)
            success_of(IAppStore(self.house).save(app))
        self.session = session_in(self.house)

    def start(self, *packages: str, kind: str = "background") -> None:
        """Start apps; nothing has passed but their start."""
        for package in packages:
            self.session.announce(AppStarting(package, package, kind))
            IApps(self.session).run(package)

    def stop(self, package: str) -> None:
        IApps(self.session).stop(package)
        self.session.announce(AppStopped(package, was_running=True))

    def ask(self, package: str, text: str, ms: float | None = None) -> bool:
        layout = {"layoutType": "text_wall", "text": text}
        request = DisplayRequest(layout=layout, duration_ms=ms)
        return IDisplay(self.session).request(package, request)

    def take(self) -> list[str]:
        """Texts on the main view since the last call, boot screens left out."""
        glasses: Any = self.session.glasses
        shown = [one for one in glasses.take() if isinstance(one, ShowDisplay)]
        return [one.layout["text"] for one in shown if "title" not in one.layout]

    def remembered(self) -> tuple[str, ...]:
        return tuple(success_of(IUserStore(self.house).load(ANN)).onboarded)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_instructions_follow_the_boot_screen_under_the_apps_own_name(stage):
    stage.start(NEW)
    assert stage.take() == []

    stage.clock.advance(1.5)

    [frame] = stage.session.glasses.take()
    assert (frame.package_name, frame.view, frame.duration_ms) == (NEW, "main", 15_000)
    assert frame.layout == {"layoutType": "text_wall", "text": HELLO}


def test_they_go_after_fifteen_seconds(stage):
    stage.start(NEW)
    stage.clock.advance(1.5)
    stage.take()

    stage.clock.advance(14.9)
    assert stage.take() == []
    stage.clock.advance(0.1)

    assert stage.take() == [""]


def test_nobody_else_draws_for_five_seconds(stage):
    stage.start(MAIN, NEW)
    stage.clock.advance(1.5)

    assert not stage.ask(MAIN, "now?")
    assert not stage.ask(NEW, "me?")
    stage.clock.advance(5)
    assert stage.ask(NEW, "now!")

    assert stage.take() == [HELLO, "now!"]


def test_it_is_seen_after_these_five_seconds_and_not_shown_again(stage):
    stage.start(NEW)
    stage.clock.advance(1.5)
    stage.clock.advance(4.9)
    assert stage.remembered() == ()
    stage.clock.advance(0.1)
    assert stage.remembered() == stage.session.user.onboarded == (NEW,)
    stage.stop(NEW)
    stage.clock.advance(1)
    stage.take()

    stage.start(NEW)
    stage.clock.advance(1.5)

    assert HELLO not in stage.take()


def test_what_was_not_seen_to_its_end_is_shown_again(stage):
    stage.start(NEW)
    stage.clock.advance(2)
    stage.stop(NEW)
    stage.clock.advance(10)
    assert stage.remembered() == ()
    stage.take()

    stage.start(NEW)
    stage.clock.advance(1.5)

    assert stage.take() == [HELLO]


def test_what_the_foreground_app_asked_for_meanwhile_comes_when_the_text_is_gone(stage):
    stage.start(NEW, kind="standard")
    stage.ask(NEW, "asked while it started")
    stage.clock.advance(1.5)
    stage.ask(NEW, "asked meanwhile")
    stage.clock.advance(5)
    assert stage.take() == [HELLO]

    stage.clock.advance(10)

    assert stage.take() == ["asked meanwhile"]


def test_several_new_apps_have_their_turns(stage):
    stage.start(NEW, OTHER)
    stage.clock.advance(1.5)
    assert stage.take() == [HELLO]

    stage.clock.advance(5)

    assert stage.take() == ["Also new."]
    stage.clock.advance(5)
    assert stage.remembered() == (NEW, OTHER)


def test_a_start_in_between_comes_back_to_the_text(stage):
    stage.start(NEW)
    stage.clock.advance(1.5)
    stage.take()
    stage.start(MAIN, kind="standard")
    stage.ask(MAIN, "queued")

    stage.clock.advance(1.5)

    assert stage.take() == [HELLO]


def test_without_a_phone_nothing_is_seen(stage):
    ISessions(stage.house).glasses_closed(stage.session, stage.session.glasses)
    stage.start(NEW)

    stage.clock.advance(1.5)
    stage.clock.advance(10)

    assert stage.remembered() == ()


def test_a_sysadmin_can_do_without():
    stage = Stage(onboarding=0.0)
    stage.start(NEW)

    stage.clock.advance(1.5)

    assert HELLO not in stage.take()


def test_long_instructions_are_cut(stage):
    app = App(package_name=NEW, onboarding_instructions="x" * (MAX_TEXT + 1))
    success_of(IAppStore(stage.house).save(app))
    stage.start(NEW)

    stage.clock.advance(1.5)

    assert stage.take() == ["x" * MAX_TEXT]


def test_nothing_is_left_of_it_when_the_session_ends(stage):
    stage.start(NEW)
    stage.clock.advance(1.5)

    success_of(ISessions(stage.house).end(stage.session, "over"))

    assert stage.clock.getDelayedCalls() == []
    assert stage.remembered() == ()


# -- over HTTP


def call(stage: Stage, route: Any, **asked: Any) -> Any:
    kind = route.query or route.body
    request = FakeCall(stage.house, user_id=ANN)
    request.asked = request.body = msgspec.convert(asked, kind)
    answer = route.handle(request)
    return msgspec.to_builtins(answer if not hasattr(answer, "send") else success_of(answer))


def test_who_has_seen_it_can_be_asked_and_set(stage):
    status = routes.onboarding_status
    assert call(stage, status, packageName=NEW) == {"hasCompletedOnboarding": False}

    answer = call(stage, routes.complete_onboarding, packageName=NEW, email=" Ann@X.org")

    assert answer == {"success": True, "hasCompletedOnboarding": True}
    assert call(stage, status, packageName=NEW, email=ANN) == {"hasCompletedOnboarding": True}
    assert stage.remembered() == (NEW,)
    stage.start(NEW)
    stage.clock.advance(1.5)
    assert HELLO not in stage.take()


def test_it_is_known_without_a_session_too(stage):
    call(stage, routes.complete_onboarding, packageName=NEW)
    success_of(ISessions(stage.house).end(stage.session, "over"))

    answer = call(stage, routes.onboarding_status, packageName=NEW)

    assert answer == {"hasCompletedOnboarding": True}


@pytest.mark.parametrize("route", [routes.onboarding_status, routes.complete_onboarding])
def test_nobody_asks_for_others(stage, route):
    with pytest.raises(Denied) as denied:
        call(stage, route, packageName=NEW, email="bob@x.org")

    assert denied.value.status == 403


def test_an_unknown_apps_cannot_be_completed(stage):
    with pytest.raises(NotThere):
        call(stage, routes.complete_onboarding, packageName="org.none")


def test_instructions_can_be_read(stage):
    answer = call(stage, routes.onboarding_instructions, packageName=NEW)

    assert answer == {"instructions": HELLO}


@pytest.mark.parametrize("package", [MAIN, "org.none"])
def test_an_app_without_instructions_has_none(stage, package):
    with pytest.raises(NotThere):
        call(stage, routes.onboarding_instructions, packageName=package)
