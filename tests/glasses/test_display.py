"""Who may draw, when, and what is seen next."""

from typing import Any

import pytest
from twisted.internet.task import Clock

from mentra.errors import Refused
from mentra.events import AppStarting, AppStopped, GlassesAttached
from mentra.glasses.display.frames import MAX_DEPTH, MAX_ITEMS
from mentra.glasses.display.manager import (
    display_app_starting,
    display_app_stopped,
    display_manager,
    display_request,
    glasses_for_display,
)
from mentra.glasses.display.settings import DisplaySettings
from mentra.identity import Identity
from mentra.interfaces.glasses import IApps, IDisplay
from mentra.interfaces.session import ISessions
from mentra.messages.display import DisplayRequest, ShowDisplay
from mentra.testing.house import FakeContext, house_with, session_in, success_of
from mentra.testing.peers import FakePeer
from mentra.testing.running_apps import fake_apps

DASHBOARD = "system.augmentos.dashboard"
MAIN, LEFT, RIGHT = "com.main", "org.left", "org.right"
BLANK = ""
BOOT = "// MentraOS - Starting App"


def wall(text: str) -> dict[str, Any]:
    return {"layoutType": "text_wall", "text": text}


class Stage:
    """A wearer, a phone, and apps that draw."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.house = house_with(
            display_manager,
            fake_apps,
            display_app_starting,
            display_app_stopped,
            glasses_for_display,
            clock=clock,
        )
        self.session = session_in(self.house)
        self.apps = IApps(self.session)
        self.display = IDisplay(self.session)

    def start(self, package: str, kind: str = "background", *, booted: bool = True) -> None:
        """Start an app; *booted*: until its boot screen is gone and all is quiet."""
        self.session.announce(AppStarting(package, f"name of {package}", kind))
        self.apps.run(package)
        if booted:
            self.clock.advance(1.5)
            self.clock.advance(1)
            self.take()

    def stop(self, package: str) -> None:
        self.apps.peers.pop(package, None)
        self.session.announce(AppStopped(package, was_running=True))

    def ask(
        self,
        package: str,
        text: str,
        ms: float | None = None,
        *,
        force: bool = False,
        view: str = "main",
    ) -> bool:
        request = DisplayRequest(view=view, layout=wall(text), duration_ms=ms, force_display=force)
        return self.display.request(package, request)

    def take(self) -> list[str]:
        """Texts sent since the last call; boot screens as ``title: names``."""
        return [_text_of(message) for message in self.session.glasses.take()]

    def leave(self) -> None:
        ISessions(self.house).glasses_closed(self.session, self.session.glasses)

    def come_back(self) -> None:
        peer = FakePeer("glasses", Identity("ann@x.org"))
        success_of(ISessions(self.house).glasses_opened("ann@x.org", peer))
        self.session.announce(GlassesAttached(reconnected=True))


def _text_of(message: ShowDisplay) -> str:
    layout = message.layout
    if layout["layoutType"] == "reference_card":
        return f"{layout['title']}: {layout['text']}"
    return str(layout["text"])


@pytest.fixture
def stage(clock) -> Stage:
    return Stage(clock)


@pytest.fixture
def main(stage) -> Stage:
    """A stage with a foreground app."""
    stage.start(MAIN, "standard")
    return stage


@pytest.fixture
def both(main) -> Stage:
    """A stage with a foreground app and two background apps."""
    main.start(LEFT)
    main.start(RIGHT)
    return main


# -- what goes out


def test_a_askedgoes_out_as_it_came(main):
    request = DisplayRequest(view="main", layout={"layoutType": "x", "odd": [1]}, duration_ms=3000)
    peer = main.apps.peers[MAIN]

    answer = display_request.handle(request, FakeContext(main.house, main.session, peer))

    assert answer is None
    assert main.session.glasses.sent == [
        ShowDisplay(
            session_id="ann@x.org",
            package_name=MAIN,
            view="main",
            layout={"layoutType": "x", "odd": [1]},
            duration_ms=3000,
        )
    ]


def test_a_whole_duration_stays_a_whole_number(main):
    main.ask(MAIN, "a", 3000.0)

    assert isinstance(main.session.glasses.sent[0].duration_ms, int)


def test_a_askedwithout_a_layout_is_dropped(main):
    accepted = main.display.request(MAIN, DisplayRequest())

    assert not accepted
    assert main.take() == []


def test_an_app_that_does_not_run_shows_nothing(main):
    assert not main.ask("org.unknown", "a")
    assert main.take() == []


# -- bounds


def test_a_layout_of_a_megabyte_is_shown(main):
    text = "x" * (1_048_576 - len('{"layoutType":"text_wall","text":""}') - len("main"))

    assert main.ask(MAIN, text)
    assert main.take() == [text]


def test_a_layout_of_more_than_a_megabyte_is_refused(main):
    with pytest.raises(Refused) as refusal:
        main.ask(MAIN, "x" * 1_048_576)

    assert refusal.value.code == "LAYOUT_TOO_LARGE"
    assert main.take() == []


def test_a_long_name_of_a_view_counts(main):
    with pytest.raises(Refused):
        main.ask(MAIN, "a", view="v" * 1_048_576)


def nested(depth: int) -> dict[str, Any]:
    layout: dict[str, Any] = {}
    for _ in range(depth - 1):
        layout = {"in": layout}
    return layout


def test_a_layout_may_be_nested_a_little(main):
    assert main.display.request(MAIN, DisplayRequest(layout=nested(MAX_DEPTH)))


def test_a_layout_nested_too_deeply_is_refused(main):
    with pytest.raises(Refused) as refusal:
        main.display.request(MAIN, DisplayRequest(layout=nested(MAX_DEPTH + 1)))

    assert refusal.value.code == "LAYOUT_TOO_LARGE"


@pytest.mark.parametrize("asked", [
    DisplayRequest(layout={"layoutType": "text_wall", "text": "\ud83d"}),
    DisplayRequest(layout={"layoutType": "clear_view"}, view="\ud83d"),
])  # fmt: skip
def test_half_a_character_is_refused_as_no_text(main, asked):
    with pytest.raises(Refused) as refusal:
        main.display.request(MAIN, asked)

    assert refusal.value.code == "MALFORMED_MESSAGE"


def test_an_animation_has_a_bounded_number_of_frames(main):
    frames = ["00"] * (MAX_ITEMS - 2)
    animation = {"layoutType": "bitmap_animation", "frames": frames}
    assert main.display.request(MAIN, DisplayRequest(layout=animation))

    with pytest.raises(Refused):
        main.display.request(MAIN, DisplayRequest(layout={**animation, "frames": [*frames, "00"]}))


# -- the pace


def test_the_latest_of_a_burst_is_shown_300_ms_after_it_was_asked_for(main):
    assert main.ask(MAIN, "first")
    main.clock.advance(0.1)
    assert main.ask(MAIN, "second")
    main.clock.advance(0.1)
    assert main.ask(MAIN, "third")
    assert main.take() == ["first"]

    main.clock.advance(0.299)
    assert main.take() == []
    main.clock.advance(0.001)

    assert main.take() == ["third"]
    main.clock.advance(5)
    assert main.take() == []


def test_a_frame_after_300_ms_is_shown_at_once_and_the_one_held_back_is_not(main):
    main.ask(MAIN, "first")
    main.clock.advance(0.2)
    main.ask(MAIN, "held")
    main.clock.advance(0.1)

    main.ask(MAIN, "newer")

    assert main.take() == ["first", "newer"]
    main.clock.advance(5)
    assert main.take() == []


def test_a_forced_frame_does_not_wait_and_makes_the_held_one_pointless(main):
    main.ask(MAIN, "first")
    main.ask(MAIN, "held")

    main.ask(MAIN, "now", force=True)

    assert main.take() == ["first", "now"]
    main.clock.advance(5)
    assert main.take() == []


def test_a_frame_held_back_by_another_app_keeps_the_pace_too(both):
    both.ask(MAIN, "main 1")
    both.clock.advance(0.1)
    both.ask(MAIN, "main 2")
    both.clock.advance(0.1)
    both.ask(LEFT, "left")
    both.clock.advance(0.2)
    assert both.take() == ["main 1", "main 2"]

    both.clock.advance(0.299)
    assert both.take() == []
    both.clock.advance(0.001)

    assert both.take() == ["left"]


def test_two_that_wait_for_the_same_moment_do_not_come_together(both):
    both.ask(MAIN, "main 1")
    both.clock.advance(0.1)
    both.ask(MAIN, "main 2")
    both.ask(LEFT, "left")
    both.clock.advance(0.3)
    assert both.take() == ["main 1", "main 2"]

    both.clock.advance(0.3)

    assert both.take() == ["left"]


def test_who_waits_already_is_not_overtaken_by_another_app(both):
    # comes in the very moment in which left's turn has come
    both.clock.callLater(0.7, both.ask, MAIN, "main 3", 60_000)
    both.ask(MAIN, "main 1")
    both.clock.advance(0.1)
    both.ask(MAIN, "main 2")
    both.clock.advance(0.1)
    both.ask(LEFT, "left")
    both.clock.advance(0.2)
    assert both.take() == ["main 1", "main 2"]

    both.clock.advance(0.3)

    assert both.take() == ["left"]


def test_the_app_may_draw_on_the_dashboard_view(main):
    assert main.ask(MAIN, "card", view="dashboard")

    assert main.session.glasses.sent[0].view == "dashboard"


def test_the_dashboard_view_keeps_the_pace_but_does_not_hold_up_the_main_view(main):
    main.ask(MAIN, "card 1", view="dashboard")
    main.clock.advance(0.1)
    main.ask(MAIN, "wall")
    assert main.take() == ["card 1", "wall"]

    main.clock.advance(0.1)
    main.ask(MAIN, "card 2", view="dashboard")
    assert main.take() == []
    main.clock.advance(0.3)

    assert main.take() == ["card 2"]


def test_what_is_on_the_dashboard_view_leaves_the_main_view_as_it_is(main):
    main.ask(MAIN, "wall", 5000)
    main.clock.advance(1)
    main.ask(MAIN, "card", 500, view="dashboard")
    main.clock.advance(3)
    assert main.take() == ["wall", "card"]

    main.clock.advance(1)

    assert main.take() == [BLANK]


def test_a_card_on_the_dashboard_view_is_not_what_the_main_view_is_restored_to(both):
    both.ask(MAIN, "wall", 60_000)
    both.clock.advance(1)
    both.ask(MAIN, "card", 60_000, view="dashboard")
    both.clock.advance(1)
    both.ask(LEFT, "left", 1000)
    both.take()

    both.clock.advance(1)

    assert both.take() == ["wall"]


# -- the dashboard


def test_the_dashboard_is_shown_at_once_whatever_else_is(main):
    main.ask(MAIN, "wall")

    main.ask(DASHBOARD, "1", view="dashboard")
    main.ask(DASHBOARD, "2", view="dashboard")

    assert main.take() == ["wall", "1", "2"]


def test_the_dashboard_keeps_the_pace_on_the_main_view(main):
    main.ask(MAIN, "wall")

    assert main.ask(DASHBOARD, "1")
    assert main.ask(DASHBOARD, "2")

    assert main.take() == ["wall"]
    main.clock.advance(0.3)
    assert main.take() == ["2"]


def test_the_dashboard_on_the_main_view_cancels_a_clear_that_waits(main):
    main.ask(MAIN, "wall", 100)
    main.clock.advance(0.1)
    main.clock.advance(0.25)

    main.ask(DASHBOARD, "1")
    main.clock.advance(5)

    assert main.take() == ["wall", "1"]


def test_the_dashboard_draws_over_the_boot_screen(stage):
    stage.start(MAIN, "standard", booted=False)
    stage.take()

    stage.ask(DASHBOARD, "1")
    stage.ask(DASHBOARD, "2")

    assert stage.take() == ["1", "2"]


def test_an_older_frame_of_the_dashboard_never_follows_a_newer(main):
    main.ask(MAIN, "wall")
    main.ask(DASHBOARD, "older")
    main.start(LEFT, booted=False)
    main.ask(DASHBOARD, "newer")
    main.take()

    main.clock.advance(1)

    assert main.take() == []


def test_the_dashboard_takes_no_lock(both):
    both.ask(DASHBOARD, "1")
    both.clock.advance(0.1)
    both.ask(DASHBOARD, "2")
    both.clock.advance(0.3)
    both.clock.advance(0.3)
    assert both.take() == ["1", "2"]

    assert both.ask(LEFT, "left")
    assert both.take() == ["left"]


def test_the_dashboard_app_has_no_boot_screen(stage):
    stage.start(DASHBOARD, "system_dashboard", booted=False)
    stage.start("org.other.dashboard", "system_dashboard", booted=False)

    assert stage.take() == []
    assert stage.clock.getDelayedCalls() == []


# -- how long


def test_a_frame_is_cleared_when_its_time_is_over(main):
    main.ask(MAIN, "a", 2000)
    main.clock.advance(1.999)
    assert main.take() == ["a"]

    main.clock.advance(0.001)

    (clear,) = main.session.glasses.sent
    assert clear == ShowDisplay(
        session_id="ann@x.org",
        package_name=DASHBOARD,
        view="main",
        layout=wall(""),
        duration_ms=0,
    )


@pytest.mark.parametrize("ms", [None, 0, -5])
def test_a_frame_without_a_time_stays(main, ms):
    main.ask(MAIN, "a", ms)

    main.clock.advance(3600)

    assert main.take() == ["a"]
    assert main.clock.getDelayedCalls() == []


def test_the_time_of_a_replaced_frame_means_nothing(main):
    main.ask(MAIN, "a", 1000)
    main.clock.advance(0.5)
    main.ask(MAIN, "b", 5000)
    main.take()

    main.clock.advance(1)

    assert main.take() == []


def test_the_time_runs_while_a_frame_waits(main):
    main.ask(MAIN, "a")
    main.ask(MAIN, "b", 1000)
    main.clock.advance(0.3)
    assert main.take() == ["a", "b"]

    main.clock.advance(0.7)

    assert main.take() == [BLANK]


def test_a_clear_keeps_the_pace(main):
    main.ask(MAIN, "a", 100)
    main.clock.advance(0.1)
    assert main.take() == ["a"]

    main.clock.advance(0.3)

    assert main.take() == [BLANK]


def test_a_frame_cancels_a_clear_that_waits(main):
    main.ask(MAIN, "a", 100)
    main.clock.advance(0.1)
    main.clock.advance(0.25)
    main.ask(MAIN, "b")
    assert main.take() == ["a", "b"]

    main.clock.advance(5)

    assert main.take() == []


def test_a_frame_that_is_held_back_comes_before_the_clear(main):
    main.ask(MAIN, "a", 100)
    main.clock.advance(0.05)
    main.ask(MAIN, "b")
    main.clock.advance(0.3)
    assert main.take() == ["a", "b"]

    main.clock.advance(5)

    assert main.take() == []


def test_who_waits_does_so_no_longer_when_the_screen_is_free(main):
    main.ask(MAIN, "a", 400)
    main.clock.advance(0.29)
    main.ask(MAIN, "b")

    main.clock.advance(0.11)

    assert main.take() == ["a", "b"]


def test_the_foreground_apps_frame_is_not_put_off_because_the_screen_is_free(both):
    both.ask(MAIN, "main 1")
    both.clock.advance(0.05)
    both.ask(MAIN, "main 2")
    both.clock.advance(0.05)
    both.ask(LEFT, "left", 100, force=True)
    both.clock.advance(0.1)
    both.clock.advance(0.2)

    assert both.take() == ["main 1", "left", "main 2"]


def test_the_screen_is_cleared_if_what_was_to_be_restored_is_gone(both):
    both.ask(LEFT, "left 1", 5000)
    both.clock.advance(1)
    both.ask(MAIN, "main", 60_000)
    both.clock.advance(1)
    both.ask(LEFT, "left 2", 100)
    both.clock.advance(0.1)
    both.stop(MAIN)

    both.clock.advance(1)

    assert both.take() == ["left 1", "left 2", BLANK]


def test_the_screen_is_cleared_if_the_frame_that_was_to_cover_it_is_gone(both):
    both.ask(MAIN, "a", 100)
    both.clock.advance(0.05)
    both.ask(LEFT, "b")
    both.clock.advance(0.1)
    both.stop(LEFT)

    both.clock.advance(1)

    assert both.take() == ["a", BLANK]


# -- who may draw


def test_a_background_app_draws_when_nobody_else_does(both):
    assert both.ask(LEFT, "left")
    assert both.take() == ["left"]


def test_a_second_background_app_is_refused(both):
    both.ask(LEFT, "left", 20_000)
    both.clock.advance(1)

    assert not both.ask(RIGHT, "right")
    assert both.take() == ["left"]


def test_the_lock_is_over_after_ten_seconds_whatever_its_holder_draws(both):
    for second in range(10):
        both.ask(LEFT, str(second), 5000)
        assert not both.ask(RIGHT, "right")
        both.clock.advance(1)

    assert both.ask(RIGHT, "right")
    assert both.take()[-1] == "right"


def test_a_frame_without_a_time_keeps_nobody_off_for_more_than_a_second(both):
    both.ask(LEFT, "left")
    both.clock.advance(0.99)
    assert not both.ask(RIGHT, "right")
    both.clock.advance(0.01)

    assert both.ask(RIGHT, "right")
    assert both.take() == ["left", "right"]


def test_a_holder_that_does_not_run_keeps_nobody_off(both):
    both.ask(LEFT, "left", 60_000)
    both.clock.advance(1)
    both.apps.peers.pop(LEFT)

    assert both.ask(RIGHT, "right")


@pytest.mark.parametrize(("wait", "seen"), [(2.0, "left"), (2.01, "right")])
def test_a_holder_that_is_not_seen_for_two_seconds_keeps_nobody_off(both, wait, seen):
    both.leave()
    both.ask(LEFT, "left")
    both.clock.advance(wait)
    both.ask(RIGHT, "right")

    both.come_back()

    assert both.take() == [seen]


def test_the_foreground_app_waits_for_a_background_app_on_the_screen(both):
    both.ask(LEFT, "left", 5000)
    both.clock.advance(1)

    assert not both.ask(MAIN, "main", 60_000)
    assert both.take() == ["left"]


def test_what_the_foreground_app_wanted_is_shown_when_the_background_app_is_done(both):
    both.ask(LEFT, "left", 3000)
    both.clock.advance(1)
    both.ask(MAIN, "main", 60_000)

    both.clock.advance(2)

    assert both.take() == ["left", "main"]


def test_what_is_not_worth_it_any_more_is_not_restored(both):
    both.ask(LEFT, "left", 3000)
    both.clock.advance(1)
    both.ask(MAIN, "main")

    both.clock.advance(2)

    assert both.take() == ["left", BLANK]


@pytest.mark.parametrize(
    ("lease", "wait"), [(None, 1.0), (60_000, 10.0)], ids=["not worth restoring", "ten seconds"]
)
def test_the_foreground_app_does_not_wait_for_ever(both, lease, wait):
    both.ask(LEFT, "left", lease)
    both.clock.advance(wait - 0.01)
    assert not both.ask(MAIN, "main")
    assert both.take() == ["left"]

    both.clock.advance(0.02)

    assert both.take() == ["main"]


def test_what_the_foreground_app_does_not_want_any_more_does_not_wait(both):
    both.ask(LEFT, "left", 60_000)
    both.clock.advance(8)
    both.ask(MAIN, "main", 1000)

    both.clock.advance(3)

    assert both.take() == ["left"]


def test_what_had_its_turn_earlier_is_not_shown_again(both):
    both.ask(LEFT, "left")
    both.clock.advance(0.5)
    both.ask(MAIN, "main")
    both.stop(LEFT)

    both.clock.advance(0.5)

    assert both.take() == ["left", "main"]


def test_who_came_between_keeps_the_screen(both):
    both.ask(LEFT, "left")
    both.clock.advance(0.5)
    both.ask(MAIN, "main")
    both.ask(LEFT, "left again")

    both.clock.advance(1.4)

    assert both.take() == ["left", "left again"]


def test_the_foreground_app_takes_the_lock_from_who_is_not_on_the_screen(both):
    both.ask(LEFT, "left", 1000)
    both.clock.advance(1)
    both.ask(MAIN, "main", 60_000)
    both.clock.advance(0.3)
    both.clock.advance(0.3)
    assert both.take() == ["left", BLANK, "main"]

    # the lock was dropped: another background app gets it
    assert both.ask(RIGHT, "right")
    assert both.take() == ["right"]


def test_the_foreground_app_takes_the_lock_from_who_still_waits(both):
    both.ask(MAIN, "main 1")
    both.clock.advance(0.1)
    both.ask(LEFT, "left")
    both.clock.advance(0.2)
    both.ask(MAIN, "main 2")

    assert both.ask(RIGHT, "right")


def test_the_lock_of_what_became_the_foreground_app_keeps_nobody_off(both):
    both.ask(LEFT, "left", 60_000)
    both.start(LEFT, "standard")

    assert both.ask(RIGHT, "right")


def test_the_lock_of_an_idle_app_is_free_when_the_screen_is(both):
    both.ask(MAIN, "main", 2900)
    both.clock.advance(0.3)
    both.ask(LEFT, "card", view="dashboard")
    both.clock.advance(2.6)
    both.clock.advance(0.3)

    both.ask(LEFT, "left", 60_000)
    both.clock.advance(9.9)

    # ten seconds from its new start
    assert not both.ask(RIGHT, "right")


def test_a_held_frame_whose_app_lost_the_lock_is_dropped(both):
    both.ask(MAIN, "main")
    both.ask(LEFT, "left")
    both.clock.advance(0.1)
    both.apps.peers.pop(LEFT)

    both.clock.advance(5)

    assert both.take() == ["main"]


# -- starting


def test_a_starting_app_is_named_for_a_second_and_a_half(stage):
    stage.start(MAIN, "standard", booted=False)
    assert stage.session.glasses.take() == [
        ShowDisplay(
            session_id="ann@x.org",
            package_name=DASHBOARD,
            view="main",
            layout={
                "layoutType": "reference_card",
                "title": "// MentraOS - Starting App",
                "text": "name of com.main",
            },
        )
    ]
    stage.clock.advance(1.499)
    assert stage.take() == []

    stage.clock.advance(0.001)

    assert stage.take() == [BLANK]
    assert stage.clock.getDelayedCalls() == []


def test_an_app_without_a_name_is_named_by_its_package(stage):
    stage.session.announce(AppStarting(MAIN, "", "standard"))

    assert stage.take() == [f"{BOOT}: {MAIN}"]


def test_several_starting_apps_are_named_together(stage):
    stage.start(LEFT, booted=False)
    stage.clock.advance(1)
    stage.start(RIGHT, booted=False)
    stage.clock.advance(0.5)
    stage.clock.advance(1)

    assert stage.take() == [
        f"{BOOT}: name of org.left",
        f"{BOOT}s: name of org.left, name of org.right",
        f"{BOOT}: name of org.right",
        BLANK,
    ]


def test_an_app_that_is_started_anew_is_named_for_its_whole_time(stage):
    stage.start(LEFT, booted=False)
    stage.clock.advance(1)
    stage.stop(LEFT)
    stage.start(LEFT, booted=False)
    stage.take()

    stage.clock.advance(1.4)
    assert stage.take() == []
    stage.clock.advance(0.1)

    assert stage.take() == [BLANK]


def test_what_comes_while_an_app_starts_is_shown_when_it_is_over(stage):
    stage.start(MAIN, "standard", booted=False)
    stage.take()
    assert stage.ask(MAIN, "older")
    assert stage.ask(MAIN, "newer")
    assert stage.take() == []

    stage.clock.advance(1.5)

    assert stage.take() == ["newer"]
    stage.clock.advance(5)
    assert stage.take() == []


def test_what_was_held_back_goes_into_the_queue(main):
    main.ask(MAIN, "a")
    main.ask(MAIN, "held")
    main.start(LEFT, booted=False)
    main.clock.advance(1)
    assert main.take() == ["a", f"{BOOT}: name of org.left"]

    main.clock.advance(0.5)

    assert main.take() == ["held"]


def test_what_was_held_back_does_not_replace_what_came_later(main):
    main.ask(MAIN, "a")
    main.ask(MAIN, "held")
    main.start(LEFT, booted=False)
    main.ask(MAIN, "later")
    main.take()

    main.clock.advance(1.5)
    main.clock.advance(5)

    assert main.take() == ["later"]


def test_a_forced_frame_waits_for_the_boot_screen_too(main):
    main.start(LEFT, booted=False)
    main.take()

    main.ask(MAIN, "now", force=True)

    assert main.take() == []


def test_the_foreground_app_comes_first_and_the_others_ask_again(both):
    both.start("org.new", booted=False)
    both.take()
    both.ask(LEFT, "left", 60_000)
    both.ask(RIGHT, "right", 60_000)
    both.ask(MAIN, "main", 60_000)
    both.clock.advance(1.5)
    assert both.take() == ["main"]

    both.clock.advance(0.3)
    assert both.take() == ["left"]
    both.clock.advance(5)

    assert both.take() == []


def test_without_the_foreground_app_the_first_one_is_shown_and_has_the_lock(both):
    both.start("org.new", booted=False)
    both.take()
    both.ask(RIGHT, "right", 60_000)
    both.ask(LEFT, "left", 60_000)

    both.clock.advance(1.5)
    both.clock.advance(5)

    assert both.take() == ["right"]
    assert not both.ask(LEFT, "left")
    assert both.ask(RIGHT, "right 2")


def test_the_foreground_app_takes_the_boot_screens_place_from_a_background_app(both):
    both.ask(LEFT, "left", 60_000)
    both.clock.advance(1)
    both.start("org.new", booted=False)
    both.ask(MAIN, "main")
    both.take()

    both.clock.advance(1.5)

    assert both.take() == ["main"]


def test_a_queued_frame_whose_time_is_over_is_skipped(both):
    both.start("org.new", booted=False)
    both.take()
    both.ask(MAIN, "main", 1000)
    both.ask(LEFT, "left", 5000)

    both.clock.advance(1.5)

    assert both.take() == ["left"]


def test_a_queued_frame_expires_like_any_other(main):
    main.start(LEFT, booted=False)
    main.take()
    main.ask(MAIN, "main", 2000)
    main.clock.advance(1.5)
    assert main.take() == ["main"]

    main.clock.advance(0.5)

    assert main.take() == [BLANK]


def test_a_queued_frame_of_the_foreground_app_can_be_restored(both):
    both.start("org.new", booted=False)
    both.take()
    both.ask(MAIN, "main", 60_000)
    both.clock.advance(1.5)
    both.clock.advance(1)
    both.ask(LEFT, "left", 1000)

    both.clock.advance(1)

    assert both.take() == ["main", "left", "main"]


def test_what_was_there_before_is_there_again(main):
    main.ask(MAIN, "main", 60_000)
    main.clock.advance(1)
    main.start(LEFT, booted=False)

    main.clock.advance(1.5)

    assert main.take() == ["main", f"{BOOT}: name of org.left", "main"]


def test_what_was_there_before_is_not_restored_when_its_time_is_over(main):
    main.ask(MAIN, "main", 2000)
    main.clock.advance(1)
    main.start(LEFT, booted=False)
    main.clock.advance(1)
    main.take()

    main.clock.advance(0.5)

    assert main.take() == [BLANK]


def test_what_was_there_without_a_time_is_gone_after_the_boot_screen(main):
    main.ask(MAIN, "main")
    main.clock.advance(1)
    main.start(LEFT, booted=False)
    main.take()

    main.clock.advance(1.5)

    assert main.take() == [BLANK]


def test_what_was_there_before_is_not_restored_when_its_app_is_away(both):
    both.ask(LEFT, "left", 60_000)
    both.clock.advance(1)
    both.start("org.new", booted=False)
    both.apps.peers.pop(LEFT)
    both.take()

    both.clock.advance(1.5)

    assert both.take() == [BLANK]


def test_what_was_there_before_does_not_replace_what_waits(both):
    both.ask(LEFT, "left 1", 60_000)
    both.clock.advance(0.1)
    both.ask(LEFT, "left 2")
    both.start("org.new", booted=False)
    both.stop("org.new")
    both.take()

    both.clock.advance(0.3)
    both.clock.advance(5)

    assert both.take() == ["left 2"]


def test_a_former_foreground_app_is_not_restored(both):
    both.ask(LEFT, "left", 3000)
    both.clock.advance(1)
    both.ask(MAIN, "main", 60_000)
    both.start("com.next", "standard", booted=False)
    both.clock.advance(1.5)
    both.take()

    both.clock.advance(0.5)

    assert both.take() == [BLANK]


def test_a_clear_that_waits_does_not_hit_the_boot_screen(main):
    main.ask(MAIN, "main", 100)
    main.clock.advance(0.1)
    main.start(LEFT, booted=False)
    main.take()

    main.clock.advance(1.4)

    assert main.take() == []


# -- stopping


def test_an_app_that_fails_to_start_takes_its_boot_screen_along(stage):
    stage.start(MAIN, "standard", booted=False)
    stage.clock.advance(0.5)

    stage.stop(MAIN)

    assert stage.take() == [f"{BOOT}: name of com.main", BLANK]
    assert stage.clock.getDelayedCalls() == []


def test_one_of_several_starting_apps_fails(stage):
    stage.start(LEFT, booted=False)
    stage.start(RIGHT, booted=False)
    stage.take()

    stage.stop(LEFT)

    assert stage.take() == [f"{BOOT}: name of org.right"]


def test_a_short_boot_screen_does_not_break_the_pace(main):
    main.ask(MAIN, "a")
    main.clock.advance(0.1)
    main.start(LEFT, booted=False)
    main.ask(MAIN, "b")
    main.stop(LEFT)
    assert main.take() == ["a", f"{BOOT}: name of org.left"]

    main.clock.advance(0.3)

    assert main.take() == ["b"]


def test_the_screen_of_a_stopped_app_is_cleared(main):
    main.ask(MAIN, "main")
    main.clock.advance(1)

    main.stop(MAIN)

    assert main.take() == ["main", BLANK]


def test_a_stopped_app_leaves_the_screen_to_the_foreground_app(both):
    both.ask(LEFT, "left", 60_000)
    both.clock.advance(1)
    both.ask(MAIN, "main", 60_000)

    both.stop(LEFT)

    assert both.take() == ["left", "main"]


def test_a_stopped_app_leaves_the_screen_to_who_waits(both):
    both.ask(LEFT, "left", 60_000)
    both.clock.advance(0.2)
    both.stop(LEFT)
    both.ask(RIGHT, "right")

    both.clock.advance(1)

    assert both.take() == ["left", "right"]


def test_an_app_that_showed_nothing_stops_unseen(both):
    both.ask(LEFT, "left")
    both.clock.advance(5)

    both.stop(RIGHT)
    both.stop(MAIN)
    both.clock.advance(5)

    assert both.take() == ["left"]


def test_what_a_stopped_app_had_waiting_is_never_shown(both):
    both.ask(MAIN, "main")
    both.ask(LEFT, "held")
    both.stop(LEFT)
    both.start(RIGHT, booted=False)
    both.start(LEFT, booted=False)
    both.ask(LEFT, "queued")
    both.stop(LEFT)
    both.apps.run(LEFT)

    both.clock.advance(10)

    assert "held" not in both.take()


def test_what_a_stopped_app_had_held_back_is_not_shown_when_it_runs_again(both):
    both.ask(MAIN, "main")
    both.ask(LEFT, "held")
    both.stop(LEFT)
    both.apps.run(LEFT)

    both.clock.advance(5)

    assert both.take() == ["main"]


def test_an_app_that_runs_again_has_no_lock(both):
    both.ask(LEFT, "card", view="dashboard")
    both.stop(LEFT)
    both.apps.run(LEFT)

    assert both.ask(RIGHT, "right")


def test_a_stopped_foreground_app_is_not_restored(both):
    both.ask(MAIN, "main", 60_000)
    both.clock.advance(1)
    both.ask(LEFT, "left", 2000)
    both.stop(MAIN)

    both.clock.advance(2)

    assert both.take() == ["main", "left", BLANK]


def test_the_lock_of_a_stopped_app_is_free(both):
    both.ask(LEFT, "left", 60_000)
    both.clock.advance(1)

    both.stop(LEFT)

    assert both.ask(RIGHT, "right")


def test_the_next_foreground_app_starts_with_a_clean_sheet(both):
    both.ask(MAIN, "main", 60_000)
    both.clock.advance(1)
    both.stop(MAIN)
    both.start("com.next", "standard", booted=False)
    both.take()

    both.clock.advance(1.5)

    assert both.take() == [BLANK]


# -- the phone is away


def test_while_the_phone_is_away_nothing_is_shown_and_nobody_hears_of_it(main):
    main.leave()

    assert not main.ask(MAIN, "a")


@pytest.mark.parametrize("ms", [None, 60_000])
def test_a_phone_that_comes_back_is_sent_what_was_there(main, ms):
    main.ask(MAIN, "a", ms)
    main.clock.advance(5)
    main.leave()
    main.clock.advance(5)

    main.come_back()

    assert main.take() == ["a"]


def test_a_phone_that_comes_back_is_sent_what_it_missed(main):
    main.ask(MAIN, "older", 60_000)
    main.clock.advance(5)
    main.leave()
    main.ask(MAIN, "newer")
    main.clock.advance(5)

    main.come_back()

    assert main.take() == ["newer"]


def test_a_screen_whose_time_was_over_meanwhile_is_cleared(main):
    main.ask(MAIN, "a", 2000)
    main.leave()
    main.clock.advance(5)

    main.come_back()

    assert main.take() == [BLANK]


def test_a_missed_frame_whose_time_is_over_is_not_shown(main):
    main.ask(MAIN, "a")
    main.leave()
    main.ask(MAIN, "b", 1000)
    main.clock.advance(5)
    main.ask(MAIN, "c", 1000)
    main.clock.advance(5)

    main.come_back()

    assert main.take() == [BLANK]


def test_a_screen_whose_app_stopped_meanwhile_is_cleared(main):
    main.ask(MAIN, "a")
    main.clock.advance(5)
    main.leave()
    main.ask(MAIN, "b")
    main.stop(MAIN)

    main.come_back()

    assert main.take() == [BLANK]


def test_a_clear_does_not_replace_a_frame_that_was_missed(main):
    main.ask(MAIN, "a", 2000)
    main.leave()
    main.ask(MAIN, "b")
    main.clock.advance(5)

    main.come_back()

    assert main.take() == ["b"]


def test_a_boot_screen_that_ends_unseen_leaves_what_came_meanwhile(main):
    main.ask(MAIN, "a", 60_000)
    main.start(LEFT, booted=False)
    main.ask(MAIN, "b")
    main.take()
    main.leave()
    main.clock.advance(1.5)

    main.come_back()

    assert main.take() == ["b"]


def test_a_missed_frame_is_missed_once(main):
    main.leave()
    main.ask(MAIN, "a")
    main.start(LEFT, booted=False)
    main.come_back()
    main.clock.advance(1.5)
    main.clock.advance(1)
    main.ask(MAIN, "b")
    main.leave()

    main.come_back()

    assert main.take() == ["b"]


def test_an_empty_screen_stays_empty(main):
    main.leave()
    main.come_back()

    assert main.take() == []


def test_a_phone_that_comes_back_is_sent_the_boot_screen(main):
    main.leave()
    main.start(LEFT, booted=False)

    main.come_back()

    assert main.take() == [f"{BOOT}: name of org.left"]


def test_the_first_phone_is_sent_nothing(main):
    main.ask(MAIN, "a")
    main.take()

    main.session.announce(GlassesAttached(reconnected=False))

    assert main.take() == []


# -- the end


def test_no_timer_outlives_the_session(both):
    both.ask(MAIN, "a", 5000)
    both.ask(MAIN, "b", 5000)
    both.start("org.new", booted=False)

    success_of(ISessions(both.house).end(both.session, "over"))

    assert both.clock.getDelayedCalls() == []


def test_after_the_end_nothing_is_started(both):
    both.ask(MAIN, "a", 5000)
    success_of(ISessions(both.house).end(both.session, "over"))

    both.display.app_starting(MAIN, "name", "standard")
    both.display.app_stopped(MAIN)
    both.display.resend()

    assert not both.ask(MAIN, "b")
    assert both.clock.getDelayedCalls() == []


def test_the_numbers_are_those_of_the_configuration(clock):
    house = house_with(
        display_manager, fake_apps, clock=clock, sections=[DisplaySettings(throttle=2.0)]
    )
    session = session_in(house)
    IApps(session).run(LEFT)
    for text in ("a", "b"):
        IDisplay(session).request(LEFT, DisplayRequest(layout=wall(text)))

    clock.advance(1.9)
    assert len(session.glasses.sent) == 1
    clock.advance(0.1)

    assert len(session.glasses.sent) == 2
