"""What is known of where the wearer is, and how exactly apps want to know.

Source: docs/protocol/location.rst.
"""

from collections.abc import Iterable

import msgspec
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import ManagerFactory
from mentra.glasses.location.polls import FRESH, Polls, check_id
from mentra.glasses.location.positions import data_of
from mentra.glasses.location.section import LocationSettings
from mentra.glasses.writing import WriteBehind
from mentra.interfaces.glasses import IRelay, ISubscriptions
from mentra.interfaces.location import ILocation
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.messages.location import LocationUpdate, RequestSingleLocation, SetLocationTier
from mentra.messages.streams import LOCATION_RATES, permission_for
from mentra.records import Position, Whereabouts

LEAST = LOCATION_RATES[0]
STREAM = LocationUpdate.tag()
PERMISSION = permission_for(STREAM) or ""


@implementer(ILocation)
class LocationManager(Service):
    """Keeps the last position, the rates and the polls."""

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._session = session
        self._clock = services.clock
        self._now = services.now
        self._settings: LocationSettings = services.settings(LocationSettings)
        self._apps = IAppStore(services)
        self._users = IUserStore(services)
        self._writes = WriteBehind("whereabouts")
        self._polls = Polls(services.clock, self._settings.poll_timeout)
        known = session.user.whereabouts.position
        self._position: Position | None = known if self._settings.keep else None
        self._rates: dict[str, str] = {}
        self._tier = LEAST
        self._keeping: IDelayedCall | None = None
        self._settling: IDelayedCall | None = None

    def stopService(self) -> Deferred[None]:
        """Nothing is waited for any more; fires when what is known is written down."""
        super().stopService()
        self._polls.stop()
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
        if self._keeping is not None:
            self._keeping.cancel()
            self._keep()
        return self._writes.written()

    def position(self) -> Position | None:
        """The last known one."""
        return self._position

    def tier(self) -> str:
        """How exactly the phone is to tell."""
        return self._tier

    # -- what the phone says

    def update(self, position: Position, raw: bytes = b"") -> None:
        """Keep the position and tell the subscribers."""
        self._position = position
        self._keep_soon()
        IRelay(self._session).relay(STREAM, raw or data_of(position))

    def answer(self, correlation_id: str, position: Position) -> bool:
        """The phone's answer to a poll; it is for the app that asked and no one else."""
        poll = self._polls.take(correlation_id)
        if poll is None:
            return False
        for package_name in poll.askers:
            self._tell(package_name, correlation_id, position)
        return True

    def phone_came(self, reconnected: bool) -> None:
        """A phone is there that may not know what was asked of it."""
        stored = self._session.user.whereabouts
        if stored.position is not None and not self._settings.keep:
            # what was kept before the sysadmin said no
            self._keep_soon()
        if reconnected:
            if self._tier != LEAST:
                self._tell_tier()
            for poll in self._polls:
                self._ask(poll.correlation_id, poll.accuracy)
        elif stored.tier != LEAST and self.running:
            self._settling = self._clock.callLater(self._settings.settle, self._settled)

    # -- what apps want

    def poll(self, package_name: str, accuracy: str, correlation_id: str) -> None:
        """An app wants to know now.

        :raises Refused: ``PERMISSION_DENIED``, ``TOO_MANY_POLLS`` or ``INVALID_POLL``.
        """
        app = self._apps.get(package_name)
        if app is None or not app.has_permission(PERMISSION):
            text = "Location permission required to ask for the location"
            raise Refused("PERMISSION_DENIED", text, where="app")
        check_id(correlation_id)
        wanted = accuracy if accuracy in FRESH else LEAST
        known = self._position
        if known is not None and self._now() - known.known_at <= FRESH[wanted]:
            self._tell(package_name, correlation_id, known)
        elif self.running:
            self._polls.add(package_name, wanted, correlation_id)
            # a phone that is away may still answer over HTTP
            self._ask(correlation_id, wanted)

    def subscriptions_changed(self, package_name: str, fresh: Iterable[str]) -> None:
        """The app's rate may be another; new subscriptions are told what is known."""
        rate = ISubscriptions(self._session).rate(package_name)
        if rate != self._rates.get(package_name):
            self._rates.pop(package_name, None)
            if rate is not None:
                self._rates[package_name] = rate
            self._weigh()
        if self._position is not None:
            for own in fresh:
                IRelay(self._session).to_app(package_name, own, data_of(self._position))

    def forget(self, package_name: str) -> None:
        """The app stopped: nobody waits for its polls."""
        self._polls.forget(package_name)

    def _weigh(self) -> None:
        tier = max(self._rates.values(), key=LOCATION_RATES.index, default=LEAST)
        if tier != self._tier:
            self._tier = tier
            self._tell_tier()
        self._keep_soon()

    def _settled(self) -> None:
        """The last session's apps are not coming back for what they wanted."""
        self._settling = None
        if self._tier == LEAST:
            self._tell_tier()
            self._keep_soon()

    # -- telling

    def _tell(self, package_name: str, correlation_id: str, position: Position) -> None:
        IRelay(self._session).to_app(package_name, STREAM, data_of(position, correlation_id))

    def _tell_tier(self) -> None:
        message = SetLocationTier(session_id=self._session.user_id, tier=self._tier)
        self._session.to_glasses(message)

    def _ask(self, correlation_id: str, accuracy: str) -> None:
        question = RequestSingleLocation(accuracy=accuracy, correlation_id=correlation_id)
        self._session.to_glasses(question)

    # -- remembering

    def _keep_soon(self) -> None:
        if self._keeping is None and self.running:
            self._keeping = self._clock.callLater(self._settings.keep_interval, self._keep)

    def _keep(self) -> None:
        self._keeping = None
        known = Whereabouts(
            position=self._position if self._settings.keep else None,
            rates=dict(self._rates),
            tier=self._tier,
        )
        user = self._session.user
        if known == user.whereabouts:
            return
        self._session.remember(msgspec.structs.replace(user, whereabouts=known))
        self._writes.add(
            ("whereabouts", f"user {self._session.number}"),
            lambda: self._users.save_whereabouts(user.user_id, known),
        )


location_manager = ManagerFactory(ILocation, LocationManager)
