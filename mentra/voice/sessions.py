"""Conversations with the assistant, from their first connection to their end."""

import uuid
from typing import cast

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, TimeoutError, ensureDeferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from zope.interface import implementer

from mentra.errors import Refused, StoreError
from mentra.extension import ComponentFactory
from mentra.identity import Speaker
from mentra.interfaces.messaging import IPeer
from mentra.interfaces.services import IAuthRules, IServices
from mentra.interfaces.stores import IUserStore
from mentra.interfaces.voice import IVoiceConnections, IVoiceSession, IVoiceSessions
from mentra.messages import Message
from mentra.messages.assistant import ExpiredData, SessionExpired
from mentra.speech.resampling import prepare
from mentra.voice.connections import Connection, Connections
from mentra.voice.conversation import Conversation
from mentra.voice.figures import Figures
from mentra.voice.guest_time import GuestTime, Share
from mentra.voice.model import why_no_model
from mentra.voice.settings import VoiceSettings

SWEEP = 20
"""So many times in its life a session is asked whether it still lives."""


@implementer(IVoiceSession)
class VoiceSession(MultiService):
    """One conversation.

    :param share: what is left for its guest; None: it is nobody's who is one.
    :ivar place: where its guest is; None: it is nobody's who is one.
    :ivar active_at: clock seconds of the last speech or text.
    :ivar now: wall time, POSIX seconds.
    :ivar conversation: what goes on in it.
    """

    log = Logger()

    def __init__(
        self, speaker: Speaker, services: IServices, share: Share | None, figures: Figures
    ) -> None:
        super().__init__()
        self.session_id = str(uuid.uuid4())
        self.user_id = speaker.user_id
        self.person = speaker.person
        self.is_guest = speaker.is_guest
        self.place = None if share is None else share.place
        self.ended = False
        self.active_at: float = services.clock.seconds()
        self.grace: IDelayedCall | None = None
        self.now = services.now
        self._clock = services.clock
        self._connections: dict[IPeer, Connection] = {}
        self.conversation = Conversation(self, services, share, figures)
        self.conversation.setServiceParent(self)

    @property
    def connections(self) -> tuple[Connection, ...]:
        """Those that are open, in order of their coming."""
        return tuple(self._connections.values())

    def connection(self, peer: IPeer) -> Connection:
        """That of *peer*."""
        return self._connections[peer]

    def send(self, message: Message) -> int:
        """Send to every connection; to how many."""
        return sum([one.send(message) for one in self.connections])

    def touch(self) -> None:
        """Something was said."""
        self.active_at = self._clock.seconds()

    def join(self, connection: Connection) -> None:
        """A connection is there; nobody waits for one."""
        self._connections[connection.peer] = connection
        self.stop_waiting()

    def leave(self, peer: IPeer) -> Connection | None:
        """A connection is gone; None if it was none of these."""
        return self._connections.pop(peer, None)

    def stop_waiting(self) -> None:
        """No grace runs any more."""
        if self.grace is not None and self.grace.active():
            self.grace.cancel()
        self.grace = None


@implementer(IVoiceSessions)
class VoiceSessions(MultiService):
    """All conversations of this process, by id."""

    _log = Logger()

    def __init__(self, services: IServices) -> None:
        super().__init__()
        self._services = services
        self._clock = services.clock
        self._settings: VoiceSettings = services.settings(VoiceSettings)
        self._connections: Connections = cast(Connections, IVoiceConnections(services))
        self._sessions: dict[str, VoiceSession] = {}
        self._figures = Figures(lambda: len(self._sessions))
        services.metrics.registry.register(self._figures)
        self._guest_time = GuestTime(
            services.clock, self._settings.guest_seconds, self._settings.guest_seconds_each
        )
        self._sweep = LoopingCall(self._expire)
        self._sweep.clock = services.clock

    def startService(self) -> None:
        """Begin to look after them."""
        super().startService()
        problem = why_no_model(self._services)
        if problem is not None:
            # captions and all else work all the same
            self._log.warn("{problem}", problem=problem)
        done = self._sweep.start(self._settings.lifetime / SWEEP, now=False)
        done.addErrback(lambda failure: self._log.failure("nothing expires", failure=failure))

    def stopService(self) -> Deferred[None]:
        """End them all."""
        if self._sweep.running:
            self._sweep.stop()
        for session in self.all():
            self.end(session, "Server shutting down")
        stopped: Deferred[None] = super().stopService()
        return stopped

    def answering(self) -> bool:
        """Whether any of them is in the midst of an answer."""
        return any(one.conversation.is_answering for one in self._sessions.values())

    def get(self, session_id: str) -> VoiceSession | None:
        """The one of that id."""
        return self._sessions.get(session_id)

    def all(self) -> tuple[VoiceSession, ...]:
        """All, in order of their start."""
        return tuple(self._sessions.values())

    async def opened(self, speaker: Speaker, peer: IPeer, wanted: str | None) -> VoiceSession:
        """The session of a client that is there.

        :raises Refused: ``AUTH_INVALID`` or ``SESSION_CREATE_FAILED``.
        """
        session = self._known(speaker, wanted)
        if session is None:
            await self._know(speaker.person)
            if not peer.alive:
                raise _failed("the connection closed")
            # another connection may have been quicker
            session = self._known(speaker, wanted) or self._begin(speaker, peer)
        if len(session.connections) >= self._settings.max_connections:
            raise _failed("this session has too many connections")
        now = self._clock.seconds()
        connection = Connection(peer, session.user_id, session.session_id, now)
        session.join(connection)
        self._connections.add(connection)
        return session

    def closed(self, session: VoiceSession, peer: IPeer) -> None:
        """A client is gone; if it was the last, the session ends unless somebody comes soon."""
        connection = session.leave(peer)
        if connection is None:
            return
        self._connections.remove(connection)
        if not session.connections and not session.ended:
            session.grace = self._clock.callLater(
                self._settings.grace, self.end, session, "nobody is connected"
            )

    def end(self, session: VoiceSession, reason: str) -> None:
        """End *session* and whatever belongs to it."""
        if session.ended:
            return
        session.ended = True
        session.stop_waiting()
        self._sessions.pop(session.session_id, None)
        session.send(SessionExpired(session_id=session.session_id, data=ExpiredData(reason=reason)))
        for connection in session.connections:
            connection.peer.close(1000, reason)
        done = session.disownServiceParent()
        if isinstance(done, Deferred):
            done.addErrback(lambda failure: self._log.failure("no clean end", failure=failure))

    def _known(self, speaker: Speaker, wanted: str | None) -> VoiceSession | None:
        """The session that a client wants to join, if it may."""
        session = self._sessions.get(wanted or "")
        return session if session is not None and session.user_id == speaker.user_id else None

    async def _know(self, person: str | None) -> None:
        """Make the person known, or find that nobody is to be made known.

        :raises Refused: see :meth:`opened`.
        """
        if person is None:
            return
        users = IUserStore(self._services)
        makes_users = IAuthRules(self._services).create_users
        asked: Deferred[object] = ensureDeferred(
            users.create(person) if makes_users else users.load(person)
        )
        asked.addTimeout(self._settings.create_timeout, self._clock)
        try:
            found = await asked
        except TimeoutError:
            raise _failed("the store takes too long") from None
        except StoreError as problem:
            raise _failed(str(problem)) from problem
        if found is None:
            raise Refused("AUTH_INVALID", "Invalid authentication token")

    def _begin(self, speaker: Speaker, peer: IPeer) -> VoiceSession:
        share = self._guest_time.share(peer.address) if speaker.is_guest else None
        if share is not None:
            self._make_room_at(share.place)
        if len(self._sessions) >= self._settings.max_sessions:
            raise _failed("there are too many sessions")
        prepare(self._clock)
        session = VoiceSession(speaker, self._services, share, self._figures)
        self._sessions[session.session_id] = session
        session.setServiceParent(self)
        return session

    def _make_room_at(self, place: str) -> None:
        """For one more guest there; one of that place who is not connected any more gives way.

        :raises Refused: see :meth:`opened`.
        """
        fellows = [one for one in self.all() if one.place == place]
        if len(fellows) >= self._settings.max_guests_each:
            gone = next((one for one in fellows if not one.connections), None)
            if gone is None:
                raise _failed("there are too many guests of one address")
            self.end(gone, "another guest of this address came")
        if sum(one.is_guest for one in self.all()) >= self._settings.max_guests:
            raise _failed("there are too many guests")

    def _expire(self) -> None:
        since = self._clock.seconds() - self._settings.lifetime
        for session in self.all():
            if session.active_at < since:
                self.end(session, "Session expired for want of activity")


def _failed(why: str) -> Refused:
    Logger().debug("no session of the assistant: {why}", why=why)
    return Refused("SESSION_CREATE_FAILED", "Session creation failed", retryable=True)


voice_sessions = ComponentFactory(IVoiceSessions, VoiceSessions)
