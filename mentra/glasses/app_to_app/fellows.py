"""The part that a session's user has in messages between users of an app."""

from zope.interface import implementer

from mentra.events import AppRunning, AppStopped, SessionEnding
from mentra.extension import ManagerFactory, listener
from mentra.glasses.app_to_app.circles import Member
from mentra.interfaces.glasses import IFellows
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.shared import IAppToApp


@implementer(IFellows)
class Fellows:
    """Tells what happens in one session to whoever knows all of them."""

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._exchange = IAppToApp(services)

    def came(self, package_name: str) -> None:
        """The app runs, or runs again."""
        self._exchange.came(self._session, package_name)

    def gone(self, package_name: str) -> None:
        """It has stopped."""
        self._exchange.gone(self._session, package_name)

    def over(self) -> None:
        """The session ends."""
        self._exchange.over(self._session)

    def member(self, package_name: str) -> Member | None:
        """The user's part in it."""
        member: Member | None = self._exchange.member(self._session, package_name)
        return member


fellows = ManagerFactory(IFellows, Fellows)


@listener(AppRunning)
def app_runs_for_fellows(event: AppRunning, session: IUserSession) -> None:
    """Others hear of it; what waited for the app is delivered."""
    IFellows(session).came(event.package_name)


@listener(AppStopped)
def app_stopped_for_fellows(event: AppStopped, session: IUserSession) -> None:
    """Others hear of it."""
    IFellows(session).gone(event.package_name)


@listener(SessionEnding)
def session_ends_for_fellows(event: SessionEnding, session: IUserSession) -> None:
    """Others hear of it, and nothing waits for this user's apps any more."""
    part = session.built(IFellows)
    if part is not None:
        part.over()
