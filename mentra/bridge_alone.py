"""The OpenCode bridge without the rest of the server."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from twisted.application.service import MultiService
from twisted.internet.interfaces import IReactorProcess

from mentra.air_gap import outgoing, refuse_strangers_among
from mentra.config import Config
from mentra.config.sections import PluginsSettings, PrivacySettings, ServerSettings
from mentra.dial import Dial
from mentra.edges import edge_of
from mentra.house import House, StateFolder
from mentra.interfaces.messaging import IPath
from mentra.interfaces.network import IGuardedHttpClient
from mentra.interfaces.services import ISecretFiles, IStateFolder
from mentra.opencode.path import PATH
from mentra.opencode.settings import OpencodeSettings, opencode_server
from mentra.routing.catalogue import Catalogue
from mentra.routing.discovery import discover
from mentra.tokens import SecretFiles
from mentra.web.client import HttpClient
from mentra.web.metrics import Metrics


class BridgeAlone(MultiService):
    """The bridge, its plugins and those of extensions for it, and nothing else.

    :param now: wall time, POSIX seconds.
    :param timer: measures latencies, seconds.
    :raises MentraError: it cannot be: a sentence.
    """

    def __init__(
        self,
        config: Config,
        reactor: Any,
        now: Callable[[], float],
        timer: Callable[[], float],
    ) -> None:
        super().__init__()
        self._drain = config.section(ServerSettings).drain
        air_gap = config.section(PrivacySettings).air_gap
        http = HttpClient.on(reactor, Dial(reactor, air_gap=air_gap))
        metrics = Metrics(reactor)
        settings = config.section(OpencodeSettings)
        wanted = msgspec.structs.replace(settings, enabled=True)
        house = House(
            Catalogue(_plugins(config), config.section(PluginsSettings).prefer),
            clock=reactor,
            now=now,
            http=http,
            metrics=metrics,
            sections={**config.sections, OpencodeSettings: wanted},
            parts={
                IGuardedHttpClient: http,
                IStateFolder: StateFolder(config.make_state_dir()),
                ISecretFiles: SecretFiles(config.folder),
                IReactorProcess: reactor,
            },
        )
        if air_gap:
            refuse_strangers_among(config, outgoing(house, [opencode_server]))
        self.edge = edge_of(config, house, reactor, timer)
        for service in (metrics, http, house, self.edge):
            service.setServiceParent(self)

    def startService(self) -> None:
        """Begin to listen.

        :raises MentraError: the port or the token's file cannot be had.
        """
        super().startService()
        self.edge.open_doors()

    async def take_leave(self) -> None:
        """Tell clients that it is over, and wait for what is in hand."""
        await self.edge.take_leave(self._drain)


def _plugins(config: Config) -> Iterator[object]:
    """All, but for other paths: what nobody asks for is never made."""
    folders = config.section(PluginsSettings).path
    for plugin in discover(config.folder / folder for folder in folders).plugins:
        if not IPath.providedBy(plugin) or IPath(plugin).name == PATH:
            yield plugin
