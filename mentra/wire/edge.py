"""Every WebSocket path of a process: its factory, its resource, and how it takes leave."""

from collections.abc import Callable, Mapping
from typing import Any

from autobahn.twisted.resource import WebSocketResource
from twisted.application.service import MultiService
from twisted.internet.task import deferLater
from twisted.web.resource import IResource

from mentra.errors import ConfigError
from mentra.extension import Places
from mentra.interfaces.messaging import IDialect, IPath, IPlaces, IRequestDialect, IRouter
from mentra.interfaces.services import ICatalogue, IServices
from mentra.routing.router import Router
from mentra.wire.admission import Admission, Bounds
from mentra.wire.batch import Batch
from mentra.wire.channels import ChannelsDialect
from mentra.wire.doors import OwnPort
from mentra.wire.echo import EchoDialect
from mentra.wire.envelope import EnvelopeDialect
from mentra.wire.factory import PeerFactory, WireOptions
from mentra.wire.mentraos import MentraosDialect

MakeDialect = Callable[[IPath, IRouter, IServices], IDialect]


def _mentraos(path: IPath, router: IRouter, services: IServices) -> IDialect:
    error_type = "tpa_connection_error" if path.name == "app" else "connection_error"
    return MentraosDialect(router.message_types, error_type, services.now)


def _protobuf(path: IPath, router: IRouter, services: IServices) -> IDialect:
    try:
        # its library comes with an extra
        from mentra.wire.protobuf import ProtobufDialect
    except ModuleNotFoundError as problem:
        raise ConfigError(
            f"the path {path.name!r} needs the Python module {problem.name}, which is not here; "
            "pip install 'mentra[opencode]'"
        ) from problem
    return ProtobufDialect(router.message_types)


DIALECTS: Mapping[str, MakeDialect] = {
    "mentraos": _mentraos,
    "channels": lambda path, router, services: ChannelsDialect(router.message_types, services.now),
    "envelope": lambda path, router, services: EnvelopeDialect(router.message_types, services.now),
    "echo": lambda path, router, services: EchoDialect(),
    "protobuf": _protobuf,
}


class Edge(MultiService):
    """The WebSocket paths of the catalogue.

    :ivar factories: the peers' factories by URL path of the server's port.
    :ivar doors: those of paths' own ports, by the path's name.
    :param timer: measures latencies, seconds.
    :param dialects: those that paths may name.
    :raises ConfigError: an unknown dialect, or two paths at one URL.
    """

    def __init__(
        self,
        services: IServices,
        *,
        options: WireOptions,
        bounds: Bounds,
        patience: float,
        reactor: Any,
        timer: Callable[[], float],
        dialects: Mapping[str, MakeDialect] = DIALECTS,
    ) -> None:
        super().__init__()
        self._clock = services.clock
        self._dialects = dialects
        self.admission = Admission(services.clock, bounds)
        self.batch = Batch(timer, services.metrics.observer("relay"))
        self._services = services
        self._reactor = reactor
        self._shared: dict[str, Any] = {
            "options": options,
            "batch": self.batch,
            "admission": self.admission,
            "reactor": reactor,
            "timer": timer,
        }
        self.factories: dict[str, PeerFactory] = {}
        self.doors: dict[str, PeerFactory] = {}
        self._ports: list[tuple[Any, OwnPort]] = []
        self._all: list[PeerFactory] = []
        catalogue = ICatalogue(services)
        for path in catalogue.paths:
            places = _places(path, services)
            if places.urls or places.door is not None:
                router = Router(path.name, catalogue, services, patience)
                self._serve(path, router, places)

    def _serve(self, path: IPath, router: Router, places: Places) -> None:
        dialect = self._dialect(path, router)
        if places.urls:
            factory = self._factory(path, router, dialect, at_door=False)
            for url in places.urls:
                if self.factories.setdefault(url, factory) is not factory:
                    raise ConfigError(f"two paths are served at {url}; remove one of the plugins")
        if places.door is not None:
            factory = self._factory(path, router, dialect, at_door=True)
            self.doors[path.name] = factory
            port = OwnPort(places.door, factory, self._reactor)
            port.setServiceParent(self)
            self._ports.append((path, port))

    def _dialect(self, path: IPath, router: Router) -> IDialect:
        make = self._dialects.get(path.dialect)
        if make is None:
            raise ConfigError(
                f"the path {path.name!r} wants the dialect {path.dialect!r}; "
                f"there are {', '.join(sorted(self._dialects))}"
            )
        dialect = make(path, router, self._services)
        asks_much = path.limits(self._services).side_by_side > 1
        if asks_much and not IRequestDialect.providedBy(dialect):
            raise ConfigError(
                f"the path {path.name!r} wants its requests side by side, and in the dialect "
                f"{path.dialect!r} answers do not say what they answer"
            )
        return dialect

    def _factory(
        self, path: IPath, router: Router, dialect: IDialect, *, at_door: bool
    ) -> PeerFactory:
        factory = PeerFactory(
            path, router, dialect, self._services, at_door=at_door, **self._shared
        )
        factory.heartbeat.setServiceParent(self)
        self._all.append(factory)
        return factory

    def open_doors(self) -> None:
        """Open the ports that paths have of their own, and tell them which they are.

        :raises MentraError: one cannot be had.
        """
        for path, port in self._ports:
            path.listening(port.open(), self._services)

    def resources(self) -> dict[bytes, IResource]:
        """For the web tree, by URL path; to it a slash at the end makes no difference."""
        places = {url.rstrip("/") or "/": factory for url, factory in self.factories.items()}
        return {url.encode(): WebSocketResource(one) for url, one in places.items()}

    def queued(self) -> int:
        """Frames waiting for peers that do not keep up."""
        return sum(factory.queued() for factory in self._all)

    async def take_leave(self, seconds: float) -> None:
        """Let handlers finish, then tell every peer that the server stops (close 1001).

        Ends when all peers are gone, or after *seconds*; they have a moment to go in any case.
        """
        self.admission.closed = "shutting down"
        for _, port in self._ports:
            await port.stopService()
        factories = self._all
        deadline = self._clock.seconds() + seconds
        for factory in factories:
            factory.leaving = True
        await self._until(lambda: not any(one.busy() for one in factories), deadline)
        for factory in factories:
            factory.say_goodbye()
        deadline = max(deadline, self._clock.seconds() + MOMENT)
        await self._until(lambda: not any(one.peers for one in factories), deadline)
        for factory in factories:
            factory.cut_off()

    async def _until(self, condition: Callable[[], bool], deadline: float) -> None:
        while not condition() and self._clock.seconds() < deadline:
            await deferLater(self._clock, LOOK_EVERY)


MOMENT = 1.0
"""Seconds that peers have to answer the close frame at least."""

LOOK_EVERY = 0.05
"""Seconds between two looks at whether all is done."""


def _places(path: IPath, services: IServices) -> Places:
    """Where *path* is served."""
    if IPlaces.providedBy(path):
        places: Places = path.places(services)
        return places
    return Places(urls=path.urls)
