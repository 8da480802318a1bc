"""Every WebSocket path of a process: its factory, its resource, and how it takes leave."""

from collections.abc import Callable, Mapping
from typing import Any

from autobahn.twisted.resource import WebSocketResource
from twisted.application.service import MultiService
from twisted.internet.task import deferLater
from twisted.web.resource import IResource

from mentra.errors import ConfigError
from mentra.interfaces.messaging import IDialect, IPath, IRouter
from mentra.interfaces.services import ICatalogue, IServices
from mentra.routing.router import Router
from mentra.wire.admission import Admission, Bounds
from mentra.wire.batch import Batch
from mentra.wire.echo import EchoDialect
from mentra.wire.factory import PeerFactory, WireOptions
from mentra.wire.mentraos import MentraosDialect

MakeDialect = Callable[[IPath, IRouter, IServices], IDialect]


def _mentraos(path: IPath, router: IRouter, services: IServices) -> IDialect:
    error_type = "tpa_connection_error" if path.name == "app" else "connection_error"
    return MentraosDialect(router.message_types, error_type, services.now)


DIALECTS: Mapping[str, MakeDialect] = {
    "mentraos": _mentraos,
    "echo": lambda path, router, services: EchoDialect(),
}


class Edge(MultiService):
    """The WebSocket paths of the catalogue.

    :param timer: measures latencies, seconds.
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
    ) -> None:
        super().__init__()
        self._clock = services.clock
        self.admission = Admission(services.clock, bounds)
        batch = Batch(timer, services.metrics.observer("relay"))
        self.factories: dict[str, PeerFactory] = {}
        catalogue = ICatalogue(services)
        for path in catalogue.paths:
            router = Router(path.name, catalogue, services, patience)
            factory = PeerFactory(
                path,
                router,
                _dialect(path, router, services),
                services,
                options=options,
                batch=batch,
                admission=self.admission,
                reactor=reactor,
                timer=timer,
            )
            factory.heartbeat.setServiceParent(self)
            self._serve(path, factory)

    def _serve(self, path: IPath, factory: PeerFactory) -> None:
        for url in path.urls:
            rival = self.factories.setdefault(url, factory)
            if rival is not factory:
                raise ConfigError(f"two paths are served at {url}; remove one of the plugins")

    def resources(self) -> dict[bytes, IResource]:
        """For the web tree, by URL path."""
        return {url.encode(): WebSocketResource(one) for url, one in self.factories.items()}

    def queued(self) -> int:
        """Frames waiting for peers that do not keep up."""
        return sum(factory.queued() for factory in self._distinct())

    async def take_leave(self, seconds: float) -> None:
        """Let handlers finish, then tell every peer that the server stops (close 1001).

        Ends when all peers are gone, or after *seconds*; they have a moment to go in any case.
        """
        self.admission.closed = "shutting down"
        factories = self._distinct()
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

    def _distinct(self) -> list[PeerFactory]:
        return list(dict.fromkeys(self.factories.values()))

    async def _until(self, condition: Callable[[], bool], deadline: float) -> None:
        while not condition() and self._clock.seconds() < deadline:
            await deferLater(self._clock, LOOK_EVERY)


MOMENT = 1.0
"""Seconds that peers have to answer the close frame at least."""

LOOK_EVERY = 0.05
"""Seconds between two looks at whether all is done."""


def _dialect(path: IPath, router: IRouter, services: IServices) -> IDialect:
    make = DIALECTS.get(path.dialect)
    if make is None:
        raise ConfigError(
            f"the path {path.name!r} wants the dialect {path.dialect!r}; "
            f"there are {', '.join(sorted(DIALECTS))}"
        )
    return make(path, router, services)
