"""What holds on the main view whatever apps, wearer and phone do, and in whatever order."""

from collections import defaultdict
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from twisted.internet.task import Clock

from mentra.events import AppStarting, AppStopped, GlassesAttached
from mentra.glasses.display.manager import (
    display_app_starting,
    display_app_stopped,
    display_manager,
    glasses_for_display,
)
from mentra.identity import Identity
from mentra.interfaces.glasses import IApps, IDisplay
from mentra.interfaces.session import ISessions
from mentra.messages import Message
from mentra.messages.display import DisplayRequest, ShowDisplay
from mentra.testing.house import house_with, success_of
from mentra.testing.peers import FakePeer
from mentra.testing.running_apps import fake_apps

USER = "ann@x.org"
DASHBOARD = "system.augmentos.dashboard"
KINDS = {"com.a": "standard", "com.b": "standard", "org.c": "background", "org.d": "background"}
packages = st.sampled_from(sorted(KINDS))


class Phone(FakePeer):
    """Notes when it was sent what."""

    def __init__(self, clock: Clock, log: list[tuple[float, Message]]) -> None:
        super().__init__("glasses", Identity(USER))
        self._clock = clock
        self._log = log

    def send(self, message: Message) -> bool:
        """Note it."""
        if self.alive:
            self._log.append((self._clock.seconds(), message))
        return super().send(message)


class Screen(RuleBasedStateMachine):
    """A session whose apps draw at will; every text is a number that rises."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.house = house_with(
            display_manager,
            fake_apps,
            display_app_starting,
            display_app_stopped,
            glasses_for_display,
            clock=self.clock,
        )
        self.log: list[tuple[float, Any]] = []
        self.checked = 0
        self.number = 0
        self.forced: set[int] = set()
        self.over: dict[int, float] = {}
        self.dead_before = dict.fromkeys(KINDS, 0)
        self.newest_shown: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.owed: int | None = None
        self.standing: set[str] = set()
        self.session = self._phone()
        self.apps = IApps(self.session)

    def _phone(self) -> Any:
        self.last_paced = -1.0
        opened = ISessions(self.house).glasses_opened(USER, Phone(self.clock, self.log))
        return success_of(opened)

    # -- what happens

    @rule(package=packages)
    def start(self, package: str) -> None:
        """There is one foreground app; it is stopped before the next one starts, also when its
        connection is gone."""
        if KINDS[package] == "standard":
            for other in self.standing - {package}:
                self.stop(other)
            self.standing.add(package)
        self.session.announce(AppStarting(package, package, KINDS[package]))
        self.apps.run(package)

    @rule(package=packages)
    def stop(self, package: str) -> None:
        self.apps.peers.pop(package, None)
        self.standing.discard(package)
        if KINDS[package] == "standard":
            self.owed = None
        self.dead_before[package] = self.number
        self.session.announce(AppStopped(package, was_running=True))

    @rule(package=packages)
    def lose(self, package: str) -> None:
        """Its connection is gone; perhaps it comes back."""
        self.apps.peers.pop(package, None)

    @rule(
        package=packages,
        ms=st.sampled_from([None, None, 0, 50, 700, 2500]),
        force=st.booleans(),
        view=st.sampled_from(["main", "main", "main", "dashboard"]),
    )
    def ask(self, package: str, ms: int | None, force: bool, view: str) -> None:
        self.number += 1
        # a forced frame of a background app may overtake the foreground app's
        forced = force and KINDS[package] == "standard"
        if forced:
            self.forced.add(self.number)
        if ms:
            self.over[self.number] = self.clock.seconds() + ms / 1000
        request = DisplayRequest(
            view=view,
            layout={"layoutType": "text_wall", "text": str(self.number)},
            duration_ms=ms,
            force_display=forced,
        )
        accepted = IDisplay(self.session).request(package, request)
        if KINDS[package] == "standard" and self.apps.is_running(package):
            lasts = accepted and ms is None and view == "main"
            self.owed = self.number if lasts else None

    @rule(seconds=st.sampled_from([0.01, 0.1, 0.15, 0.3, 0.31, 1.0, 2.2]))
    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds * 100)):
            self.clock.advance(0.01)

    @rule()
    def draw_dashboard(self) -> None:
        request = DisplayRequest(view="dashboard", layout={"layoutType": "text_wall", "text": "d"})
        IDisplay(self.session).request(DASHBOARD, request)

    @rule()
    def phone_blinks(self) -> None:
        """The phone is away for a moment."""
        self.phone_leaves()
        self.wait(0.1)
        self.phone_returns()

    @rule()
    def phone_leaves(self) -> None:
        if self.session.glasses is not None:
            self.owed = None
            ISessions(self.house).glasses_closed(self.session, self.session.glasses)

    @rule()
    def phone_returns(self) -> None:
        if self.session.glasses is None:
            self._phone()
            self.session.announce(GlassesAttached(reconnected=True))

    # -- what must hold

    @invariant()
    def every_frame_was_in_order(self) -> None:
        """The pace is kept, no older frame follows a newer one, no stopped app is seen."""
        new = self.log[self.checked :]
        self.checked = len(self.log)
        for at, message in new:
            assert isinstance(message, ShowDisplay)
            if _is_boot_screen(message) or _is_dashboard(message):
                continue
            number = _number(message)
            if number is not None:
                self._is_no_ghost(message, number)
            if message.view == "main":
                if number not in self.forced:
                    assert at - self.last_paced > 0.3 - 1e-6, f"{message} came too soon"
                self.last_paced = at

    def _is_no_ghost(self, message: ShowDisplay, number: int) -> None:
        package = message.package_name
        assert number > self.dead_before[package], f"{package} was stopped before"
        newest = self.newest_shown[package, message.view]
        assert number >= newest, f"{package} had shown something newer"
        self.newest_shown[package, message.view] = number
        if number == self.owed:
            self.owed = None

    def teardown(self) -> None:
        """When all is quiet, what had to be seen was, and nothing is seen that should not be."""
        owed = self.owed
        self.phone_returns()
        self.wait(5.0)
        self.every_frame_was_in_order()
        assert self.owed is None, f"{owed} was never shown"
        self._screen_is_right()
        success_of(ISessions(self.house).end(self.session, "over"))
        assert self.clock.getDelayedCalls() == []

    def _screen_is_right(self) -> None:
        drawn = [one for _, one in self.log if one.view == "main"]
        if not drawn:
            return
        assert not _is_boot_screen(drawn[-1])
        number = _number(drawn[-1])
        if number is not None:
            assert number > self.dead_before[drawn[-1].package_name]
            assert number not in self.over, "its time is over"


def _is_boot_screen(message: ShowDisplay) -> bool:
    return message.layout["layoutType"] == "reference_card"


def _is_dashboard(message: ShowDisplay) -> bool:
    return message.package_name == DASHBOARD and message.view == "dashboard"


def _number(message: ShowDisplay) -> int | None:
    text = message.layout.get("text", "")
    return int(text) if text.isdigit() else None


def test_promises_hold_in_any_order_of_events():
    run_state_machine_as_test(Screen, settings=settings(stateful_step_count=30))
