"""What apps write on the dashboard, and what the wearer sees of it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from mentra.errors import Refused
from mentra.events import AppAway, AppStopped, GlassesAttached
from mentra.glasses.dashboard.drawing import expanded_layout, main_layout, text_of
from mentra.glasses.dashboard.manager import (
    DashboardSettings,
    dashboard_app_stopped,
    dashboard_content_update,
    dashboard_manager,
    dashboard_mode_change,
    dashboard_system_update,
    glasses_for_dashboard,
    head_position,
)
from mentra.glasses.display.manager import display_manager
from mentra.identity import Identity
from mentra.interfaces.dashboard import IDashboard
from mentra.interfaces.glasses import IApps, IRelay
from mentra.messages.dashboard import (
    DashboardContentUpdate,
    DashboardModeChange,
    DashboardModeChanged,
    DashboardSystemUpdate,
    HeadPosition,
)
from mentra.messages.display import ShowDisplay
from mentra.messages.stamps import iso
from mentra.testing.glasses import fake_relay
from mentra.testing.house import WALL_TIME, FakeContext, house_with, session_in
from mentra.testing.peers import FakePeer
from mentra.testing.running_apps import fake_apps

HOUSE = "system.augmentos.dashboard"
ACME, OTHER = "com.acme", "org.other"
EMPTY = dict.fromkeys(("topLeft", "topRight", "bottomLeft", "bottomRight"), "")


class Stage:
    """A wearer, and apps that write."""

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock()
        self.house = house_with(
            dashboard_manager, dashboard_app_stopped, glasses_for_dashboard,
            display_manager, fake_apps, fake_relay,
            clock=self.clock, sections=[DashboardSettings(**settings)],
        )  # fmt: skip
        self.session = session_in(self.house)

    def context(self, package_name: str) -> FakeContext:
        peer = FakePeer("app", Identity("ann@x.org", package_name))
        return FakeContext(self.house, session=self.session, peer=peer)

    def write(self, package_name: str, text: Any, *modes: str, at: Any = None) -> None:
        message = DashboardContentUpdate(content=text, modes=list(modes or ["main"]), timestamp=at)
        dashboard_content_update.handle(message, self.context(package_name))

    def corner(self, section: str, text: str, package_name: str = HOUSE) -> None:
        message = DashboardSystemUpdate(section=section, content=text)
        dashboard_system_update.handle(message, self.context(package_name))

    def mode(self, mode: str, package_name: str = HOUSE) -> None:
        message = DashboardModeChange(mode=mode)
        dashboard_mode_change.handle(message, self.context(package_name))

    def look(self, position: str = "up") -> None:
        raw = b'{"type":"head_position","position":"%b"}' % position.encode()
        message = HeadPosition(position=position, raw=raw)
        head_position.handle(message, FakeContext(self.house, session=self.session))

    def take(self) -> list[ShowDisplay]:
        """Frames since the last call."""
        glasses: Any = self.session.glasses
        return list(glasses.take())

    def lower(self) -> list[str]:
        """The lower texts of these frames."""
        return [frame.layout["bottomText"] for frame in self.take()]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_the_manager_keeps_its_promise(stage):
    assert verifyObject(IDashboard, IDashboard(stage.session))


# -- what is drawn


def test_a_text_is_shown_at_once_on_the_dashboards_view_under_the_dashboards_name(stage):
    stage.write(ACME, "hello")

    assert stage.take() == [
        ShowDisplay(
            session_id="ann@x.org",
            package_name=HOUSE,
            view="dashboard",
            layout={"layoutType": "double_text_wall", "topText": "", "bottomText": "\nhello"},
        )
    ]


def test_nothing_is_drawn_before_something_was_written(stage):
    stage.look()
    stage.session.announce(AppStopped(ACME, was_running=False, failure="no answer"))
    stage.session.announce(GlassesAttached(reconnected=True))

    assert stage.take() == []


@pytest.mark.parametrize(
    ("corners", "content", "top", "bottom"),
    [
        ({}, "", "", "\n"),
        ({"topLeft": "9:41", "topRight": "80%"}, "", "9:41", "80%\n"),
        ({"topLeft": "9:41", "topRight": "80%"}, "a", "9:41", "80%\na"),
        ({"topLeft": "9:41", "bottomLeft": "Tue"}, "a", "9:41\nTue", "\na"),
        ({"topRight": "80%", "bottomRight": "rain"}, "", "", "80%\nrain"),
        ({"topRight": "80%", "bottomRight": "rain"}, "a", "", "80%\nrain\n\na"),
    ],
)
def test_the_corners_stand_where_they_belong(corners, content, top, bottom):
    assert main_layout(EMPTY | corners, content) == {
        "layoutType": "double_text_wall", "topText": top, "bottomText": bottom
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "text"),
    [(None, "9:41 | 80%\nNo expanded content available"), ("more", "9:41 | 80%\nmore")],
)
def test_expanded_is_one_line_of_the_system_and_the_rest_an_apps(content, text):
    corners = EMPTY | {"topLeft": "9:41", "topRight": "80%"}

    assert expanded_layout(corners, content) == {"layoutType": "text_wall", "text": text}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("plain", "plain"),
        ({"layoutType": "text_wall", "text": "a"}, "a"),
        ({"layoutType": "double_text_wall", "topText": "a", "bottomText": "b"}, "a\nb"),
        ({"layoutType": "dashboard_card", "leftText": "a", "rightText": "b"}, "a | b"),
        ({"layoutType": "dashboard_card", "leftText": "", "rightText": "b"}, "b"),
        ({"layoutType": "reference_card", "title": "a", "text": "b"}, "a\nb"),
        ({"layoutType": "bitmap_view", "data": "00"}, ""),
        ({"layoutType": "text_wall", "text": 7}, ""),
        ({"layoutType": ["text_wall"]}, ""),
        (None, ""),
        (7, ""),
    ],
)
def test_a_layout_is_reduced_to_its_text(content, text):
    assert text_of(content) == text


names = st.sampled_from(["layoutType", "text", "title"]) | st.text()
anything = st.recursive(
    st.none() | st.text() | st.floats(),
    lambda inner: st.lists(inner) | st.dictionaries(names, inner),
)


@given(anything)
def test_whatever_content_is_it_has_some_text(content):
    assert isinstance(text_of(content), str)


def test_half_a_surrogate_pair_spoils_nobody_elses_text(stage):
    stage.write(ACME, "\ud800")
    stage.write(OTHER, "fine")

    assert msgspec.json.encode(stage.take()[-1])


# -- whose turn it is


def test_the_newest_text_is_shown_and_looking_up_turns_the_page(stage):
    stage.write(ACME, "first", at="2025-06-01T11:00:00.000Z")
    stage.write(OTHER, "second", at="2025-06-01T11:00:01.000Z")
    assert stage.lower() == ["\nfirst", "\nsecond"]

    stage.look()
    stage.look()
    stage.look()

    assert stage.lower() == ["\nfirst", "\nsecond", "\nfirst"]


def test_a_text_that_is_dated_earlier_comes_later(stage):
    stage.write(ACME, "newer", at=1_748_775_601_000)
    stage.write(OTHER, "older", at=1_748_775_600_000)

    assert stage.lower() == ["\nnewer", "\nnewer"]


def test_texts_of_one_moment_are_shown_the_last_one_first(stage):
    stage.write(ACME, "first")
    stage.write(OTHER, "second")

    assert stage.lower()[-1] == "\nsecond"


def test_nobody_is_the_newest_for_ever_by_dating_ahead(stage):
    stage.write(ACME, "from the future", at=iso(WALL_TIME + 3600))
    stage.clock.advance(1)
    stage.write(OTHER, "now")

    assert stage.lower()[-1] == "\nnow"


def test_looking_down_or_with_one_text_alone_turns_nothing(stage):
    stage.write(ACME, "alone")
    stage.take()

    stage.look("up")
    stage.write(OTHER, "another")
    stage.take()
    stage.look("down")

    assert stage.take() == []


def test_the_page_is_turned_before_the_apps_hear_of_it(stage):
    order: list[str] = []
    stage.write(ACME, "first")
    stage.write(OTHER, "second")
    relay: Any = IRelay(stage.session)
    relay.relay = lambda kind, raw: order.extend([*(["drawn"] * len(stage.take())), kind])
    stage.take()

    stage.look()

    assert order == ["drawn", "head_position"]


def test_an_app_that_writes_again_replaces_its_own_text_alone(stage):
    stage.write(ACME, "one")
    stage.write(OTHER, "two")
    stage.write(ACME, "three")
    stage.look()

    assert stage.lower()[-2:] == ["\nthree", "\ntwo"]


# -- modes


def test_modes_have_texts_of_their_own(stage):
    stage.write(ACME, "short", "main")
    stage.write(ACME, "long", "expanded", "always_on")
    assert stage.lower() == ["\nshort"]

    stage.mode("expanded")

    [frame] = stage.take()
    assert frame.layout == {"layoutType": "text_wall", "text": " | \nlong"}


def test_the_running_apps_are_told_of_another_mode(stage):
    app = IApps(stage.session).run(ACME)

    stage.mode("expanded")

    assert app.sent == [DashboardModeChanged(session_id="ann@x.org-com.acme", mode="expanded")]


def test_a_hidden_dashboard_is_not_drawn_and_comes_back_with_what_was_written(stage):
    stage.mode("none")
    stage.take()
    stage.write(ACME, "meanwhile")
    stage.corner("topLeft", "9:41")
    assert stage.take() == []

    stage.mode("main")

    assert [frame.layout["bottomText"] for frame in stage.take()] == ["\nmeanwhile"]


def test_looking_up_turns_nothing_in_another_mode(stage):
    stage.write(ACME, "a", "main", "expanded")
    stage.write(OTHER, "b", "main", "expanded")
    stage.mode("expanded")
    stage.take()

    stage.look()

    assert stage.take() == []


def test_a_mode_that_is_none_changes_nothing(stage):
    app = IApps(stage.session).run(ACME)

    stage.mode("upside_down")

    assert (app.sent, stage.take(), IDashboard(stage.session).mode) == ([], [], "main")


# -- who may


def test_only_the_dashboard_app_fills_corners_and_chooses_the_mode(stage):
    stage.corner("topLeft", "mine", ACME)
    stage.mode("expanded", ACME)

    assert stage.take() == []
    assert IDashboard(stage.session).mode == "main"


def test_every_corner_that_is_filled_draws_again_and_unknown_ones_do_not(stage):
    stage.corner("topLeft", "9:41")
    stage.corner("topLeft", "9:41")
    stage.corner("middle", "x")

    assert [frame.layout["topText"] for frame in stage.take()] == ["9:41", "9:41"]


def test_a_text_that_is_too_long_is_refused_and_the_former_one_stays():
    stage = Stage(max_content=5)
    stage.write(ACME, "short")

    with pytest.raises(Refused) as refused:
        stage.write(ACME, "longer")
    with pytest.raises(Refused):
        stage.corner("topLeft", "longer")

    assert refused.value.code == "CONTENT_TOO_LONG"
    assert stage.lower() == ["\nshort"]


# -- coming and going


def test_a_stopped_app_takes_its_texts_with_it(stage):
    stage.write(ACME, "a", "main", "expanded")
    stage.write(OTHER, "b")
    stage.look()
    stage.take()

    stage.session.announce(AppStopped(ACME, was_running=True))

    assert stage.lower() == ["\nb"]


def test_an_app_that_is_only_away_keeps_its_text(stage):
    stage.write(ACME, "a")
    stage.take()

    stage.session.announce(AppAway(ACME))

    assert stage.take() == []


def test_a_phone_that_comes_back_is_sent_the_dashboard_again(stage):
    stage.write(ACME, "a")
    stage.take()

    stage.session.announce(GlassesAttached(reconnected=True))

    assert stage.lower() == ["\na"]
