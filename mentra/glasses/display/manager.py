"""What the wearer sees: one main view, many apps.  Source: docs/protocol, "display".

One *standard* app is in the foreground.  Background apps share the rest through a lock.  While
apps start, a boot screen is up.  What was asked for and could not be shown is restored if it is
still worth it.
"""

import attrs
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from zope.interface import implementer

from mentra.events import AppStarting, AppStopped, GlassesAttached
from mentra.extension import ManagerFactory, handler, listener
from mentra.glasses.apps.settings import AppsSettings
from mentra.glasses.display.boot import Boot
from mentra.glasses.display.frames import (
    HOUSE,
    Frame,
    blank,
    boot_screen,
    check_layout,
    frame_of,
    words,
)
from mentra.glasses.display.lock import Lock
from mentra.glasses.display.notices import Notices
from mentra.glasses.display.onboarding import Onboarding
from mentra.glasses.display.screen import Screen
from mentra.glasses.display.settings import DisplaySettings
from mentra.interfaces.glasses import IApps, IDisplay
from mentra.interfaces.messaging import IContext
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.messages.display import DisplayRequest


@implementer(IDisplay)
class DisplayManager(Service):
    """Decides whose frame is on the main view."""

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._clock = clock = services.clock
        self._settings: DisplaySettings = services.settings(DisplaySettings)
        apps: AppsSettings = services.settings(AppsSettings)
        self._dashboard = apps.system_dashboard
        self._screen = Screen(
            session,
            clock,
            self._settings.throttle,
            release=self._released,
            shown=self._shown,
            expired=self._next,
        )
        self._notices = Notices(clock, self._screen, self.resend)
        self._boot = Boot(clock, self._settings.boot, self._boot_changed)
        self._lock = Lock(clock, self._settings, self._runs)
        self._onboarding = Onboarding(session, services, self._onboard)
        self._main: str | None = None
        self._core: Frame | None = None
        self._turn: IDelayedCall | None = None

    def stopService(self) -> Deferred[None]:
        """Nothing is waited for any more; fires when what is to be remembered is written."""
        self._stop_waiting()
        self._notices.stop()
        self._screen.stop()
        self._boot.stop_all()
        super().stopService()
        return self._onboarding.stop()

    # -- what apps ask for

    def request(self, package_name: str, message: DisplayRequest) -> bool:
        """An app's request; whether it was shown, held back or queued.

        :raises Refused: ``LAYOUT_TOO_LARGE``.
        """
        if message.layout is None or not self.running:
            return False
        check_layout(message, self._settings.max_layout)
        user_id = self._session.user_id
        frame = frame_of(package_name, message, message.layout, user_id, self._now())
        if package_name == self._dashboard:
            return self._show_dashboard(frame)
        # whatever becomes of this one, an older never follows it
        self._screen.held.drop(package_name)
        return self._admit(frame)

    def _show_dashboard(self, frame: Frame, waited: bool = False) -> bool:
        """The dashboard asks nobody; on the main view it has to keep the pace."""
        if not frame.is_main:
            return self._session.to_glasses(frame.message)
        self._screen.held.drop(frame.owner)
        if self._boot.names:
            return self._session.to_glasses(frame.message)
        return self._screen.overlay(frame, waited)

    def _admit(self, frame: Frame, waited: bool = False) -> bool:
        """Who may draw: whether *frame* was shown, held back or queued."""
        if self._boot.names:
            self._boot.queue(frame)
            return True
        if frame.owner == self._main:
            self._remember(frame)
            if self._is_shut_out():
                self._await_turn()
                return False
        elif not self._runs(frame.owner) or not self._has_lock(frame.owner):
            return False
        if self._onboarding.is_on:
            return False
        return self._screen.show(frame, waited)

    def _remember(self, frame: Frame) -> None:
        if not frame.is_main:
            return
        if self._onboarding.is_on:
            # what has to wait for the instructions is as good as new when they are gone
            later = max(frame.requested_at, self._onboarding.until)
            frame = attrs.evolve(frame, requested_at=later)
        self._core = frame

    def _is_shut_out(self) -> bool:
        """Whether the foreground app has to wait for a background app on the screen."""
        owner = self._lock.owner
        if owner is None or owner == self._main or not self._screen.shows(owner):
            return False
        if self._lock.is_spent(self._screen.current):
            self._lock.drop()
            return False
        return True

    def _await_turn(self) -> None:
        """Have the foreground app's newest frame shown once the background app has no more claim to
        the screen: nobody may ask then, and what is shown for no set time ends by itself never."""
        current = self._screen.current
        if current is None:
            return
        until = self._lock.expires_at
        if current.expires_at is None:
            until = min(until, current.requested_at + self._settings.restorable)
        self._stop_waiting()
        wait = max(0.0, until - self._now())
        self._turn = self._clock.callLater(wait, self._take_turn, current)

    def _take_turn(self, shut_out_by: Frame) -> None:
        self._turn = None
        if self._screen.current is shut_out_by and not self._is_shut_out():
            self._shows_core()

    def _stop_waiting(self) -> None:
        if self._turn is not None and self._turn.active():
            self._turn.cancel()
        self._turn = None

    def _has_lock(self, owner: str) -> bool:
        """Whether a background app has the lock, or can take it."""
        holder = self._lock.owner
        if holder == owner:
            return True
        is_out_of_sight = self._lock.is_idle() and not self._screen.shows(holder)
        is_free = self._lock.is_spent(self._screen.current) or is_out_of_sight
        if holder != self._main and not is_free:
            return False
        self._lock.take(owner)
        return True

    # -- what is on the screen

    def _shown(self, frame: Frame) -> None:
        if frame.owner == self._lock.owner:
            self._lock.shown()
        elif frame.is_main and frame.owner == self._main:
            self._lock.drop()

    def _released(self, frame: Frame) -> bool:
        """A held frame's turn has come; things may have changed since it was held."""
        if frame.owner == HOUSE:
            return self._screen.put(frame)
        if frame.owner == self._dashboard:
            return self._show_dashboard(frame, waited=True)
        return self._admit(frame, waited=True)

    def _next(self) -> None:
        """The screen is free: show what deserves it most."""
        if self._boot.names:
            self._show_boot_screen()
            return
        while (frame := self._screen.held.take()) is not None:
            if self._released(frame):
                return
        if self._lock.is_spent(self._screen.current) or self._lock.is_idle():
            self._lock.drop()
        if not self._shows_core():
            # what is held goes first and makes this pointless, unless it is dropped meanwhile
            self._screen.show(blank(self._dashboard, self._session.user_id, self._now()))

    def _shows_core(self) -> bool:
        """Restore what the foreground app wanted last; False if it has to wait, or is no use."""
        core = self._core
        if core is None or not self._is_valid(core) or self._screen.held.holds(core.owner):
            return False
        return not self._screen.show(core) or self._screen.current is core

    def resend(self) -> None:
        """Show the wearer what is to be seen now, on glasses that may have forgotten."""
        if not self.running:
            return
        if self._boot.names:
            self._show_boot_screen()
            return
        frame = self._screen.last()
        if frame is None:
            return
        if frame.is_up(self._now()):
            self._screen.put(frame)
        else:
            self._next()

    def notice(self, text: str, seconds: float) -> bool:
        """A few words over what apps show; not while apps start."""
        if not self.running or self._boot.names:
            return False
        return self._notices.show(words(self._dashboard, self._session.user_id, text), seconds)

    # -- starting and stopping

    def app_starting(self, package_name: str, name: str, app_type: str) -> None:
        """Show the boot screen; the dashboard has none."""
        if not self.running or package_name == self._dashboard or app_type == "system_dashboard":
            return
        if app_type == "standard" and self._main != package_name:
            self._main, self._core = package_name, None
        self._screen.held.drop(HOUSE)
        self._onboarding.expect(package_name)
        self._boot.start(package_name, name or package_name)
        self._show_boot_screen()

    def app_stopped(self, package_name: str) -> None:
        """Take everything of the app off."""
        if not self.running:
            return
        was_booting = self._boot.stop(package_name)
        self._onboarding.forget(package_name)
        if self._lock.owner == package_name:
            self._lock.drop()
        if self._main == package_name:
            self._main = self._core = None
        was_shown = self._screen.forget(package_name)
        if was_booting:
            self._boot_changed()
        elif was_shown:
            self._next()

    def _boot_changed(self) -> None:
        if self._boot.names:
            self._show_boot_screen()
        else:
            self._booted()

    def _show_boot_screen(self) -> None:
        names = self._boot.names.values()
        self._session.to_glasses(boot_screen(self._dashboard, self._session.user_id, names))

    def _booted(self) -> None:
        """Show what came meanwhile, the foreground app's first; or what was there before."""
        queued = sorted(self._boot.take_queue(), key=lambda frame: frame.owner != self._main)
        covered = self._onboard()
        for frame in queued:
            if not frame.is_up(self._now()):
                continue
            if covered or self._onboarding.is_on or not frame.is_main:
                self._admit(frame)
            else:
                covered = self._show_first(frame)
        if not covered:
            self._restore()

    def _onboard(self) -> bool:
        """Let the next new app tell what it is for; whether one does."""
        frame = None if self._boot.names else self._onboarding.take()
        if frame is None or not self._screen.put(frame):
            return False
        self._onboarding.begin(frame)
        return True

    def _show_first(self, frame: Frame) -> bool:
        """Take the boot screen's place, whoever was there before; False if that is not for it."""
        if frame.owner == self._main:
            self._remember(frame)
        elif self._runs(frame.owner):
            self._lock.take(frame.owner)
        else:
            return False
        return self._screen.show(frame) or self._screen.missed is frame

    def _restore(self) -> None:
        current = self._screen.current
        if (
            current is not None
            and self._is_valid(current)
            and self._runs(current.owner)
            and not self._screen.held.holds(current.owner)
        ):
            self._screen.show(current)
        else:
            self._next()

    # -- small questions

    def _now(self) -> float:
        return float(self._clock.seconds())

    def _runs(self, package_name: str) -> bool:
        return bool(IApps(self._session).is_running(package_name))

    def _is_valid(self, frame: Frame) -> bool:
        return frame.is_valid(self._now(), self._settings.restorable)


display_manager = ManagerFactory(IDisplay, DisplayManager)


@handler("app", DisplayRequest)
def display_request(message: DisplayRequest, context: IContext) -> None:
    """Show what an app asks for, when its turn comes."""
    IDisplay(context.session).request(context.peer.identity.package_name, message)


@listener(AppStarting)
def display_app_starting(event: AppStarting, session: IUserSession) -> None:
    """Put the app on the boot screen."""
    IDisplay(session).app_starting(event.package_name, event.name, event.app_type)


@listener(AppStopped)
def display_app_stopped(event: AppStopped, session: IUserSession) -> None:
    """Take the app off the screen."""
    IDisplay(session).app_stopped(event.package_name)


@listener(GlassesAttached)
def glasses_for_display(event: GlassesAttached, session: IUserSession) -> None:
    """A phone that was away does not know what its wearer saw."""
    display = session.built(IDisplay) if event.reconnected else None
    if display is not None:
        display.resend()
