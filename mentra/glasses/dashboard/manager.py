"""The dashboard: the system's corners and the apps' texts.  Source: docs/protocol/dashboard.rst."""

from typing import Annotated, Any

from msgspec import Meta
from twisted.logger import Logger
from zope.interface import implementer

from mentra.errors import Refused
from mentra.events import AppStopped, GlassesAttached
from mentra.extension import ConfigSection, ManagerFactory, Section, handler, listener
from mentra.glasses.apps.settings import AppsSettings
from mentra.glasses.dashboard.content import MODES, Contents, Entry
from mentra.glasses.dashboard.drawing import SECTIONS, expanded_layout, main_layout, text_of
from mentra.identity import app_session_id
from mentra.interfaces.dashboard import IDashboard
from mentra.interfaces.glasses import IApps, IDisplay, IRelay
from mentra.interfaces.messaging import IContext
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.messages.dashboard import (
    DashboardContentUpdate,
    DashboardModeChange,
    DashboardModeChanged,
    DashboardSystemUpdate,
    HeadPosition,
)
from mentra.messages.display import DisplayRequest
from mentra.messages.stamps import seconds_of

HIDDEN = "none"
"""A mode in which nothing is drawn."""


class DashboardSettings(Section, frozen=True, kw_only=True):
    """[dashboard]: what the wearer sees when looking up."""

    max_content: Annotated[
        int,
        Meta(ge=1, le=65_536, description="Longest text of an app or in a corner, characters."),
    ] = 4096


dashboard_section = ConfigSection("dashboard", DashboardSettings)


@implementer(IDashboard)
class DashboardManager:
    """Draws again whenever something was written."""

    _log = Logger()
    _complained: frozenset[str] = frozenset()

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        apps: AppsSettings = services.settings(AppsSettings)
        settings: DashboardSettings = services.settings(DashboardSettings)
        self._package = apps.system_dashboard
        self._max_content = settings.max_content
        self._contents = Contents()
        self._corners = dict.fromkeys(SECTIONS, "")
        self._drawn = False
        self.mode = "main"

    # -- what apps say

    def write(self, package_name: str, content: Any, modes: Any, written_at: float) -> None:
        """An app's content for some modes.

        :raises Refused: ``CONTENT_TOO_LONG``.
        """
        entry = Entry(self._bounded(text_of(content)), written_at)
        named = [mode for mode in MODES if mode in modes]
        for mode in named:
            self._contents.put(package_name, mode, entry)
        if self.mode in named:
            self._draw()

    def system(self, package_name: str, section: str, content: str) -> None:
        """Text for one of the system's corners.

        :raises Refused: ``CONTENT_TOO_LONG``.
        """
        if not self._is_the_dashboards(package_name) or section not in self._corners:
            return
        self._corners[section] = self._bounded(content)
        self._draw()

    def change_mode(self, package_name: str, mode: str) -> None:
        """Show another mode and tell the running apps."""
        if not self._is_the_dashboards(package_name) or mode not in (*MODES, HIDDEN):
            return
        self.mode = mode
        user_id = self._session.user_id
        for package_name, peer in tuple(IApps(self._session).running().items()):
            session_id = app_session_id(user_id, package_name)
            peer.send(DashboardModeChanged(session_id=session_id, mode=mode))
        self._draw()

    def _is_the_dashboards(self, package_name: str) -> bool:
        if package_name != self._package and package_name not in self._complained:
            self._complained |= {package_name}
            self._log.info(
                "{package} wants to change the dashboard itself; only {dashboard} may",
                package=package_name,
                dashboard=self._package,
            )
        return package_name == self._package

    def _bounded(self, text: str) -> str:
        if len(text) > self._max_content:
            message = f"At most {self._max_content} characters fit there, not {len(text)}"
            raise Refused("CONTENT_TOO_LONG", message, where="app")
        # half a surrogate pair can be read from JSON, and not be written
        return text.encode("utf-8", "replace").decode()

    # -- what happens

    def looked_up(self) -> None:
        """The next app's content has its turn."""
        if self.mode == "main" and self._contents.turn():
            self._draw()

    def forget(self, package_name: str) -> None:
        """The app is gone, and what it wrote with it."""
        if self._contents.remove(package_name):
            self._draw()

    def redraw(self) -> None:
        """Send it once more, if there ever was one."""
        if self._drawn:
            self._draw()

    def _draw(self) -> None:
        if self.mode == HIDDEN:
            return
        if self.mode == "main":
            layout = main_layout(self._corners, self._contents.current())
        else:
            layout = expanded_layout(self._corners, self._contents.newest(self.mode))
        self._drawn = True
        # the display lets the dashboard's own frames by at once
        request = DisplayRequest(view="dashboard", layout=layout)
        IDisplay(self._session).request(self._package, request)


dashboard_manager = ManagerFactory(IDashboard, DashboardManager)


@handler("app", DashboardContentUpdate)
def dashboard_content_update(message: DashboardContentUpdate, context: IContext) -> None:
    """Put an app's text on the dashboard."""
    now: float = context.services.now()
    written_at = seconds_of(message.timestamp)
    IDashboard(context.session).write(
        context.peer.identity.package_name,
        message.content,
        message.modes,
        # what is dated ahead would be the newest for ever
        now if written_at is None else min(now, written_at),
    )


@handler("app", DashboardModeChange)
def dashboard_mode_change(message: DashboardModeChange, context: IContext) -> None:
    """Show another mode."""
    package_name = context.peer.identity.package_name
    IDashboard(context.session).change_mode(package_name, message.mode)


@handler("app", DashboardSystemUpdate)
def dashboard_system_update(message: DashboardSystemUpdate, context: IContext) -> None:
    """Fill one of the system's corners."""
    package_name = context.peer.identity.package_name
    IDashboard(context.session).system(package_name, message.section, message.content)


@handler("glasses", HeadPosition)
def head_position(message: HeadPosition, context: IContext) -> None:
    """Turn the dashboard's page, then tell the apps that subscribed."""
    if message.position == "up":
        IDashboard(context.session).looked_up()
    IRelay(context.session).relay(HeadPosition.tag(), message.raw)


@listener(AppStopped)
def dashboard_app_stopped(event: AppStopped, session: IUserSession) -> None:
    """What the app wrote is gone; so is that of one that could not be started."""
    dashboard = session.built(IDashboard)
    if dashboard is not None:
        dashboard.forget(event.package_name)


@listener(GlassesAttached)
def glasses_for_dashboard(event: GlassesAttached, session: IUserSession) -> None:
    """A phone that was away does not know what its wearer saw."""
    dashboard = session.built(IDashboard) if event.reconnected else None
    if dashboard is not None:
        dashboard.redraw()
