"""The pages that are connected, and what they are told."""

import uuid
from collections.abc import Callable, Iterable

import attrs
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from zope.interface import implementer

from mentra.channels.section import ChannelsSettings
from mentra.extension import ComponentFactory
from mentra.interfaces.channels import IChannelClient, IChannels
from mentra.interfaces.messaging import IPeer
from mentra.interfaces.services import IServices
from mentra.messages.channels import Event, Moment, ServerHeartbeat

STILL_ACTIVE = 60.0
"""Seconds between two requests in which somebody is thought to be there."""

Hook = Callable[["Client"], None]


@implementer(IChannelClient)
@attrs.define(eq=False)
class Client:
    """One connection.

    :ivar connected_at: wall time, POSIX seconds.
    :ivar active_seconds: how long something was asked at least once a minute.
    """

    peer: IPeer
    connected_at: float
    user_id: str | None = None
    client_id: str = attrs.field(factory=lambda: str(uuid.uuid4()))
    active_seconds: float = 0.0
    _asked_at: float | None = None

    @property
    def last_activity(self) -> float:
        """Wall time of the last sign of life, POSIX seconds."""
        return self.connected_at + self.peer.last_seen - self.peer.opened_at

    @property
    def request_count(self) -> int:
        """How many frames came."""
        return self.peer.messages

    def asked(self, moment: float) -> None:
        """Something was asked."""
        if self._asked_at is not None and moment - self._asked_at <= STILL_ACTIVE:
            self.active_seconds += moment - self._asked_at
        self._asked_at = moment

    def emit(self, event: Event) -> bool:
        """Tell this very page; False if it is gone."""
        return self.peer.send(event)


@implementer(IChannels)
class Clients(Service):
    """Every page that has been let in; hears of their coming and going from the path."""

    _log = Logger()

    def __init__(self, services: IServices) -> None:
        self._services = services
        self._strangers: dict[IPeer, Client] = {}
        self._clients: dict[str, Client] = {}
        self._by_peer: dict[IPeer, Client] = {}
        self._by_user: dict[str, dict[str, Client]] = {}
        self._came: list[Hook] = []
        self._left: list[Hook] = []
        self._loop = LoopingCall(self._beat)
        self._loop.clock = services.clock
        self._interval = services.settings(ChannelsSettings).heartbeat

    def startService(self) -> None:
        """Begin with the heartbeats."""
        super().startService()
        done: Deferred[LoopingCall] = self._loop.start(self._interval, now=False)
        done.addErrback(lambda failure: self._log.failure("no more heartbeats", failure=failure))

    def stopService(self) -> None:
        """No more heartbeats."""
        super().stopService()
        if self._loop.running:
            self._loop.stop()

    # -- coming and going

    def opened(self, peer: IPeer) -> Client:
        """There is a connection; nobody is told anything before it is let in."""
        client = self._strangers[peer] = Client(peer, self._services.now())
        return client

    def stranger(self, peer: IPeer) -> Client | None:
        """Who is there and has not been let in."""
        return self._strangers.get(peer)

    def let_in(self, client: Client, user_id: str) -> None:
        """It is known whose page this is."""
        del self._strangers[client.peer]
        client.user_id = user_id
        self._clients[client.client_id] = self._by_peer[client.peer] = client
        self._by_user.setdefault(user_id, {})[client.client_id] = client
        self._tell(self._came, client)

    def closed(self, peer: IPeer) -> None:
        """The connection is gone."""
        self._strangers.pop(peer, None)
        client = self._by_peer.pop(peer, None)
        if client is None or client.user_id is None:
            return
        del self._clients[client.client_id]
        theirs = self._by_user[client.user_id]
        del theirs[client.client_id]
        if not theirs:
            del self._by_user[client.user_id]
        self._tell(self._left, client)

    # -- IChannels

    @property
    def count(self) -> int:
        """How many pages have been let in."""
        return len(self._clients)

    def clients(self, user_id: str | None = None) -> tuple[Client, ...]:
        """Every page (of that user)."""
        if user_id is None:
            return tuple(self._clients.values())
        return tuple(self._by_user.get(user_id, {}).values())

    def client(self, client_id: str) -> Client | None:
        """The page of that id, or None."""
        return self._clients.get(client_id)

    def emit(self, event: Event) -> int:
        """Tell everybody; how many were reached."""
        return _tell(self.clients(), event)

    def emit_to(self, client_id: str, event: Event) -> bool:
        """Tell one page; False if it is not there."""
        client = self._clients.get(client_id)
        return client is not None and client.emit(event)

    def emit_to_many(self, client_ids: Iterable[str], event: Event) -> int:
        """Tell some pages; how many were reached."""
        found = (self._clients.get(one) for one in client_ids)
        return _tell([one for one in found if one is not None], event)

    def emit_to_user(self, user_id: str, event: Event) -> int:
        """Tell every page of one person; how many were reached."""
        return _tell(self.clients(user_id), event)

    def on_connection(self, hook: Hook) -> Callable[[], None]:
        """Have *hook* called with each page that is let in from now on."""
        return _added(self._came, hook)

    def on_disconnection(self, hook: Hook) -> Callable[[], None]:
        """Have *hook* called with each page that is gone."""
        return _added(self._left, hook)

    def _tell(self, hooks: list[Hook], client: Client) -> None:
        for hook in tuple(hooks):
            try:
                hook(client)
            except Exception:  # noqa: BLE001 - a hook's bug is its own
                self._log.failure("{hook} failed", hook=repr(hook))

    def _beat(self) -> None:
        if self._clients:
            moment = Moment(timestamp=int(self._services.now() * 1000))
            self.emit(ServerHeartbeat(payload=moment))


def _tell(clients: Iterable[Client], event: Event) -> int:
    return sum(client.peer.send(event) for client in clients)


def _added(hooks: list[Hook], hook: Hook) -> Callable[[], None]:
    hooks.append(hook)

    def end() -> None:
        if hook in hooks:
            hooks.remove(hook)

    return end


clients = ComponentFactory(IChannels, Clients)
