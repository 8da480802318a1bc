"""Everything inside the server, put together from the configuration."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import attrs
from twisted.application.service import MultiService
from twisted.internet.interfaces import IReactorProcess
from twisted.logger import Logger
from zope.interface import implementer
from zope.interface.interface import InterfaceClass

from mentra.accounts.passwords import Passwords
from mentra.accounts.settings import WebviewSettings
from mentra.accounts.signing import WebviewSigner, new_private_key
from mentra.air_gap import refuse_strangers, store_gate
from mentra.assistant_tokens import AssistantTokens
from mentra.channels.keeping import artifact_limits, code_limits
from mentra.channels.section import ChannelsSettings
from mentra.config import Config
from mentra.config.sections import (
    AuthSettings,
    PluginsSettings,
    PrivacySettings,
    ServerSettings,
    StoreSettings,
    WireSettings,
)  # fmt: skip
from mentra.dial import Dial
from mentra.edges import edge_of
from mentra.glasses.apps.addresses import PublicAddress
from mentra.house import House, StateFolder
from mentra.interfaces.accounts import IAccountStore, ILoginTokens, IPasswords, IWebviewSigner
from mentra.interfaces.analytics import IAnalytics
from mentra.interfaces.channels import IChannelKeeper
from mentra.interfaces.engines import ILc3
from mentra.interfaces.images import IImageWork
from mentra.interfaces.network import (
    IDial,
    IGuardedHttpClient,
    IWebSocketClient,
)
from mentra.interfaces.photos import IAlbum, IPhotoFiles, IPhotoStore
from mentra.interfaces.services import (
    IAssistantTokens,
    IAuthRules,
    IObserved,
    IPublicAddress,
    IReadiness,
    ISecretFiles,
    IStateFolder,
    ITokens,
)
from mentra.interfaces.session import ISessions
from mentra.interfaces.speech import IRecognition
from mentra.interfaces.stores import IAppStore, ISimpleStorage, IUserStore
from mentra.interfaces.streams import IMediaBackend
from mentra.interfaces.transports import ILivekit, IUdpPort
from mentra.interfaces.voice import IVoiceSessions
from mentra.routing.catalogue import Catalogue
from mentra.routing.discovery import discover
from mentra.routing.origins import describe
from mentra.stores.engine import locate
from mentra.stores.migrate import prepare
from mentra.stores.opening import open_stores
from mentra.tokens import (
    LoginTokens,
    SecretFiles,
    Tokens,
    credential_keys,
    load_or_make_secret,
    load_secret,
    new_credential_key,
)
from mentra.voice.settings import VoiceSettings
from mentra.web.client import HttpClient
from mentra.web.control import ControlSocket
from mentra.web.metrics import Metrics
from mentra.web.readiness import Readiness
from mentra.web.site import make_site
from mentra.web.sockets import WebSocketClient
from mentra.wire.echo import ECHO_PLUGINS
from mentra.wire.front_door import FrontDoorFactory

EARLY = (ILc3, IUdpPort, ILivekit, IMediaBackend, IVoiceSessions, IRecognition)
"""What is made before anybody comes: it takes a moment, or a port, or may be configured wrongly."""

KEEPERS = (IAlbum, IChannelKeeper, IAnalytics, IImageWork)
"""What begins by itself once the stores can be read."""


@implementer(IAuthRules)
@attrs.frozen
class AuthRules:
    """What [auth] says of coming in."""

    first_message: bool
    create_users: bool
    bare_email_routes: bool
    assistants: tuple[str, ...]


class Building(MultiService):
    """The services behind the port.

    :param now: wall time, POSIX seconds.
    :param timer: measures latencies, seconds.
    """

    _log = Logger()

    def __init__(
        self,
        config: Config,
        reactor: Any,
        now: Callable[[], float],
        timer: Callable[[], float],
    ) -> None:
        super().__init__()
        self._config = config
        self._reactor = reactor
        self._now = now
        self._timer = timer
        self.readiness = Readiness()
        self.readiness.lacks("stores", "they are being read")
        self.readiness.lacks("listening", "the port is not open yet")
        self.metrics = Metrics(reactor)
        self.http = HttpClient.on(reactor)
        self.dial = Dial(reactor, air_gap=config.section(PrivacySettings).air_gap)
        self.guarded_http = HttpClient.on(reactor, self.dial)
        self.sockets = WebSocketClient(self.dial, reactor)
        self.passwords = Passwords(reactor)
        for service in (self.metrics, self.http, self.guarded_http, self.sockets, self.passwords):
            service.setServiceParent(self)

    def prepare(self, listening: Callable[[], str]) -> None:
        """Make state directory, secret and store where they are missing; put everything together.

        :param listening: ``host:port`` of the port, once somebody asks.
        :raises MentraError: one sentence: what is wrong and what to do.
        """
        config = self._config
        state = config.make_state_dir()
        url = config.section(StoreSettings).url or None
        self._prepare_store(url, state)
        keys = partial(load_or_make_secret, credential_keys(state), new_credential_key)
        channels = config.section(ChannelsSettings)
        self.stores = open_stores(
            url,
            state,
            self._reactor,
            self._now,
            keys,
            code_limits(channels, config.folder),
            artifact_limits(channels, config.folder),
            store_gate(config),
        )
        self.stores.setServiceParent(self)
        plugins = config.section(PluginsSettings)
        self.catalogue = self._catalogue(plugins)
        self.house = self._house(listening)
        self.house.setServiceParent(self)
        if config.section(PrivacySettings).air_gap:
            # names are looked up for each connection
            refuse_strangers(config, self.house)
        for early in EARLY:
            early(self.house, None)
        self.edge = edge_of(config, self.house, self._reactor, self._timer)
        self.edge.setServiceParent(self)
        ControlSocket(self.house, state, self._reactor).setServiceParent(self)

    async def open(self) -> Any:
        """Read the stores; the factory that takes connections from then on.

        :raises MentraError: the stores cannot be read.
        """
        await self.stores.ready()
        self._watch()
        server = self._config.section(ServerSettings)
        wire = self._config.section(WireSettings)
        site = make_site(
            self.house,
            cors_origins=server.cors_origins,
            trusted_proxies=server.trusted_proxies,
            operator_networks=server.operator_networks,
            extra=self.edge.resources(),
        )
        self.edge.open_doors()
        for keeper in KEEPERS:
            keeper(self.house, None)
        self.readiness.has("stores")
        if not wire.fast_path:
            return site
        return FrontDoorFactory(
            self.edge.factories, site, clock=self._reactor, patience=wire.handshake_timeout
        )

    async def take_leave(self, seconds: float) -> None:
        """Tell every peer, wait for work in hand, end every session."""
        self.readiness.lacks("listening", "the server is shutting down")
        await self.edge.take_leave(seconds)
        sessions = ISessions(self.house)
        for session in sessions.all():
            await sessions.end(session, "Server shutting down")

    def _prepare_store(self, url: str | None, state: Path) -> None:
        """Bring it up to date before anybody is let in."""
        upgrade = prepare(locate(url, state, store_gate(self._config)))
        if upgrade is not None and upgrade.copy is not None:
            self._log.info(
                "the store was upgraded to revision {revision}; a copy from before is {copy}",
                revision=upgrade.after,
                copy=str(upgrade.copy),
            )

    def _catalogue(self, settings: PluginsSettings) -> Catalogue:
        found = discover(self._config.folder / folder for folder in settings.path)
        plugins = list(found.plugins)
        if self._config.section(WireSettings).echo:
            plugins += ECHO_PLUGINS
        return Catalogue(plugins, settings.prefer, describe)

    def _house(self, listening: Callable[[], str]) -> House:
        return House(
            self.catalogue,
            clock=self._reactor,
            now=self._now,
            http=self.http,
            metrics=self.metrics,
            sections=self._config.sections,
            parts=self._parts(listening),
        )

    def _parts(self, listening: Callable[[], str]) -> dict[InterfaceClass, object]:
        auth = self._config.section(AuthSettings)
        server = self._config.section(ServerSettings)
        secret = self._config.auth_secret or load_or_make_secret(self._config.secret_path)
        tokens = Tokens(secret, now=self._now, revoked_before=self.stores.users.revoked_before)
        address = PublicAddress(
            public_url=server.public_url,
            public_host=server.public_host,
            local_host=server.local_host,
            listening=listening,
            tls=server.listen.startswith("ssl:"),
            system_networks=auth.system_networks,
        )
        return {
            IAppStore: self.stores.apps,
            IUserStore: self.stores.users,
            ISimpleStorage: self.stores.storage,
            IPhotoStore: self.stores.photos,
            IPhotoFiles: self.stores.photo_files,
            **self.stores.of_channels(),
            IReadiness: self.readiness,
            IObserved: self.metrics,
            ITokens: tokens,
            IAssistantTokens: self._assistant_tokens(secret),
            IWebviewSigner: WebviewSigner(self._webview_key, self._reactor, self._now),
            ILoginTokens: LoginTokens(tokens, *self._foreign_tokens()),
            IAccountStore: self.stores.accounts,
            IPasswords: self.passwords,
            IDial: self.dial,
            IGuardedHttpClient: self.guarded_http,
            IWebSocketClient: self.sockets,
            IPublicAddress: address,
            IReactorProcess: self._reactor,
            ISecretFiles: SecretFiles(self._config.folder),
            IStateFolder: StateFolder(self._config.state_dir),
            IAuthRules: AuthRules(
                auth.first_message, auth.create_users, auth.bare_email_routes, auth.assistants
            ),
        }

    def _assistant_tokens(self, secret: str) -> AssistantTokens:
        named = self._config.section(VoiceSettings).secret_file
        return AssistantTokens(
            load_secret(self._config.folder / named) if named else secret,
            now=self._now,
            revoked_before=self.stores.users.revoked_before,
        )

    def _webview_key(self) -> str:
        config = self._config
        named = config.section(WebviewSettings).key_file
        if config.webview_key is not None and not named:
            # what goes through a shell or a unit file often has its line ends spelt out
            return config.webview_key.replace("\\n", "\n")
        if named:
            return load_secret(config.folder / named)
        return load_or_make_secret(config.state_dir / "secrets" / "webviews.pem", new_private_key)

    def _foreign_tokens(self) -> Iterator[Tokens]:
        path = self._config.foreign_secret_path
        given = () if path is None else (load_secret(path),)
        for secret in (*given, *self._config.foreign_secrets):
            yield Tokens(
                secret,
                now=self._now,
                revoked_before=self.stores.users.revoked_before,
                foreign=True,
            )

    def _watch(self) -> None:
        sessions = ISessions(self.house)
        self.metrics.watch("mentra_sessions", "Users' sessions.", lambda: len(sessions.all()))
        self.metrics.watch(
            "mentra_queued_frames", "Frames waiting for slow receivers.", self.edge.queued
        )
        pending = self._reactor.getDelayedCalls
        self.metrics.watch(
            "mentra_timers", "Calls that wait for their time.", lambda: len(pending())
        )
