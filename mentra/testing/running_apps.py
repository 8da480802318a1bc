"""Apps that run because a test says so."""

from types import MappingProxyType
from typing import Any

from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import ManagerFactory
from mentra.identity import Identity
from mentra.interfaces.glasses import IApps
from mentra.interfaces.messaging import IPeer
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.messages import Message
from mentra.testing.peers import FakePeer


@implementer(IApps)
class FakeApps:
    """The running ones are those with a peer; nothing is started or stopped for real.

    :ivar peers: package name to peer, of the running apps; change it at will.
    :ivar asked: ``(method, package name)`` of every call that would change an app's state.
    """

    def __init__(self, session: IUserSession, services: IServices) -> None:
        self._user_id = session.user_id
        self.peers: dict[str, IPeer] = {}
        self.asked: list[tuple[str, str]] = []

    def run(self, package_name: str) -> FakePeer:
        """Have the app running, on a peer of its own; the peer."""
        peer = FakePeer("app", Identity(self._user_id, package_name))
        self.peers[package_name] = peer
        return peer

    def start(self, package_name: str) -> None:
        """Keep that it was asked."""
        self.asked.append(("start", package_name))

    def stop(self, package_name: str) -> None:
        """Keep that it was asked; it runs no more."""
        self.asked.append(("stop", package_name))
        self.peers.pop(package_name, None)

    def attach(self, package_name: str, peer: IPeer) -> None:
        """It runs on *peer*."""
        self.peers[package_name] = peer

    def detach(self, package_name: str, peer: IPeer) -> None:
        """It runs no more, if *peer* is its own."""
        if self.peers.get(package_name) is peer:
            del self.peers[package_name]

    def key_refused(self, package_name: str) -> None:
        """Keep that it was."""
        self.asked.append(("key_refused", package_name))

    def release(self, package_name: str, peer: IPeer, reason: str = "") -> None:
        """Keep that it was."""
        self.asked.append(("release", package_name))

    def recover(self, package_name: str) -> None:
        """Keep that it was asked."""
        self.asked.append(("recover", package_name))

    def restore(self) -> None:
        """Nothing ran before."""

    def wake(self) -> None:
        """Nothing was lost."""

    def drop_unfit(self) -> None:
        """Everything fits."""

    def state(self, package_name: str) -> str:
        """``running`` or ``stopped``."""
        return "running" if package_name in self.peers else "stopped"

    def is_running(self, package_name: str) -> bool:
        """Whether it has a peer."""
        return package_name in self.peers

    def running(self) -> Any:
        """Package name to peer."""
        return MappingProxyType(self.peers)

    def loading(self) -> tuple[str, ...]:
        """None ever is."""
        return ()

    def send(self, package_name: str, message: Message) -> None:
        """Send to a running app.

        :raises Refused: ``APP_NOT_REACHABLE``.
        """
        peer = self.peers.get(package_name)
        if peer is None or not peer.send(message):
            raise Refused("APP_NOT_REACHABLE", f"{package_name} is not running", where="app")


fake_apps = ManagerFactory(IApps, FakeApps)
