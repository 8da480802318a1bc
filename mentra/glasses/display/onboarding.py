"""What an app wants its new users to know: shown once.  Source: docs/protocol/display.rst."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from mentra.glasses.display.frames import Frame
from mentra.glasses.display.settings import DisplaySettings
from mentra.glasses.writing import WriteBehind
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.messages.display import ShowDisplay
from mentra.records import User

MAX_TEXT = 2000
"""Characters of an app's instructions that are shown."""


class Onboarding:
    """Which apps have something to tell, and whether one is telling it now.

    :param over: is called when others may draw again.
    :ivar until: clock seconds at which the text that was shown last is to go.
    """

    def __init__(
        self, session: IUserSession, services: IServices, over: Callable[[], object]
    ) -> None:
        self._session = session
        self._clock = services.clock
        self._settings: DisplaySettings = services.settings(DisplaySettings)
        self._apps = IAppStore(services)
        self._users = IUserStore(services)
        self._writes = WriteBehind("onboardings")
        self._over = over
        self._newcomers: dict[str, None] = {}
        self._owner: str | None = None
        self._timer: IDelayedCall | None = None
        self.until = 0.0

    @property
    def is_on(self) -> bool:
        """Whether nobody else may draw."""
        return self._owner is not None

    def expect(self, package_name: str) -> None:
        """The app starts; if its user does not know it yet, it has its turn after the boot
        screen."""
        if self._settings.onboarding > 0 and self._text(package_name):
            self._newcomers[package_name] = None

    def forget(self, package_name: str) -> None:
        """The app has stopped: what was not seen to its end will be shown again."""
        self._newcomers.pop(package_name, None)
        if self._owner == package_name:
            self._end()

    def stop(self) -> Deferred[None]:
        """Nothing is waited for any more; fires when what was seen is written down."""
        self._newcomers.clear()
        self._end()
        return self._writes.written()

    def take(self) -> Frame | None:
        """The frame of the next app that has something to tell; None if there is none, or if
        another still has its turn."""
        if self.is_on or not self._newcomers:
            return None
        package_name = next(iter(self._newcomers))
        del self._newcomers[package_name]
        return self._frame(package_name)

    def begin(self, frame: Frame) -> None:
        """*frame* was shown: others have to wait."""
        self._owner = frame.owner
        self.until = frame.expires_at or 0.0
        self._timer = self._clock.callLater(self._settings.onboarding_lock, self._seen)

    def _frame(self, package_name: str) -> Frame:
        now, seconds = self._clock.seconds(), self._settings.onboarding
        message = ShowDisplay(
            session_id=self._session.user_id,
            package_name=package_name,
            view="main",
            layout={"layoutType": "text_wall", "text": self._text(package_name)},
            duration_ms=round(seconds * 1000),
        )
        return Frame(package_name, message, now, now + seconds)

    def _text(self, package_name: str) -> str:
        app = self._apps.get(package_name)
        if app is None or package_name in self._session.user.onboarded:
            return ""
        return (app.onboarding_instructions or "")[:MAX_TEXT]

    def _seen(self) -> None:
        package_name, self._timer = self._owner, None
        self._end()
        if package_name is not None:
            user = self._session.user
            self._session.remember(with_onboarded(user, package_name))
            self._writes.add(
                ("onboarding", package_name),
                lambda: self._users.complete_onboarding(user.user_id, package_name),
            )
        self._over()

    def _end(self) -> None:
        self._owner = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def with_onboarded(user: User, package_name: str) -> User:
    """*user*, who has seen the onboarding of an app."""
    onboarded = tuple(sorted({*user.onboarded, package_name}))
    changes: Mapping[str, Any] = {"onboarded": onboarded}
    return msgspec.structs.replace(user, **changes)
