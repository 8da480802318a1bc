"""Sockets of the voice assistant, and whether they show signs of life."""

import uuid
from collections import defaultdict

import attrs
from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from zope.interface import implementer

from mentra.extension import ComponentFactory
from mentra.interfaces.messaging import IPeer
from mentra.interfaces.services import IServices
from mentra.interfaces.voice import IVoiceConnections
from mentra.messages import Message
from mentra.messages.assistant import AskForLife, TimeData
from mentra.voice.settings import VoiceSettings

SLICES = 10
"""Connections are looked at in so many groups, so that the questions do not leave in one go."""


@attrs.define(eq=False)
class Connection:
    """One socket whose client is let in.

    :ivar connection_id: a UUID.
    :ivar last_seen: clock seconds of the last valid frame.
    :ivar created_at: clock seconds.
    """

    peer: IPeer
    user_id: str
    session_id: str
    last_seen: float
    connection_id: str = attrs.field(factory=lambda: str(uuid.uuid4()))
    created_at: float = attrs.field(init=False)
    _told_until: float = 0.0

    def __attrs_post_init__(self) -> None:
        self.created_at = self.last_seen

    def send(self, message: Message) -> bool:
        """Send *message*; False if the connection is not open."""
        return self.peer.send(message)

    def is_to_be_told(self, now: float, seconds: float) -> bool:
        """Whether it has not been told yet that it says too much; it is now, for *seconds*."""
        if now < self._told_until:
            return False
        self._told_until = now + seconds
        return True


@implementer(IVoiceConnections)
class Connections(Service):
    """Asks every connection for a sign of life, a few at a time, and lets go of those that give
    none."""

    _log = Logger()

    def __init__(self, services: IServices) -> None:
        settings: VoiceSettings = services.settings(VoiceSettings)
        self._clock = services.clock
        self._now = services.now
        self._interval = settings.ping_interval
        self._timeout = settings.timeout
        self._by_id: dict[str, Connection] = {}
        self._by_session: dict[str, list[Connection]] = defaultdict(list)
        self._groups: list[dict[Connection, None]] = [{} for _ in range(SLICES)]
        self._turn = self._newest = 0
        self._loop = LoopingCall.withCount(self._beat)
        self._loop.clock = services.clock

    def startService(self) -> None:
        """Begin to ask."""
        super().startService()
        done = self._loop.start(self._interval / SLICES, now=False)
        done.addErrback(lambda failure: self._log.failure("the heartbeat stopped", failure=failure))

    def stopService(self) -> None:
        """Ask no more."""
        super().stopService()
        if self._loop.running:
            self._loop.stop()

    # -- who is there

    def add(self, connection: Connection) -> None:
        """It is there from now on."""
        self._by_id[connection.connection_id] = connection
        self._by_session[connection.session_id].append(connection)
        self._newest = (self._newest + 1) % SLICES
        self._groups[self._newest][connection] = None

    def remove(self, connection: Connection) -> None:
        """It is gone."""
        if self._by_id.pop(connection.connection_id, None) is None:
            return
        fellows = self._by_session[connection.session_id]
        fellows.remove(connection)
        if not fellows:
            del self._by_session[connection.session_id]
        for group in self._groups:
            group.pop(connection, None)

    def get(self, connection_id: str) -> Connection | None:
        """The connection of that id."""
        return self._by_id.get(connection_id)

    def of_session(self, session_id: str) -> tuple[Connection, ...]:
        """Those of one session."""
        return tuple(self._by_session.get(session_id, ()))

    def send(self, connection_id: str, message: Message) -> bool:
        """Send to one; False if it is not open, or not known."""
        connection = self._by_id.get(connection_id)
        return connection is not None and connection.send(message)

    def broadcast(self, session_id: str, message: Message) -> int:
        """Send to all of one session; to how many."""
        return sum([one.send(message) for one in self._by_session.get(session_id, ())])

    # -- whether they are alive

    def _beat(self, turns: int) -> None:
        """*turns* is more than one where the event loop was late: no group is left out."""
        for _ in range(min(turns, SLICES)):
            self._turn = (self._turn + 1) % SLICES
            self._visit(tuple(self._groups[self._turn]))

    def _visit(self, group: tuple[Connection, ...]) -> None:
        since = self._clock.seconds() - self._timeout
        asked: dict[str, AskForLife] = {}
        for connection in group:
            if connection.last_seen < since:
                connection.peer.close(4002, "Connection timeout")
                continue
            session_id = connection.session_id
            if session_id not in asked:
                moment = TimeData(timestamp=int(self._now() * 1000))
                asked[session_id] = AskForLife(session_id=session_id, data=moment)
            connection.send(asked[session_id])


voice_connections = ComponentFactory(IVoiceConnections, Connections)
