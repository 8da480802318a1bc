"""A user's session, and all of them."""

import itertools
from collections.abc import Awaitable
from typing import Annotated, cast

from msgspec import Meta
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from zope.interface import implementer

from mentra.errors import Refused
from mentra.events import Event, GlassesLeft, SessionEnding, SessionStarted
from mentra.extension import ComponentFactory, ConfigSection, Section
from mentra.facets import Faceted
from mentra.glasses.lookups import Lookups
from mentra.glasses.presence import Grace, Presence, presence_machine
from mentra.interfaces.messaging import IPeer
from mentra.interfaces.services import IAuthRules, ICatalogue, IServices
from mentra.interfaces.session import ISessions, IUserSession
from mentra.interfaces.stores import IUserStore
from mentra.messages import Message
from mentra.records import User


class GlassesSettings(Section, frozen=True, kw_only=True):
    """[glasses]: sessions and the sockets of glasses."""

    grace: Annotated[
        float, Meta(ge=0, description="Seconds a session waits for its glasses to come back.")
    ] = 60.0
    grace_enabled: Annotated[
        bool, Meta(description="Whether a session ends at all when its glasses stay away.")
    ] = True
    max_sessions: Annotated[int, Meta(ge=1, description="Sessions in this process.")] = 10_000
    max_frame: Annotated[int, Meta(ge=1024, description="Longest message from glasses, bytes.")] = (
        16 * 1024 * 1024
    )
    max_queue: Annotated[
        int, Meta(ge=65_536, description="Bytes queued towards glasses that do not read.")
    ] = 4 * 1024 * 1024
    max_rate: Annotated[
        float, Meta(gt=0, description="Messages a second from one glasses socket, over 10 s.")
    ] = 500.0
    max_waiting: Annotated[
        int, Meta(ge=1, description="Messages waiting behind one that is still being handled.")
    ] = 64


glasses_section = ConfigSection("glasses", GlassesSettings)


@implementer(IUserSession)
class UserSession(Faceted):
    """One user, while glasses are connected or expected back."""

    _log = Logger()

    def __init__(self, user: User, number: int, services: IServices) -> None:
        self._catalogue = ICatalogue(services)
        super().__init__(self._catalogue.managers, services)
        self.user_id = user.user_id
        self.user = user
        self.number = number
        self.started_at = services.now()
        self.glasses: IPeer | None = None
        self.arrivals = 0
        self.ending = False
        self.presence: Presence | None = None

    def to_glasses(self, message: Message) -> bool:
        """Send *message* to the phone; False while it is away."""
        glasses = self.glasses
        return glasses is not None and glasses.send(message)

    def announce(self, event: Event) -> None:
        """Tell every listener, in order; one listener's bug is logged and costs only itself."""
        for listener in self._catalogue.listeners(type(event)):
            try:
                listener.heard(event, self)
            except Exception:  # noqa: BLE001 - a plugin's bug must not end the session
                self._log.failure("{listener} failed to hear of {event}",
                                  listener=listener.name, event=type(event).__name__)  # fmt: skip

    def remember(self, user: User) -> None:
        """*user* is what ``user`` says from now on."""
        self.user = user


@implementer(ISessions)
class Sessions:
    """All sessions of this process, by user id."""

    _log = Logger()

    def __init__(self, services: IServices) -> None:
        self._services = services
        self._settings: GlassesSettings = services.settings(GlassesSettings)
        self._users = IUserStore(services)
        self._lookups = Lookups(self._user)
        self._sessions: dict[str, UserSession] = {}
        self._numbers = itertools.count(1)

    def get(self, user_id: str) -> UserSession | None:
        """The user's session, or None."""
        return self._sessions.get(user_id)

    def all(self) -> tuple[UserSession, ...]:
        """All sessions, in order of their start."""
        return tuple(self._sessions.values())

    async def glasses_opened(self, user_id: str, peer: IPeer) -> UserSession:
        """The user's session with *peer* attached; made if there is none.

        :raises Refused: ``SESSION_ERROR`` (too many sessions, or the peer left meanwhile).
        """
        session = self.glasses_returned(user_id, peer)
        if session is None:
            user = await self._lookups.user(user_id)
            if not peer.alive:
                raise Refused("SESSION_ERROR", "the connection closed while its session was made")
            # another socket of this user may have been quicker
            session = self._sessions.get(user_id) or self._begin(user)
            self._attach(session, peer)
        return session

    def glasses_returned(self, user_id: str, peer: IPeer) -> UserSession | None:
        """The user's session with *peer* attached, None if there is none."""
        session = self._sessions.get(user_id)
        if session is not None:
            self._attach(session, peer)
        return session

    def glasses_closed(self, session: UserSession, peer: IPeer) -> None:
        """*peer* is gone; only the current one counts, a replaced one starts nothing."""
        if session.glasses is peer:
            session.glasses = None
            if session.presence is not None:
                session.presence.glasses_left()
            session.announce(GlassesLeft())

    def end(self, session: UserSession, reason: str) -> Awaitable[None]:
        """End *session*, never a newer one of its user."""
        if session.ending:
            return Deferred.fromCoroutine(_nothing())
        session.ending = True
        if session.presence is not None:
            session.presence.ended()
        if self._sessions.get(session.user_id) is session:
            del self._sessions[session.user_id]
        self._log.info("session {number} ended: {reason}", number=session.number, reason=reason)
        session.announce(SessionEnding())
        return Deferred.fromCoroutine(self._dismantle(session, reason))

    async def _dismantle(self, session: UserSession, reason: str) -> None:
        peer, session.glasses = session.glasses, None
        if peer is not None:
            peer.close(1000, reason)
        try:
            await Deferred.fromCoroutine(_stopped(session))
        finally:
            session.forget_facets()
            session.presence = None

    async def _user(self, user_id: str) -> User:
        if IAuthRules(self._services).create_users:
            return cast(User, await self._users.create(user_id))
        user = await self._users.load(user_id)
        if user is None:
            raise Refused("SESSION_ERROR", "this user is not known here")
        return cast(User, user)

    def _begin(self, user: User) -> UserSession:
        if len(self._sessions) >= self._settings.max_sessions:
            raise Refused("SESSION_ERROR", "no more sessions are taken here", retryable=True)
        session = UserSession(user, next(self._numbers), self._services)
        grace = Grace(self._services.clock, self._settings.grace, lambda: self._expired(session))
        grace.enabled = self._settings.grace_enabled
        session.presence = presence_machine(grace)
        self._sessions[user.user_id] = session
        session.startService()
        self._log.info("session {number} started", number=session.number)
        session.announce(SessionStarted())
        return session

    def _attach(self, session: UserSession, peer: IPeer) -> None:
        older, session.glasses = session.glasses, peer
        session.arrivals += 1
        if older is not None and older is not peer:
            # phones reconnect before we notice that their old socket is dead
            older.close(1000, "New connection established")
        if session.presence is not None:
            session.presence.glasses_came()

    def _expired(self, session: UserSession) -> None:
        Deferred.fromCoroutine(_awaited(self.end(session, "grace period over"))).addErrback(
            lambda failure: self._log.failure("session did not end cleanly", failure=failure)
        )


sessions = ComponentFactory(ISessions, Sessions)


async def _nothing() -> None:
    return None


async def _awaited(awaitable: Awaitable[None]) -> None:
    await awaitable


async def _stopped(session: UserSession) -> None:
    outcome = session.stopService()
    if outcome is not None:
        await outcome
